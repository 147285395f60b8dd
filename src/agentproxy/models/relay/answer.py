"""Passes an answer from the vendor to the worker, and counts its tokens."""

import json
from collections.abc import AsyncGenerator, Mapping
from contextlib import aclosing

from httpx2 import AsyncClient, HTTPError, InvalidURL, Response

from agentproxy.events.conversation import Usage
from agentproxy.models.key_redaction import KeyRedactor
from agentproxy.models.relay.refusals import Wording
from agentproxy.models.relay.stream_redaction import StreamRedactor
from agentproxy.models.relay.upstream import UpstreamRequest, error_body
from agentproxy.models.relay.usage import UsageReader, WireFormat, event_of, only_usage
from agentproxy.net.connection import Connection

MAX_ANSWER_BYTES = 64 * 1024 * 1024
OK = 200
_EVENT = 16 * 1024 * 1024
_ENDS = (b"\n\n", b"\r\n\r\n", b"\r\r")
# Header fields of one connection or of an encoding that we undo. A cookie or a location would lead
# the worker to the vendor.
_DROPPED = frozenset(
    {
        "alt-svc",
        "connection",
        "content-encoding",
        "content-length",
        "keep-alive",
        "location",
        "proxy-authenticate",
        "proxy-authorization",
        "set-cookie",
        "te",
        "trailer",
        "transfer-encoding",
        "upgrade",
    }
)


class TooLarge(Exception):
    """An answer or an event has more bytes than we hold."""


class Exchange:
    """One request to the vendor and its answer, without the real key."""

    def __init__(
        self, passing: UpstreamRequest, *, wire: WireFormat, redactor: KeyRedactor
    ) -> None:
        self._passing = passing
        self._wire: WireFormat = wire
        self._redactor = redactor
        self._reader = UsageReader(passing.form or "messages")
        self._status: int | None = None
        self._sent = False
        self._whole = False
        self.begun = False  # a part of the answer was passed on
        self.failed = ""  # why the answer is not whole

    @property
    def error(self) -> str:
        refused = self._status not in (None, OK)
        return self.failed or (f"HTTP {self._status}" if refused else "")

    @property
    def told(self) -> bool:
        """Whether `used` is exact: the vendor reported it, or refused the request."""
        return bool(self.error) or self._reader.told

    @property
    def whole(self) -> bool:
        """Whether the vendor reported the usage of the whole answer, also if nobody waited."""
        return self._status == OK and self._reader.whole

    @property
    def used(self) -> Usage:
        # A vendor that has the whole question may bill it, even if its answer never comes.
        if self._status is None and not self._sent:
            return Usage()
        if self._status not in (None, OK):
            return Usage()
        told = self._reader.usage(self._passing.question)
        if self._whole or self._passing.streamed or self._reader.told:
            return told
        # The vendor writes an answer in one piece to its end, even if nobody waits for it any more.
        return told.model_copy(update={"output": max(told.output, self._passing.most)})

    async def run(self, client: AsyncClient, worker: Connection) -> bytes:
        """Passes on the request and its answer, and returns the end of the answer.

        The caller sends the end after the answer is settled.

        Raises:
            ClientGone: the worker closed its connection.
        """
        asked = self._passing
        try:
            request = client.build_request(
                asked.method,
                asked.url,
                headers=dict(asked.fields),
                content=asked.body,
                extensions={"trace": self._note},
            )
            response = await client.send(request, stream=True)
            async with aclosing(response):
                self._status = response.status_code
                return await self._pass_on(response, worker)
        except (HTTPError, InvalidURL, TooLarge) as error:
            self.failed = f"the vendor's answer is not complete ({type(error).__name__})"
            return b""

    async def _note(self, name: str, _: Mapping[str, object]) -> None:
        # From this event of the HTTP client on, the vendor may have the whole question.
        self._sent = self._sent or name.endswith(".send_request_body.started")

    async def _pass_on(self, response: Response, worker: Connection) -> bytes:
        fields = self._fields(response)
        if response.headers.get("content-type", "").startswith("text/event-stream"):
            return await self._stream(response, fields, worker)
        whole = await _whole(response)
        self._whole = True
        if self._status == OK:
            self._reader.read(_json(whole))
        if self._status in (401, 403):
            # Vendors quote parts of the key that they refuse.
            words = f"the vendor refused the request with status {self._status}"
            kind = "authentication_error" if self._status == 401 else "permission_error"
            whole = error_body(self._wire, Wording(self._status, kind), words)
        whole = self._redactor.clean_bytes(whole)
        fields["content-length"] = str(len(whole))
        top = worker.encode_head(response.status_code, fields)
        return top + worker.encode_data(whole) + worker.encode_end()

    async def _stream(
        self, response: Response, fields: dict[str, str], worker: Connection
    ) -> bytes:
        self.begun = True
        await worker.send(worker.encode_head(response.status_code, fields))
        redactor = StreamRedactor(self._redactor)
        async with aclosing(_events(response)) as events:
            async for lines in events:
                event = event_of(lines)
                self._reader.read(event)
                if self._passing.added_usage and only_usage(event):
                    continue
                if ready := redactor.add(lines, event):
                    await worker.send(worker.encode_data(ready))
        rest = redactor.rest()
        return (worker.encode_data(rest) if rest else b"") + worker.encode_end()

    def _fields(self, response: Response) -> dict[str, str]:
        return {
            name: self._redactor.clean(value)
            for name, value in response.headers.items()
            if name not in _DROPPED and value.isprintable()
        }


def _json(content: bytes) -> object:
    try:
        return json.loads(content)
    except (ValueError, RecursionError):
        return None


async def _whole(response: Response) -> bytes:
    whole = bytearray()
    async with aclosing(response.aiter_bytes()) as pieces:
        async for piece in pieces:
            whole += piece
            if len(whole) > MAX_ANSWER_BYTES:
                raise TooLarge
    return bytes(whole)


async def _events(response: Response) -> AsyncGenerator[bytes]:
    # Each event has the empty line at its end, so that its bytes can be passed on.
    unread = b""
    async with aclosing(response.aiter_bytes()) as pieces:
        async for piece in pieces:
            unread += piece
            while cut := _end_of_event(unread):
                yield unread[:cut]
                unread = unread[cut:]
            if len(unread) > _EVENT:
                raise TooLarge
    if unread:
        yield unread


def _end_of_event(unread: bytes) -> int:
    ends = [at + len(mark) for mark in _ENDS if (at := unread.find(mark)) >= 0]
    return min(ends, default=0)
