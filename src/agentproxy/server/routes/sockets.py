"""The sockets of conversations. Each is open for long, so little stands around it."""

from fastapi import WebSocket
from pydantic import NonNegativeInt, TypeAdapter, ValidationError
from starlette.routing import Router, WebSocketRoute
from starlette.types import Receive, Scope, Send

from agentproxy.app.chat.host import ChatHost
from agentproxy.events.envelope import RunId
from agentproxy.server.chat.socket import serve_socket

REFUSED = 1008
_AFTER: TypeAdapter[NonNegativeInt | None] = TypeAdapter(NonNegativeInt | None)


class _Sockets:
    def __init__(self, host: ChatHost) -> None:
        self._host = host

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        socket = WebSocket(scope, receive, send)
        try:
            after = _AFTER.validate_python(socket.query_params.get("after"))
        except ValidationError:
            await socket.close(REFUSED)
            return
        await socket.accept()
        run = RunId(socket.path_params["conversation_id"])
        await serve_socket(socket, self._host, run, after=after)


def socket_routes(host: ChatHost) -> Router:
    """Returns what serves the sockets of /api/chat."""
    return Router([WebSocketRoute("/api/chat/{conversation_id}/ws", _Sockets(host))])
