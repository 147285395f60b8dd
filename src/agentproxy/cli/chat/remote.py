"""Conversations on a server, over HTTP and its socket."""

import asyncio
import json
import urllib.error
import urllib.request
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import asynccontextmanager
from http.client import HTTPException
from typing import TypeVar
from urllib.parse import quote, urlsplit

from pydantic import TypeAdapter
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidHandshake, InvalidStatus

from agentproxy import __version__
from agentproxy.cli.chat.answers import (
    CREATED,
    RECORD,
    ROWS,
    NotOurs,
    Row,
    read_answer,
    read_event,
)
from agentproxy.cli.chat.port import Broken, ListedConversation, Message, Talk, Unreachable
from agentproxy.text.system_errors import in_words

SECONDS = 20.0  # for one answer over HTTP, and for the handshake of a socket
MAX_ANSWER_BYTES = 256 << 20
START = "start it with pa serve, or leave --url out"
KEY = "set API_KEY to the key of the server, or to a token of who has signed in"
LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})
PAGE = 200
ANYTHING: TypeAdapter[object] = TypeAdapter(object)
T = TypeVar("T")


class _NoRedirects(urllib.request.HTTPRedirectHandler):
    # Another server must not be told the key.
    def redirect_request(self, *_given: object, **_named: object) -> None:
        return None


class RemoteTalks:
    goes_on = True

    def __init__(self, url: str, key: str) -> None:
        self.place = self._url = url.rstrip("/")
        # Both clients write headers as Latin-1; the server compares the bytes of UTF-8.
        sent = key.encode("utf-8", "surrogateescape").decode("latin-1")
        self._headers = {"User-Agent": f"pa/{__version__}"} | ({"X-API-Key": sent} if key else {})
        self._is_near = (urlsplit(url).hostname or "") in LOOPBACK
        # A proxy of the environment does not lead to this machine.
        proxies = [urllib.request.ProxyHandler({})] if self._is_near else []
        self._opener = urllib.request.build_opener(_NoRedirects, *proxies)

    async def create(self, asked: Mapping[str, object]) -> str:
        return (await self._ask("POST", "/api/chat", CREATED, body=asked)).conversation_id

    async def newest(self, *, limit: int) -> Sequence[ListedConversation]:
        rows: list[Row] = []
        while len(rows) < limit:
            before = f"&before={quote(rows[-1].id)}" if rows else ""
            size = min(limit - len(rows), PAGE)
            page = await self._ask("GET", f"/api/conversations?limit={size}{before}", ROWS)
            rows += page
            if len(page) < size:
                break
        return [
            ListedConversation(row.id, row.title, row.created_at, row.message_count) for row in rows
        ]

    async def read(self, conversation: str) -> Message:
        path = f"/api/conversations/{quote(conversation)}"
        return (await self._ask("GET", path, RECORD)).model_dump()

    async def delete(self, conversation: str) -> None:
        await self._ask("DELETE", f"/api/conversations/{quote(conversation)}", ANYTHING)

    @asynccontextmanager
    async def open(self, conversation: str, *, after: int) -> AsyncGenerator[Talk]:
        # http becomes ws, and https becomes wss.
        address = f"ws{self._url[4:]}/api/chat/{quote(conversation)}/ws?after={after}"
        try:
            opened = await connect(
                address,
                additional_headers=self._headers,
                open_timeout=SECONDS,
                max_size=None,
                proxy=None if self._is_near else True,
            )
        except InvalidStatus as error:
            raise _refused(error.response.status_code, "") from None
        except (OSError, InvalidHandshake, EOFError) as error:
            raise Broken(str(error) or "the server does not answer") from None
        async with opened as socket:
            yield _RemoteTalk(socket, self._url)

    async def _ask(self, method: str, path: str, kind: TypeAdapter[T], *, body: object = None) -> T:
        text = await asyncio.to_thread(self._answer, method, path, body)
        try:
            return read_answer(text, kind)
        except NotOurs:
            raise _stranger(self._url) from None

    def _answer(self, method: str, path: str, body: object) -> bytes:
        data = None if body is None else json.dumps(body).encode()
        headers = self._headers | ({"Content-Type": "application/json"} if data else {})
        request = urllib.request.Request(self._url + path, data, headers, method=method)
        try:
            with self._opener.open(request, timeout=SECONDS) as answer:
                return answer.read(MAX_ANSWER_BYTES)
        except urllib.error.HTTPError as error:
            raise _refused(error.code, _detail(error.read(10_000))) from None
        except (OSError, HTTPException) as error:
            reason = getattr(error, "reason", error)
            said = in_words(reason) if isinstance(reason, Exception) else reason
            raise Unreachable(f"{self._url}: {said}", cure=START) from None


class _RemoteTalk:
    def __init__(self, socket: ClientConnection, url: str) -> None:
        self._socket = socket
        self._url = url

    async def receive(self) -> Message:
        try:
            return read_event(await self._socket.recv())
        except NotOurs:
            raise _stranger(self._url) from None
        except ConnectionClosed as closed:
            raise _closed(closed) from None

    async def send(self, message: Message) -> None:
        try:
            await self._socket.send(json.dumps(message))
        except ConnectionClosed:
            raise Broken("the connection broke") from None


def _closed(closed: ConnectionClosed) -> Broken | Unreachable:
    if closed.rcvd is None:
        return Broken("the connection broke")
    match closed.rcvd.code:
        case 1000:  # the usual end, which a server makes only then
            text = "the conversation is gone: it was deleted"
            return Unreachable(text, cure="pa chat --list", code=2)
        case 4001:  # opened again, it would be closed again
            return Unreachable(f"the server refused: {closed.rcvd.reason}", cure=KEY, code=2)
        case _:
            return Broken(closed.rcvd.reason)


def _stranger(url: str) -> Unreachable:
    return Unreachable(f"{url} is no Agent Proxy", cure=START)


def _detail(body: bytes) -> str:
    try:
        detail = json.loads(body)["detail"]
    except (ValueError, KeyError, TypeError, RecursionError):
        return ""
    return detail if isinstance(detail, str) else json.dumps(detail)


def _refused(status: int, detail: str) -> Unreachable:
    if status == 404 and detail == "Conversation not found":
        return Unreachable("there is no such conversation", cure="pa chat --list", code=2)
    text = (
        f"the server refused ({status}): {detail}" if detail else f"the server refused ({status})"
    )
    return Unreachable(text, cure=KEY if status in (401, 403) else START, code=2)
