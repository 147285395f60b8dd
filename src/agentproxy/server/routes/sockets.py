"""The sockets of conversations. Each is open for long, so nothing stands around it."""

import re

from fastapi import WebSocket
from pydantic import NonNegativeInt, TypeAdapter, ValidationError
from starlette.types import ASGIApp, Receive, Scope, Send

from agentproxy.app.chat.host import ChatHost
from agentproxy.events.envelope import RunId
from agentproxy.server.chat.socket import SendAtOnce, serve_socket
from agentproxy.server.entrance.sign_in.port import FOUND, Person
from agentproxy.server.socket_protocol import SEND_AT_ONCE

REFUSED = 1008
_PATH = re.compile(r"/api/chat/([^/]+)/ws")
_AFTER: TypeAdapter[NonNegativeInt | None] = TypeAdapter(NonNegativeInt | None)


def socket_routes(host: ChatHost) -> ASGIApp:
    """Returns what serves the sockets of /api/chat."""

    async def serve(scope: Scope, receive: Receive, send: Send) -> None:
        found = _PATH.fullmatch(scope["path"])
        socket = WebSocket(scope, receive, send)
        if found is None:
            await socket.close()
            return
        try:
            after = _AFTER.validate_python(socket.query_params.get("after"))
        except ValidationError:
            await socket.close(REFUSED)
            return
        # The library clears the scope with the acceptance.
        person, at_once = scope.get(FOUND), _send_at_once(scope)
        until = person.until if isinstance(person, Person) else None
        await socket.accept()
        run = RunId(found[1])
        await serve_socket(socket, host, run, after=after, send_at_once=at_once, until=until)

    return serve


def _send_at_once(scope: Scope) -> SendAtOnce:
    extension = scope.get("extensions", {}).get(SEND_AT_ONCE, {})
    return extension.get("send", _never)


def _never(_text: bytes) -> bool:
    return False
