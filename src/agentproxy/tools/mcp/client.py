"""Speaks with one MCP server through the library. Imported only where a server is configured."""

import asyncio
import contextlib
import json
from collections.abc import AsyncGenerator, Callable, Generator, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from typing import cast

import anyio
import httpx2
from anyio.streams.memory import MemoryObjectReceiveStream, MemoryObjectSendStream
from mcp import Client, MCPError, types
from mcp.client import Transport
from mcp.client.streamable_http import streamable_http_client
from mcp.shared.message import SessionMessage
from pydantic import JsonValue, ValidationError

from agentproxy import __version__
from agentproxy.tools.mcp.configuration import HttpServer
from agentproxy.tools.mcp.last_words import LastWords
from agentproxy.tools.mcp.offered import MAX_TOOLS, OfferedTool
from agentproxy.tools.mcp.port import McpError, McpResult
from agentproxy.workspace.sandbox.port import InputClosed, LineTooLong, Process

MAX_PAGES = 20
MAX_LISTED = 10 * MAX_TOOLS
MAX_LINE = 16 << 20  # bytes
CONNECT_SECONDS = 30.0
ENDED = "the server has ended"
LAST_WORDS_SECONDS = 0.5

_OF_LIBRARY = (
    MCPError,
    httpx2.HTTPError,
    anyio.ClosedResourceError,
    anyio.BrokenResourceError,
    anyio.EndOfStream,
    RuntimeError,
    ValueError,
)
Open = Callable[[], AbstractAsyncContextManager[Process]]


class ServerEnd:
    """Whether a program has ended, and its last words."""

    def __init__(self) -> None:
        self.gone = asyncio.Event()
        self.heard = asyncio.Event()  # all that it printed where errors go
        self.words = LastWords()

    async def take_words(self, process: Process) -> None:
        # A server that prints much would wait for its reader.
        while data := await process.stderr.read():
            self.words.add(data)
        self.heard.set()


class LibraryClient:
    """A connected server."""

    def __init__(self, client: Client, news: asyncio.Event, gone: asyncio.Event) -> None:
        self._client = client
        self._news = news
        self._gone = gone

    async def list_tools(self) -> Sequence[OfferedTool]:
        """See `McpClient`."""
        found: list[OfferedTool] = []
        cursor: str | None = None
        self._news.clear()
        with _errors():
            for _ in range(MAX_PAGES):
                page = await self._client.list_tools(cursor=cursor)
                found += [
                    OfferedTool(each.name, each.description or "", each.input_schema)
                    for each in page.tools
                ]
                cursor = page.next_cursor
                if not cursor or len(found) > MAX_LISTED:
                    break
        return found[:MAX_LISTED]

    async def call(
        self, tool: str, arguments: Mapping[str, JsonValue], *, seconds: float
    ) -> McpResult:
        """See `McpClient`."""
        with _errors():
            async with asyncio.timeout(seconds):
                result = await self._client.call_tool(tool, dict(arguments))
        return McpResult(_text(result), failed=bool(result.is_error))

    async def changed(self) -> None:
        """See `McpClient`."""
        waiting = [asyncio.ensure_future(each.wait()) for each in (self._news, self._gone)]
        try:
            await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for each in waiting:
                each.cancel()
        if self._gone.is_set():
            raise McpError(ENDED)


@contextlib.asynccontextmanager
async def connect_process(
    opened: Open, redact: Callable[[str], str]
) -> AsyncGenerator[LibraryClient]:
    """Starts a server and speaks with it over its pipes. Raises McpError, SandboxError.

    `redact` takes secrets out of the last words of a server that ends.
    """
    end = ServerEnd()
    try:
        async with _connected(_process_streams(opened, end), end.gone) as client:
            yield client
    except McpError as error:
        # The library says only that the connection was closed.
        if end.gone.is_set():
            raise McpError(f"{ENDED}{end.words.told(redact)}") from error
        raise


@contextlib.asynccontextmanager
async def connect_http(server: HttpServer) -> AsyncGenerator[LibraryClient]:
    """Raises McpError."""
    headers = dict(server.headers)
    if server.authorization_token:
        headers["Authorization"] = f"Bearer {server.authorization_token}"
    timeout = httpx2.Timeout(CONNECT_SECONDS, read=server.timeout + CONNECT_SECONDS)
    async with httpx2.AsyncClient(headers=headers, timeout=timeout) as lines:
        transport = streamable_http_client(server.url, http_client=lines)
        async with _connected(transport, asyncio.Event()) as client:
            yield client


@contextlib.asynccontextmanager
async def _connected(transport: Transport, gone: asyncio.Event) -> AsyncGenerator[LibraryClient]:
    news = asyncio.Event()

    async def hear(message: object) -> None:
        if isinstance(message, types.ToolListChangedNotification):
            news.set()

    with _errors():
        async with Client(
            transport,
            client_info=types.Implementation(name="agentproxy", version=__version__),
            message_handler=hear,
            cache=None,  # a list is asked for to see what has changed
        ) as client:
            yield LibraryClient(client, news, gone)


@contextlib.asynccontextmanager
async def _process_streams(
    opened: Open, end: ServerEnd
) -> AsyncGenerator[
    tuple[
        MemoryObjectReceiveStream[SessionMessage | Exception],
        MemoryObjectSendStream[SessionMessage],
    ]
]:
    into, heard = anyio.create_memory_object_stream[SessionMessage | Exception](0)
    told, out_of = anyio.create_memory_object_stream[SessionMessage](0)
    async with opened() as process, anyio.create_task_group() as group:
        group.start_soon(_read, process, into, end)
        group.start_soon(_write, process, out_of)
        group.start_soon(end.take_words, process)
        try:
            yield heard, told
        finally:
            group.cancel_scope.cancel()
            for stream in (into, heard, told, out_of):
                stream.close()


async def _read(
    process: Process,
    into: "MemoryObjectSendStream[SessionMessage | Exception]",
    end: ServerEnd,
) -> None:
    try:
        with contextlib.suppress(LineTooLong, anyio.BrokenResourceError, anyio.ClosedResourceError):
            while line := await process.stdout.read_line(MAX_LINE):
                try:
                    message = types.jsonrpc_message_adapter.validate_json(line, by_name=False)
                except ValidationError:
                    # Some print greetings: a line that is no message is no message.
                    continue
                await into.send(SessionMessage(message))
        with anyio.move_on_after(LAST_WORDS_SECONDS):
            await end.heard.wait()
    finally:
        end.gone.set()
        # What waits for an answer hears that none will come.
        into.close()


async def _write(process: Process, out_of: "MemoryObjectReceiveStream[SessionMessage]") -> None:
    with contextlib.suppress(InputClosed):
        async for sent in out_of:
            text = sent.message.model_dump_json(by_alias=True, exclude_unset=True)
            await process.stdin.write(f"{text}\n".encode("utf-8", "surrogatepass"))


def _text(result: types.CallToolResult) -> str:
    told = [_part(each) for each in result.content]
    if not any(told) and result.structured_content is not None:
        told = [json.dumps(result.structured_content, ensure_ascii=False)]
    return "\n".join(filter(None, told))


def _part(part: types.ContentBlock) -> str:
    match part:
        case types.TextContent():
            return part.text
        case types.ImageContent() | types.AudioContent():
            return f"[{part.mime_type}, {len(part.data) * 3 // 4} bytes, not shown]"
        case types.ResourceLink():
            return f"[{part.uri}]"
        case types.EmbeddedResource():
            inner = part.resource
            if isinstance(inner, types.TextResourceContents):
                return inner.text
            return f"[{inner.uri}, not shown]"


@contextlib.contextmanager
def _errors() -> Generator[None]:
    """Turns what the library raises into McpError, and takes errors out of its groups."""
    try:
        yield
    except _OF_LIBRARY as error:
        raise McpError(str(error) or type(error).__name__) from error
    except BaseExceptionGroup as group:
        first = _first(group)
        if isinstance(first, _OF_LIBRARY):
            raise McpError(str(first) or type(first).__name__) from group
        raise first from group


def _first(group: BaseExceptionGroup[BaseException]) -> BaseException:
    error = group.exceptions[0]
    if isinstance(error, BaseExceptionGroup):
        return _first(cast("BaseExceptionGroup[BaseException]", error))
    return error
