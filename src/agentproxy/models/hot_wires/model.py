"""A vendor's model over a hot wire: one question, one stream, no library in between but HTTP's."""

import asyncio
from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing
from functools import lru_cache
from typing import Protocol
from uuid import uuid4

from httpx2 import URL, AsyncClient, HTTPError, InvalidURL, Response

from agentproxy.models.connections import new_client
from agentproxy.models.exchanges import PlainBody
from agentproxy.models.hot_wires.answer import DeltaBuffer, with_ids
from agentproxy.models.hot_wires.failures import REACH, WireFailure, error_for
from agentproxy.models.hot_wires.sse import EventReader, EventTooLarge
from agentproxy.models.hot_wires.wire import AnswerStream, hot_wire
from agentproxy.models.key_redaction import KeyRedactor
from agentproxy.models.names import ModelAddress
from agentproxy.models.pace import Pace
from agentproxy.models.port import (
    ModelAnswer,
    ModelError,
    ModelUnavailable,
    Prompt,
    Show,
)

REQUEST_TIMEOUT_SECONDS = 600.0
MAX_ANSWER_BYTES = 64 * 1024 * 1024
MAX_REFUSAL_BYTES = 64 * 1024


class _Body(Protocol):
    """The bytes of an answer. Errors are those of the HTTP library."""

    async def give(self, take: Callable[[bytes], float]) -> None:
        """Gives all bytes to `take`, which says for how many seconds the next ones may wait."""
        ...

    async def aclose(self) -> None: ...


class HotModel:
    """A `Model` at an address, over its own client or over one that many models share."""

    def __init__(
        self,
        name: str,
        address: ModelAddress,
        *,
        shared: AsyncClient | None = None,
        pace: Pace | None = None,
    ) -> None:
        self._name = name
        self._address = address
        self._wire = hot_wire(address)
        self._shared = shared
        self._pace = pace or Pace()
        self._own: AsyncClient | None = None

    @property
    def name(self) -> str:
        return self._name

    async def answer(self, prompt: Prompt, *, show: Show) -> ModelAnswer:
        """See `Model`."""
        deltas = DeltaBuffer(show)
        stream = self._wire.begin(deltas)
        try:
            try:
                return await self._ask(prompt, stream, deltas)
            except WireFailure as failure:
                if not self._wire.mended(failure):
                    raise
                return await self._ask(prompt, stream, deltas)
        except WireFailure as failure:
            error: ModelError = error_for(failure, self._address)
            cause: Exception = failure
        except (HTTPError, InvalidURL) as fault:
            words = KeyRedactor(self._address.key, put="(the key)").clean(str(fault))
            text = f"no connection, or the connection was lost: {words or type(fault).__name__}"
            error, cause = ModelUnavailable(text, cure=REACH), fault
        except EventTooLarge as fault:
            error, cause = ModelUnavailable("the answer is larger than we hold"), fault
        except ModelError as fault:
            error, cause = fault, fault
        # An answer that broke off was paid for, so its error carries the usage so far.
        error.usage = stream.usage
        raise error from cause

    async def close(self) -> None:
        if self._own is not None:
            await self._own.aclose()
            self._own = None

    async def _ask(self, prompt: Prompt, stream: AnswerStream, deltas: DeltaBuffer) -> ModelAnswer:
        answer = await self._sent(self._wire.encode(prompt))
        del prompt
        events, count = EventReader(), 0

        def take(piece: bytes) -> float:
            nonlocal count
            count += len(piece)
            if count > MAX_ANSWER_BYTES:
                raise EventTooLarge
            # While the process is behind, what comes in one read is shown together.
            deltas.joins = self._pace.seconds > 0
            try:
                for name, data in events.read(piece):
                    stream.read(name, data)
            finally:
                deltas.flush()  # what came before a fault was heard too
            return self._pace.seconds

        try:
            with self._pace:
                await answer.give(take)
        finally:
            await answer.aclose()
        return with_ids(stream.whole(), _new_id)

    async def _sent(self, body: bytes) -> _Body:
        client = self._shared or self._own
        if client is None:
            # In a thread: it reads the certificates of the machine.
            client = await asyncio.to_thread(new_client, seconds=REQUEST_TIMEOUT_SECONDS)
            self._own = client
        headers = {**self._wire.headers, "content-length": str(len(body))}
        content = _let_go([body])
        del body
        url = _parsed(self._wire.url)
        request = client.build_request("POST", url, headers=headers, content=content)
        response = await client.send(request, stream=True)
        if not response.is_success:
            async with aclosing(response):
                raise WireFailure(response.status_code, await _refusal(response), response.headers)
        plain: object = response.extensions.get("plain_body")
        # We ask for no encoding, so mostly the bytes need no decoder. Then the library's question
        # and answer, which take 6 KB, need not stay beside the stream.
        is_plain = "content-encoding" not in response.headers
        return plain if is_plain and isinstance(plain, PlainBody) else _Decoded(response)


class _Decoded:
    """A body that the library reads: through a proxy, or with an encoding."""

    def __init__(self, response: Response) -> None:
        self._response = response
        self._pieces = response.aiter_bytes()

    async def give(self, take: Callable[[bytes], float]) -> None:
        async for piece in self._pieces:
            # The library gives what has come chunk by chunk. With a wait after each of them, a
            # stream would fall behind.
            take(piece)

    async def aclose(self) -> None:
        await self._pieces.aclose()
        await self._response.aclose()


@lru_cache(maxsize=64)
def _parsed(url: str) -> URL:
    # All conversations with a model ask the same address.
    return URL(url)


async def _let_go(bodies: list[bytes]) -> AsyncGenerator[bytes]:
    # The library keeps a question until its answer has ended. Ten thousand bytes of tools, or a
    # long conversation, need not stay beside each stream.
    yield bodies.pop()


def _new_id() -> str:
    # No other call of the conversation may have it.
    return f"call_{uuid4().hex}"


async def _refusal(response: Response) -> bytes:
    found = bytearray()
    async with aclosing(response.aiter_bytes()) as pieces:
        async for piece in pieces:
            found += piece
            if len(found) > MAX_REFUSAL_BYTES:
                break
    return bytes(found)
