"""An answer on its way from the vendor to the worker: passed on as it comes, and counted."""

import json
from collections.abc import AsyncGenerator, Mapping
from contextlib import aclosing

from httpx2 import AsyncClient, HTTPError, InvalidURL, Response

from agentproxy.events.conversation import Usage
from agentproxy.models.relay.http import Connection, RequestHead, chunk_of, head_of
from agentproxy.models.relay.upstream import RelayTarget, UpstreamRequest, error_body
from agentproxy.models.relay.usage import UsageReader, event_of, only_usage

MAX_ANSWER_BYTES = 64 * 1024 * 1024
OK = 200
_EVENT = 16 * 1024 * 1024
_ENDS = (b"\n\n", b"\r\n\r\n", b"\r\r")
# Of one connection, or of what we take apart; a cookie or another address would be the vendor's.
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
    """An answer that never ends."""


class Exchange:
    """One request to the vendor and its answer. The key, wherever the vendor repeats it, is
    replaced before the worker sees it.

    `begun` is whether some of the answer was passed on; `failed` why it did not come whole.
    """

    def __init__(
        self, passing: UpstreamRequest, head: RequestHead, *, to: RelayTarget, token: str
    ) -> None:
        self._passing = passing
        self._head = head
        self._to = to
        self._token = token
        self._reader = UsageReader(passing.form or "messages")
        self._status: int | None = None
        self.begun = False
        self.failed = ""

    @property
    def error(self) -> str:
        """Why there is no answer, or no whole one."""
        refused = self._status not in (None, OK)
        return self.failed or (f"HTTP {self._status}" if refused else "")

    @property
    def told(self) -> bool:
        """Whether the vendor told what was used."""
        return bool(self.error) or self._reader.told

    @property
    def used(self) -> Usage:
        """What it used; a question that nobody has answered yet counts as it was expected."""
        expected = self._passing.need.question
        if self._status is None:
            return Usage() if self.failed else Usage(input=expected)
        return self._reader.usage(expected) if self._status == OK else Usage()

    async def run(self, client: AsyncClient, worker: Connection) -> bytes:
        """Pass both on, but for the end of the answer: it is sent when the answer is settled.

        Raises:
            HungUp: the worker is gone.
        """
        asked = self._passing
        try:
            request = client.build_request(
                asked.method, asked.url, headers=dict(asked.fields), content=asked.body
            )
            response = await client.send(request, stream=True)
            async with aclosing(response):
                self._status = response.status_code
                return await self._pass_on(response, worker)
        except (HTTPError, InvalidURL, TooLarge) as error:
            self.failed = f"the vendor's answer did not come whole ({type(error).__name__})"
            return b""

    async def _pass_on(self, response: Response, worker: Connection) -> bytes:
        fields = self._fields(response)
        if response.headers.get("content-type", "").startswith("text/event-stream"):
            return await self._stream(response, fields, worker)
        whole = await _whole(response)
        if self._status == OK:
            self._reader.read(_json(whole))
        if self._status in (401, 403):
            # Vendors quote parts of the key that they refuse.
            words = f"the vendor refuses the request (HTTP {self._status})"
            whole = error_body(self._to.family, self._status, words)
        whole = self._clean(whole)
        fields["content-length"] = str(len(whole))
        return head_of(response.status_code, fields) + whole

    async def _stream(
        self, response: Response, fields: dict[str, str], worker: Connection
    ) -> bytes:
        if self._head.chunks:
            fields["transfer-encoding"] = "chunked"
        self.begun = True
        await worker.send(head_of(response.status_code, fields))
        async with aclosing(_events(response)) as events:
            async for lines in events:
                event = event_of(lines)
                self._reader.read(event)
                if not (self._passing.added_usage and only_usage(event)):
                    content = self._clean(lines)
                    await worker.send(chunk_of(content) if self._head.chunks else content)
        return chunk_of(b"") if self._head.chunks else b""

    def _fields(self, response: Response) -> dict[str, str]:
        kept = {
            name: self._to.address.without_key(value, put=self._token)
            for name, value in response.headers.items()
            if name not in _DROPPED and value.isprintable()
        }
        return {**kept, "connection": "keep-alive" if self._head.keeps else "close"}

    def _clean(self, content: bytes) -> bytes:
        text = content.decode("latin-1")  # a letter for each byte
        return self._to.address.without_key(text, put=self._token).encode("latin-1")


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
    """The events of a stream, each with the empty line at its end."""
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


def refusal_head(status: int, body: bytes, *, keeps: bool, more: Mapping[str, str]) -> bytes:
    """A whole answer of our own."""
    fields = {"content-type": "application/json", "content-length": str(len(body)), **more}
    fields["connection"] = "keep-alive" if keeps else "close"
    return head_of(status, fields) + body
