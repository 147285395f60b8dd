"""Stands before every route: hosts, origins, the key, the size of bodies, headers of safety.

Where people sign in, the door of `sign_in/` stands between the guard and the routes. It asks for a
sign-in or the key, and the guard counts whom it refuses.
"""

import asyncio
import hmac
import math
import time
from collections.abc import Awaitable
from contextlib import suppress

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from agentproxy.server.entrance.answers import EarlyAnswer, answer_early
from agentproxy.server.entrance.credentials import given_key
from agentproxy.server.entrance.doors import OPEN, Doors
from agentproxy.server.entrance.sign_in.door import SignInDoor
from agentproxy.server.rates import Rate
from agentproxy.server.senders import sender_of

MAX_BODY_BYTES = 1 << 20
UPLOAD = "/api/workspace/upload"
# Ten files of the largest size, and what stands between them.
MAX_BODY_BYTES_OF = {UPLOAD: (100 << 20) + (1 << 20)}
MAX_TARGET_BYTES = 16 * 1024
MAX_HEAD_BYTES = 32 * 1024
MAX_HEADERS = 100
TOO_LARGE = "the body has more than {} bytes"
SEND_SECONDS = 60.0  # for one piece of an answer; a client that takes longer is let go
SAFE_HEADERS = (
    (b"x-content-type-options", b"nosniff"),
    (b"x-frame-options", b"DENY"),
    (b"referrer-policy", b"no-referrer"),
    (b"cache-control", b"no-store"),
    (b"content-security-policy", b"default-src 'self'; frame-ancestors 'none'; base-uri 'none'"),
    (b"cross-origin-resource-policy", b"same-origin"),
)
ALLOWED_METHODS = b"GET, POST, DELETE, OPTIONS"
ALLOWED_HEADERS = b"content-type, x-api-key, authorization, last-event-id"
SHOWN_HEADERS = b"X-Incomplete, Content-Disposition, Allow, Retry-After"


class _TooLarge(Exception):
    pass


class _TooSlow(Exception):
    pass


class Guard:
    """An ASGI middleware. It refuses before anything behind it runs."""

    def __init__(
        self,
        app: ASGIApp,
        doors: Doors,
        *,
        sockets: ASGIApp | None = None,
        send_seconds: float = SEND_SECONDS,
    ) -> None:
        self._app = app
        self._sockets = sockets or app
        self._hosts = doors.hosts
        self._origins = doors.origins
        self._key = doors.api_key.encode()
        self._proxies = doors.proxies
        self._send_seconds = send_seconds
        # Of one address. A right key does not help who guesses.
        self._requests = Rate(burst=5000, each_second=500)
        self._wrong_keys = Rate(burst=60, each_second=1)
        if doors.sign_in is not None:
            # The door behind us asks for the key too: either of them is enough.
            self._app, self._sockets = (
                SignInDoor(
                    each,
                    doors.sign_in,
                    key=self._key,
                    open_paths=doors.open_paths,
                    count_wrong=self._count_wrong,
                )
                for each in (self._app, self._sockets)
            )
            self._key = b""

    def __call__(self, scope: Scope, receive: Receive, send: Send) -> Awaitable[None]:
        """Returns what serves the request. A socket stays open: no call of ours waits for it."""
        if scope["type"] == "lifespan":
            return self._app(scope, receive, send)
        headers, repeated = _single(scope)
        refusal = (
            EarlyAnswer(400, f"the header {repeated} is there twice")
            if repeated
            else _misshapen(scope, headers)
            or self._stranger(headers)
            or self._too_often(scope, headers)
        )
        if scope["type"] != "websocket":
            return self._request(scope, receive, send, headers=headers, refusal=refusal)
        if refusal is None:
            return self._sockets(scope, receive, send)
        return _refuse_socket(receive, send, refusal)

    async def _request(
        self,
        scope: Scope,
        receive: Receive,
        send: Send,
        *,
        headers: dict[str, str],
        refusal: EarlyAnswer | None,
    ) -> None:
        origin = headers.get("origin", "")
        if refusal is not None:
            known = origin if origin.lower() in self._origins else ""
            await _answer(receive, send, refusal, origin=known)
        elif scope["method"] == "OPTIONS" and origin:
            await _answer(receive, send, EarlyAnswer(204, ""), origin=origin)
        else:
            await self._pass(scope, receive, send, headers=headers)

    def _stranger(self, headers: dict[str, str]) -> EarlyAnswer | None:
        if headers.get("host", "").lower() not in self._hosts:
            return EarlyAnswer(
                421, "this server is not known under that Host; start it with --allow-host"
            )
        origin = headers.get("origin")
        if origin is not None and origin.lower() not in self._origins:
            return EarlyAnswer(403, "pages of this Origin may not use the server; see CORS_ORIGINS")
        if headers.get("sec-fetch-site") == "cross-site" and origin is None:
            return EarlyAnswer(403, "requests of other sites are refused")
        return None

    def _too_often(self, scope: Scope, headers: dict[str, str]) -> EarlyAnswer | None:
        """Refuses who comes too often, and who has no key."""
        address, now = self._address(scope), time.monotonic()
        for rate, what in ((self._requests, "requests"), (self._wrong_keys, "wrong keys")):
            if rate.left(address, now) < 1 and scope["path"] not in OPEN:
                seconds = math.ceil(rate.wait(address, now))
                return EarlyAnswer(
                    429, f"too many {what} from {address}: try again in {seconds} s", seconds
                )
        self._requests.take(address, now)
        refusal = self._without_key(scope, headers)
        if refusal is not None:
            self._wrong_keys.take(address, now)
        return refusal

    def _address(self, scope: Scope) -> str:
        peer = str((scope.get("client") or ("",))[0])
        return sender_of(peer, scope["headers"], self._proxies)

    def _count_wrong(self, scope: Scope) -> None:
        self._wrong_keys.take(self._address(scope), time.monotonic())

    def _without_key(self, scope: Scope, headers: dict[str, str]) -> EarlyAnswer | None:
        origin = headers.get("origin")
        preflight = scope["type"] == "http" and scope["method"] == "OPTIONS"
        if not self._key or scope["path"] in OPEN or (preflight and origin is not None):
            return None
        if hmac.compare_digest(given_key(scope, headers), self._key):
            return None
        return EarlyAnswer(401, "the key is missing or wrong: send X-API-Key (a socket: ?token=)")

    async def _pass(
        self, scope: Scope, receive: Receive, send: Send, *, headers: dict[str, str]
    ) -> None:
        origin = headers.get("origin", "")
        announced = headers.get("content-length", "0")
        limit = MAX_BODY_BYTES_OF.get(scope["path"], MAX_BODY_BYTES)
        if not announced.isdecimal() or int(announced[:20]) > limit:
            await _answer(receive, send, EarlyAnswer(413, TOO_LARGE.format(limit)), origin=origin)
            return
        read, too_large, begun = 0, False, False

        async def bounded() -> Message:
            nonlocal read, too_large
            message = await receive()
            read += len(message.get("body", b""))
            if read > limit:
                too_large = True
                raise _TooLarge
            return message

        async def with_headers(message: Message) -> None:
            nonlocal begun
            # What is behind us may have made another answer of the refusal to read on.
            if too_large:
                return
            if message["type"] == "http.response.start":
                begun = True
                chosen = {name.lower() for name, _ in message["headers"]}
                safe = [each for each in SAFE_HEADERS if each[0] not in chosen]
                message["headers"] = [*message["headers"], *safe, *_cors(origin)]
            try:
                async with asyncio.timeout(self._send_seconds):
                    await send(message)
            except TimeoutError:
                raise _TooSlow from None

        with suppress(_TooLarge, _TooSlow):
            await self._app(scope, bounded, with_headers)
        if too_large and begun:
            await send({"type": "http.response.body", "body": b""})
        elif too_large:
            await _answer(receive, send, EarlyAnswer(413, TOO_LARGE.format(limit)), origin=origin)


def _single(scope: Scope) -> tuple[dict[str, str], str]:
    """Returns the headers that decide something, and the name of one that is there twice."""
    found: dict[str, str] = {}
    once = {
        "transfer-encoding",
        "host",
        "origin",
        "content-length",
        "x-api-key",
        "authorization",
        "sec-fetch-site",
    }
    for raw_name, raw_value in scope["headers"]:
        name = raw_name.decode("latin-1").lower()
        if name in once:
            if name in found:
                return found, name
            found[name] = raw_value.decode("latin-1")
    return found, ""


def _misshapen(scope: Scope, headers: dict[str, str]) -> EarlyAnswer | None:
    """Refuses what a proxy before us could read in another way, and what is too large."""
    if scope.get("http_version") not in ("1.0", "1.1"):
        return EarlyAnswer(505, "send HTTP/1.1")
    if "transfer-encoding" in headers and "content-length" in headers:
        return EarlyAnswer(400, "both Transfer-Encoding and Content-Length are there")
    target = len(scope.get("raw_path") or b"") + len(scope["query_string"])
    if target > MAX_TARGET_BYTES:
        return EarlyAnswer(414, f"the address has more than {MAX_TARGET_BYTES} bytes")
    size = sum(len(name) + len(value) for name, value in scope["headers"])
    if size > MAX_HEAD_BYTES or len(scope["headers"]) > MAX_HEADERS:
        return EarlyAnswer(431, f"at most {MAX_HEADERS} headers with {MAX_HEAD_BYTES} bytes")
    return None


def _cors(origin: str) -> list[tuple[bytes, bytes]]:
    if not origin:
        return []
    return [
        (b"access-control-allow-origin", origin.encode("latin-1")),
        (b"access-control-allow-methods", ALLOWED_METHODS),
        (b"access-control-allow-headers", ALLOWED_HEADERS),
        (b"access-control-expose-headers", SHOWN_HEADERS),
        (b"vary", b"Origin"),
    ]


async def _refuse_socket(receive: Receive, send: Send, refusal: EarlyAnswer) -> None:
    # Before it is accepted, a closed socket is answered with 403.
    await receive()
    await send({"type": "websocket.close", "code": 4000 + refusal.status, "reason": refusal.text})


async def _answer(receive: Receive, send: Send, answer: EarlyAnswer, *, origin: str = "") -> None:
    await answer_early(receive, send, answer, headers=(*SAFE_HEADERS, *_cors(origin)))
