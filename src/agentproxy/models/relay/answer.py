"""An answer on its way from the vendor to the worker: passed on as it comes, and counted."""

import json
from collections.abc import AsyncGenerator, Mapping
from contextlib import aclosing

from httpx2 import AsyncClient, HTTPError, InvalidURL, Response

from agentproxy.events.conversation import Usage
from agentproxy.models.relay.key_redaction import KeyRedactor
from agentproxy.models.relay.upstream import Family, UpstreamRequest, error_body
from agentproxy.models.relay.usage import UsageReader, event_of, only_usage
from agentproxy.net.connection import Connection

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

    def __init__(self, passing: UpstreamRequest, *, family: Family, redactor: KeyRedactor) -> None:
        self._passing = passing
        self._family: Family = family
        self._redactor = redactor
        self._reader = UsageReader(passing.form or "messages")
        self._status: int | None = None
        self._sent = False
        self._whole = False
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
        """What it used. Where nobody told: the question, once the vendor had it, and the answer as
        it was heard. One that was to come in a piece and did not counts as long as it may be: the
        vendor writes it to its end, whether or not somebody still waits.
        """
        if self._status is None and not self._sent:
            return Usage()
        if self._status not in (None, OK):
            return Usage()
        told = self._reader.usage(self._passing.question)
        if self._whole or self._passing.streamed or self._reader.told:
            return told
        return told.model_copy(update={"output": max(told.output, self._passing.most)})

    async def run(self, client: AsyncClient, worker: Connection) -> bytes:
        """Pass both on, but for the end of the answer: it is sent when the answer is settled.

        Raises:
            ClientGone: the worker is gone.
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
            self.failed = f"the vendor's answer did not come whole ({type(error).__name__})"
            return b""

    async def _note(self, name: str, _: Mapping[str, object]) -> None:
        """Hear what the client does: from here on the vendor may have the whole question."""
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
            words = f"the vendor refuses the request (HTTP {self._status})"
            whole = error_body(self._family, self._status, words)
        whole = self._redactor.clean_bytes(whole)
        fields["content-length"] = str(len(whole))
        top = worker.encode_head(response.status_code, fields)
        return top + worker.encode_data(whole) + worker.encode_end()

    async def _stream(
        self, response: Response, fields: dict[str, str], worker: Connection
    ) -> bytes:
        self.begun = True
        await worker.send(worker.encode_head(response.status_code, fields))
        async with aclosing(_events(response)) as events:
            async for lines in events:
                event = event_of(lines)
                self._reader.read(event)
                if not (self._passing.added_usage and only_usage(event)):
                    await worker.send(worker.encode_data(self._redactor.clean_bytes(lines)))
        return worker.encode_end()

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
