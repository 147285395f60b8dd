"""The public keys of Google: read when they are needed, and kept as long as they hold."""

import asyncio
import json
import logging
import re
import time
from collections.abc import Callable, Mapping
from typing import Any, cast

from httpx2 import AsyncClient, HTTPError, InvalidURL
from jwt import PyJWK, PyJWTError

from agentproxy.text.addresses import without_user

READ_SECONDS = 10.0
MAX_BYTES = 256 * 1024
MAX_KEYS = 100
SHORTEST_SECONDS, LONGEST_SECONDS = 300.0, 24 * 3600.0  # for which keys hold, whatever is said
GRACE_SECONDS = 3600.0  # after that, while new ones cannot be read
PAUSE_SECONDS = 5.0  # between two reads: tokens with invented keys are no way to make us ask
LOG = logging.getLogger(__name__)
_MAX_AGE = re.compile(r"(?:^|[\s,])max-age\s*=\s*\"?([0-9]{1,9})", re.IGNORECASE)
_Headers = Mapping[str, str]


class KeysUnavailable(Exception):
    """The keys cannot be read, so nothing can be said of a token."""


class SigningKeys:
    """The keys at one address. One event loop uses them. `close` them in the end."""

    def __init__(
        self,
        address: str,
        client: AsyncClient,
        *,
        clock: Callable[[], float] = time.monotonic,
        seconds: float = READ_SECONDS,
    ) -> None:
        self._address = address
        self._client = client
        self._clock = clock  # seconds
        self._seconds = seconds  # for one read
        self._keys: dict[str, PyJWK] = {}
        self._fresh_until = self._usable_until = self._not_before = float("-inf")
        self._failed = False
        self._reading: asyncio.Task[None] | None = None

    def held(self, name: str) -> PyJWK | None:
        """Returns a key that counts now. Does not wait: keys that grow old are read meanwhile."""
        now = self._clock()
        key = self._keys.get(name) if now < self._usable_until else None
        if key is not None and now >= self._fresh_until:
            self._begin()
        return key

    async def find(self, name: str) -> PyJWK | None:
        """Returns a key, and None where there is none of this name. Raises KeysUnavailable."""
        if (reading := self._begin()) is not None:
            # Others wait for it too: who gives up takes it from nobody.
            await asyncio.shield(reading)
        key = self.held(name)
        if key is None and self._failed:
            raise KeysUnavailable
        return key

    async def close(self) -> None:
        if self._reading is not None:
            self._reading.cancel()
            await asyncio.gather(self._reading, return_exceptions=True)
        await self._client.aclose()

    def _begin(self) -> asyncio.Task[None] | None:
        """Returns the read that is under way. There is one at most, and a pause after it."""
        if self._reading is None and self._clock() >= self._not_before:
            self._reading = asyncio.create_task(self._read())
        return self._reading

    async def _read(self) -> None:
        try:
            async with asyncio.timeout(self._seconds):
                found, seconds = await self._answer()
        except (HTTPError, InvalidURL, OSError, TimeoutError, ValueError, RecursionError) as error:
            reason = str(error) or type(error).__name__
            LOG.warning("the keys at %s cannot be read: %s", without_user(self._address), reason)
            self._failed = True
        else:
            self._keys, self._failed = found, False
            self._fresh_until = self._clock() + seconds
            self._usable_until = self._fresh_until + GRACE_SECONDS
        finally:
            self._not_before = self._clock() + PAUSE_SECONDS
            self._reading = None

    async def _answer(self) -> tuple[dict[str, PyJWK], float]:
        # Unpacked, a small answer could be a large one.
        plain = {"Accept": "application/json", "Accept-Encoding": "identity"}
        body = bytearray()
        async with self._client.stream("GET", self._address, headers=plain) as answer:
            if answer.status_code != 200:
                raise ValueError(f"the answer is {answer.status_code}")
            async for piece in answer.aiter_raw():
                body += piece
                if len(body) > MAX_BYTES:
                    raise ValueError(f"more than {MAX_BYTES} bytes")
            return _keys_of(bytes(body)), _seconds_of(answer.headers)


def _keys_of(body: bytes) -> dict[str, PyJWK]:
    """Returns the keys for RS256 by their names. Raises ValueError."""
    document: object = json.loads(body)
    listed = cast("dict[str, object]", document).get("keys") if isinstance(document, dict) else None
    if not isinstance(listed, list):
        raise ValueError("no list of keys")  # noqa: TRY004 - what came is wrong, not its type here
    found: dict[str, PyJWK] = {}
    for each in cast("list[object]", listed)[:MAX_KEYS]:
        if (named := _key_of(each)) is not None:
            found[named[0]] = named[1]
    if not found:
        raise ValueError("no key for RS256")
    return found


def _key_of(given: object) -> tuple[str, PyJWK] | None:
    if not isinstance(given, dict):
        return None
    fields = cast("dict[str, Any]", given)
    name = fields.get("kid")
    signs = fields.get("use", "sig") == "sig" and fields.get("alg", "RS256") == "RS256"
    # Beside a public key, a list may have secrets of other algorithms.
    if not isinstance(name, str) or fields.get("kty") != "RSA" or "d" in fields or not signs:
        return None
    try:
        return name, PyJWK(fields, algorithm="RS256")
    except (PyJWTError, ValueError, TypeError, KeyError):
        return None


def _seconds_of(headers: _Headers) -> float:
    """Returns for how long an answer says that it holds, within our bounds."""
    said = _MAX_AGE.search(headers.get("cache-control", ""))
    age = headers.get("age", "0")
    left = float(said[1] if said else 0) - float(age if age.isdecimal() and len(age) < 10 else 0)
    return min(max(left, SHORTEST_SECONDS), LONGEST_SECONDS)
