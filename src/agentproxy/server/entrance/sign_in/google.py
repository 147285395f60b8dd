"""Whose an ID token is: its signature, who it is for, when it ends, and who may come in."""

import hashlib
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import jwt
from jwt import PyJWK

from agentproxy.models.connections import new_client
from agentproxy.server.entrance.sign_in.allowed import Allowed
from agentproxy.server.entrance.sign_in.port import NO_KEYS, NOT_SIGNED_IN, Verdict
from agentproxy.server.entrance.sign_in.signing_keys import (
    READ_SECONDS,
    KeysUnavailable,
    SigningKeys,
)

MAX_TOKEN_BYTES = 8 * 1024  # those of Google have about 1,200
MAX_REMEMBERED = 1000
LEEWAY_SECONDS = 10  # by which our clock and Google's may differ
ALGORITHM = "RS256"
ISSUERS = ("accounts.google.com", "https://accounts.google.com")
OPTIONS: Any = {
    "require": ["exp", "iat", "aud", "iss", "sub"],
    "strict_aud": True,
    "enforce_minimum_key_length": True,
}


@dataclass(frozen=True, slots=True)
class _Remembered:
    verdict: Verdict
    name: str  # of the key
    key: PyJWK
    until: float  # seconds since 1970


class GoogleSignIn:
    """Checks the tokens that Google gives to the pages of one client id."""

    def __init__(self, client_id: str, allowed: Allowed, keys: SigningKeys) -> None:
        self.client_id = client_id
        self._allowed = allowed
        self._keys = keys
        # By digests: nothing here is a secret. The oldest is the first.
        self._remembered: dict[bytes, _Remembered] = {}

    def verdict_now(self, token: bytes) -> Verdict | None:
        """See `SignIn`. Waits only for keys, which are read now and then."""
        if (known := self._known(token)) is not None:
            return known
        name = _key_name(token)
        if name is None:
            return NOT_SIGNED_IN
        key = self._keys.held(name)
        return None if key is None else self._verdict(token, name, key)

    async def check(self, token: bytes) -> Verdict:
        """See `SignIn`."""
        name = _key_name(token)
        if name is None:
            return NOT_SIGNED_IN
        try:
            key = await self._keys.find(name)
        except KeysUnavailable:
            return NO_KEYS
        return NOT_SIGNED_IN if key is None else self._verdict(token, name, key)

    async def close(self) -> None:
        await self._keys.close()

    def _known(self, token: bytes) -> Verdict | None:
        known = self._remembered.get(_digest(token))
        if known is None or time.time() >= known.until:
            return None
        # A key that Google has withdrawn takes its tokens along, whatever stands under its name
        # now. So each read makes us look at a token once more.
        return known.verdict if self._keys.held(known.name) is known.key else None

    def _verdict(self, token: bytes, name: str, key: PyJWK) -> Verdict:
        try:
            claims = jwt.decode(
                token,
                key,
                algorithms=[ALGORITHM],
                options=OPTIONS,
                audience=self.client_id,
                issuer=ISSUERS,
                leeway=LEEWAY_SECONDS,
            )
        except (jwt.PyJWTError, ValueError, RecursionError):
            return NOT_SIGNED_IN
        until = float(int(claims["exp"]) + LEEWAY_SECONDS)
        verdict = self._allowed.verdict(claims, until=until)
        self._remembered[_digest(token)] = _Remembered(verdict, name, key, until)
        if len(self._remembered) > MAX_REMEMBERED:
            del self._remembered[next(iter(self._remembered))]
        return verdict


def google_sign_in(client_id: str, allowed: Sequence[str], keys: str) -> GoogleSignIn:
    """Returns the sign-in for a client id. `keys` is the address of Google's keys.

    Raises:
        ModelRefused: a proxy of the environment cannot be used.
    """
    client = new_client(seconds=READ_SECONDS, connections=1)
    return GoogleSignIn(client_id, Allowed(allowed), SigningKeys(keys, client))


def _digest(token: bytes) -> bytes:
    return hashlib.sha256(token).digest()


def _key_name(token: bytes) -> str | None:
    """Returns which key a token says it is signed with; None for what is no token of Google's."""
    if not token or len(token) > MAX_TOKEN_BYTES or token.count(b".") != 2:
        return None
    try:
        head = jwt.get_unverified_header(token)
    except (jwt.PyJWTError, ValueError, RecursionError):
        return None
    name = head.get("kid")
    return name if head.get("alg") == ALGORITHM and isinstance(name, str) else None
