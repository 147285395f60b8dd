"""The socket of one client on one conversation."""

import asyncio
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from fastapi import WebSocket, WebSocketDisconnect
from pydantic_core import to_json

from agentproxy.app.chat.host import ChatHost
from agentproxy.app.chat.views import read_order
from agentproxy.app.journal import JournalError, UnknownRun
from agentproxy.engine.bell import Bell
from agentproxy.events.envelope import RunId
from agentproxy.server.chat.client import Client, Left, TooSlow, error_message
from agentproxy.server.chat.wire import Message, WireStory
from agentproxy.server.rates import Rate

TRY_AGAIN_LATER = 1013
INTERNAL = 1011
SIGNED_OUT = 4001  # as documented: a client has to sign in again
SIGN_IN_ENDED = "the sign-in has ended"
CLOSE_SECONDS = 2.0
MAX_SOCKETS = 100  # of one conversation
SendAtOnce = Callable[[bytes], bool]  # tells whether it could be sent without a wait


class SocketLine:
    """An accepted socket."""

    __slots__ = ("_rate", "_send_at_once", "_socket")

    def __init__(self, socket: WebSocket, send_at_once: SendAtOnce) -> None:
        self._socket = socket
        self._send_at_once = send_at_once
        self._rate = Rate(burst=200, each_second=50)

    async def tell(self, message: Message) -> None:
        await self._socket.send_text(to_json(message).decode())

    def tell_at_once(self, message: Message) -> bool:
        return self._send_at_once(to_json(message))

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


async def serve_socket(
    socket: WebSocket,
    host: ChatHost,
    run: RunId,
    *,
    after: int | None,
    send_at_once: SendAtOnce,
    until: float | None = None,
) -> None:
    """Serves an accepted socket until one side leaves, or until the sign-in of its client ends.

    `after` is the last event it has, and `until` is in seconds since 1970.
    """
    client = Client(SocketLine(socket, send_at_once), host, WireStory(run))
    end = None if until is None else _SignInEnd(until)
    try:
        workspace = (await read_order(host.app, run)).workspace
        if host.clients(run) >= MAX_SOCKETS:
            text = f"{MAX_SOCKETS} clients follow this conversation already"
            await _refuse(socket, run, text, code=TRY_AGAIN_LATER)
            return
        async with host.attend(run, Path(workspace)) as gone:
            await client.serve(after=after, gone=gone, over=None if end is None else end.bell)
        if end is not None and end.bell.is_set():
            text = f"Authentication failed: {SIGN_IN_ENDED}"
            error = error_message(run, text, after=client.story.told)
            await _tell_and_close(socket, error, code=SIGNED_OUT, reason=SIGN_IN_ENDED)
    except UnknownRun:
        await _refuse(socket, run, "Conversation not found")
    except TooSlow:
        await _close(socket, TRY_AGAIN_LATER, "too slow: connect again with ?after=")
    except JournalError as error:
        await _refuse(socket, run, str(error), code=INTERNAL)
    except (WebSocketDisconnect, RuntimeError):
        pass  # the client has gone
    finally:
        if end is not None:
            end.timer.cancel()


class _SignInEnd:
    """The end of a sign-in, at a time in seconds since 1970."""

    def __init__(self, at: float) -> None:
        self.bell = Bell()
        self.timer = asyncio.get_running_loop().call_later(at - time.time(), self.bell.set)


async def _close(socket: WebSocket, code: int, reason: str = "") -> None:
    # Who does not read takes no farewell either.
    with suppress(TimeoutError, WebSocketDisconnect, RuntimeError):
        async with asyncio.timeout(CLOSE_SECONDS):
            await socket.close(code, reason)


async def _refuse(socket: WebSocket, run: RunId, text: str, *, code: int = 1000) -> None:
    await _tell_and_close(socket, error_message(run, text), code=code)


async def _tell_and_close(
    socket: WebSocket, error: Message, *, code: int, reason: str = ""
) -> None:
    with suppress(TimeoutError, WebSocketDisconnect, RuntimeError):
        async with asyncio.timeout(CLOSE_SECONDS):
            await socket.send_json(error)
    await _close(socket, code, reason)
