"""Lets in who has signed in, and tells the others why not."""

import asyncio
import hmac
import re
import time
from collections.abc import Awaitable, Callable, Collection
from contextlib import suppress

from starlette.types import ASGIApp, Message, Receive, Scope, Send
from starlette.websockets import WebSocket, WebSocketDisconnect

from agentproxy.events.envelope import RunId
from agentproxy.server.chat.client import error_message
from agentproxy.server.chat.socket import SIGNED_OUT, TRY_AGAIN_LATER
from agentproxy.server.entrance.answers import EarlyAnswer, answer_early
from agentproxy.server.entrance.credentials import given_key
from agentproxy.server.entrance.sign_in.port import (
    FOUND,
    ME,
    NO_KEYS,
    NOT_SIGNED_IN,
    Denied,
    Person,
    SignIn,
    Verdict,
)

TELL_SECONDS = 2.0
MAX_TOLD = 100  # sockets that are told so at once
STREAM = b"text/event-stream"
LAST_LINE = b": the sign-in has ended\n\n"
_CONVERSATION = re.compile(r"/api/chat/([A-Za-z0-9_-]{1,64})/ws")


class _Ended(Exception):
    """The sign-in of who reads a stream."""


class SignInDoor:
    """An ASGI middleware behind the guard. Without a sign-in or the key nothing behind it runs."""

    def __init__(
        self,
        app: ASGIApp,
        sign_in: SignIn,
        *,
        key: bytes,
        open_paths: Collection[str],
        count_wrong: Callable[[Scope], None],
    ) -> None:
        self._app = app
        self._sign_in = sign_in
        self._key = key  # b"" for none
        # Who asks about a sign-in is told of it, so a token is looked at there too.
        self._open = frozenset(open_paths) - {ME}
        self._count_wrong = count_wrong
        self._told = 0

    def __call__(self, scope: Scope, receive: Receive, send: Send) -> Awaitable[None]:
        """Returns what serves the request. No call of ours waits for a socket that is let in."""
        if scope["path"] in self._open:
            return self._app(scope, receive, send)
        given = given_key(scope, _headers(scope))
        if self._key and hmac.compare_digest(given, self._key):
            return self._app(scope, receive, send)
        if not given and scope["path"] == ME:
            return self._app(scope, receive, send)
        verdict = self._sign_in.verdict_now(given) if given else NOT_SIGNED_IN
        if verdict is None:
            return self._once_checked(scope, receive, send, given=given)
        return self._decided(scope, receive, send, verdict=verdict)

    async def _once_checked(
        self, scope: Scope, receive: Receive, send: Send, *, given: bytes
    ) -> None:
        verdict = await self._sign_in.check(given)
        await self._decided(scope, receive, send, verdict=verdict)

    def _decided(
        self, scope: Scope, receive: Receive, send: Send, *, verdict: Verdict
    ) -> Awaitable[None]:
        scope[FOUND] = verdict
        if isinstance(verdict, Person):
            if scope["type"] == "http":
                return self._until(verdict.until, scope, receive, send=send)
            return self._app(scope, receive, send)
        if verdict is not NO_KEYS:
            self._count_wrong(scope)
        if scope["path"] == ME:
            return self._app(scope, receive, send)
        if scope["type"] == "http":
            return answer_early(receive, send, EarlyAnswer(verdict.status, verdict.text))
        return self._tell(scope, receive, send, denied=verdict)

    async def _until(self, end: float, scope: Scope, receive: Receive, *, send: Send) -> None:
        """Serves a request. A stream that outlives the sign-in ends there."""
        streams = False

        async def told(message: Message) -> None:
            nonlocal streams
            if message["type"] == "http.response.start":
                streams = _is_stream(message)
            elif streams and time.time() >= end:
                await send({"type": "http.response.body", "body": LAST_LINE})
                raise _Ended
            await send(message)

        with suppress(_Ended):
            await self._app(scope, receive, told)

    async def _tell(self, scope: Scope, receive: Receive, send: Send, *, denied: Denied) -> None:
        """Accepts a socket to say on it why nobody is let in, and closes it."""
        socket = WebSocket(scope, receive, send)
        # The library clears the scope with the acceptance.
        found = _CONVERSATION.fullmatch(scope["path"])
        message = error_message(RunId(found[1] if found else ""), words_of(denied))
        code = TRY_AGAIN_LATER if denied is NO_KEYS else SIGNED_OUT
        self._told += 1
        try:
            async with asyncio.timeout(TELL_SECONDS):
                if self._told <= MAX_TOLD:
                    await socket.accept()
                    await socket.send_json(message)
                await socket.close(code, denied.text[:100])
        except (TimeoutError, WebSocketDisconnect, RuntimeError):
            return  # who has gone, or does not read
        finally:
            self._told -= 1


def words_of(denied: Denied) -> str:
    return f"Authentication failed: {denied.text}"


def _headers(scope: Scope) -> dict[str, str]:
    asked = (b"x-api-key", b"authorization")
    return {
        name.decode(): value.decode("latin-1")
        for raw, value in scope["headers"]
        if (name := raw.lower()) in asked
    }


def _is_stream(start: Message) -> bool:
    return any(
        name.lower() == b"content-type" and value.startswith(STREAM)
        for name, value in start["headers"]
    )
