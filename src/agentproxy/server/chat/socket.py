"""The socket of one client on one conversation."""

import asyncio
import time
from contextlib import suppress
from pathlib import Path

from fastapi import WebSocket, WebSocketDisconnect
from pydantic_core import to_json

from agentproxy.app.chat.host import ChatHost
from agentproxy.app.chat.views import read_order
from agentproxy.app.journal import JournalError, UnknownRun
from agentproxy.events.envelope import RunId
from agentproxy.server.chat.client import Client, Left, TooSlow, error_message
from agentproxy.server.chat.wire import Message, WireStory
from agentproxy.server.rates import Rate

TRY_AGAIN_LATER = 1013
INTERNAL = 1011
CLOSE_SECONDS = 2.0
MAX_SOCKETS = 100  # of one conversation


class SocketLine:
    """An accepted socket."""

    def __init__(self, socket: WebSocket) -> None:
        self._socket = socket
        self._rate = Rate(burst=200, each_second=50)

    async def tell(self, message: Message) -> None:
        await self._socket.send_text(to_json(message).decode())

    async def hear(self) -> str | None:
        received = await self._socket.receive()
        # Each message is written to the journal. Who sends too many is read more slowly.
        if (wait := self._rate.wait("", time.monotonic())) > 0:
            await asyncio.sleep(wait)
        self._rate.take("", time.monotonic())
        if received["type"] == "websocket.disconnect":
            raise Left
        text: str | None = received.get("text")
        return text


async def serve_socket(socket: WebSocket, host: ChatHost, run: RunId, *, after: int | None) -> None:
    """Serves an accepted socket until one side leaves. `after` is the last event it has."""
    client = Client(SocketLine(socket), host, WireStory(run))
    try:
        workspace = (await read_order(host.app, run)).workspace
        if host.clients(run) >= MAX_SOCKETS:
            text = f"{MAX_SOCKETS} clients follow this conversation already"
            await _refuse(socket, run, text, code=TRY_AGAIN_LATER)
            return
        async with host.attend(run, Path(workspace)) as gone:
            await client.serve(after=after, gone=gone)
    except UnknownRun:
        await _refuse(socket, run, "Conversation not found")
    except TooSlow:
        await _close(socket, TRY_AGAIN_LATER, "too slow: connect again with ?after=")
    except JournalError as error:
        await _refuse(socket, run, str(error), code=INTERNAL)
    except (WebSocketDisconnect, RuntimeError):
        pass  # the client has gone


async def _close(socket: WebSocket, code: int, reason: str = "") -> None:
    # Who does not read takes no farewell either.
    with suppress(TimeoutError, WebSocketDisconnect, RuntimeError):
        async with asyncio.timeout(CLOSE_SECONDS):
            await socket.close(code, reason)


async def _refuse(socket: WebSocket, run: RunId, text: str, *, code: int = 1000) -> None:
    with suppress(TimeoutError, WebSocketDisconnect, RuntimeError):
        async with asyncio.timeout(CLOSE_SECONDS):
            await socket.send_json(error_message(run, text))
    await _close(socket, code)
