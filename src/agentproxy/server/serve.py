"""Runs the server until it is told to stop."""

import asyncio
import gc
import ipaddress
import logging
import signal
import socket as sockets
from collections.abc import AsyncGenerator, Awaitable, Callable, Generator, Mapping, Sequence
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

import uvicorn

from agentproxy.app.allowed_folders import AllowedFolders, NotAllowed, allowed_folders
from agentproxy.app.chat.host import ChatHost, open_host
from agentproxy.app.chat.resuming import resume_all
from agentproxy.app.chat.services import UnknownSetting
from agentproxy.app.context import App, open_app
from agentproxy.app.logs import redacted_log
from agentproxy.app.supervised_host import SupervisedHost
from agentproxy.models.port import ModelRefused
from agentproxy.server.application import Hosts, build_application, origins_of
from agentproxy.server.connections import (
    PunctualProtocol,
    make_room_for_connections,
    punctual_protocol,
)
from agentproxy.server.entrance.doors import Doors
from agentproxy.server.entrance.sign_in.port import SignIn
from agentproxy.server.senders import networks
from agentproxy.server.socket_protocol import SocketProtocol

LOOPBACK = ("localhost", "127.0.0.1", "[::1]")
MAX_MESSAGE_BYTES = 1 << 20
KEEP_ALIVE_SECONDS = 30
LOG = logging.getLogger(__name__)
EXTRA = "pip install 'agentproxy[server]'"
CLIENT_ID = "GOOGLE_CLIENT_ID"
NOBODY_ALLOWED = (
    "GOOGLE_CLIENT_ID is set and SIGN_IN_ALLOWED is not, so no account is let in: set it to "
    "addresses and @domains with commas between them, such as ada@example.com, @example.com"
)
STOPPING = (signal.SIGINT, signal.SIGTERM)


class CannotServe(Exception):
    """The server cannot start. `cure` says what a person can do."""

    def __init__(self, message: str, *, cure: str) -> None:
        super().__init__(message)
        self.cure = cure


@dataclass(frozen=True, slots=True)
class ServeOptions:
    """Where the server listens, and under which other names it is known."""

    host: str = "127.0.0.1"
    port: int = 8000  # 0 takes any free one
    allow_hosts: Sequence[str] = ()
    allow_dirs: Sequence[str] = ()  # where clients may have tasks done; without any, the start


class _Server(uvicorn.Server):
    """Ends cleanly at a signal. The library would raise the signal again after that."""

    def __init__(
        self,
        config: uvicorn.Config,
        *,
        park: Callable[[], Awaitable[None]],
        say: Callable[[], None],
    ) -> None:
        super().__init__(config)
        self._park = park
        self._say = say

    async def startup(self, sockets: list[sockets.socket] | None = None) -> None:
        await super().startup(sockets)
        # Who reads it may end the server at once: from here on a signal ends it cleanly.
        if not self.should_exit:
            self._say()

    async def shutdown(self, sockets: list[sockets.socket] | None = None) -> None:
        # First, so that the streams of runs come to their end by themselves.
        await self._park()
        await super().shutdown(sockets)

    @contextmanager
    def capture_signals(self) -> Generator[None]:
        loop = asyncio.get_running_loop()
        for number in STOPPING:
            loop.add_signal_handler(number, partial(self.handle_exit, number, None))
        try:
            yield
        finally:
            for number in STOPPING:
                loop.remove_signal_handler(number)


async def serve(
    environ: Mapping[str, str],
    directory: Path,
    options: ServeOptions,
    *,
    say: Callable[[str], None],
) -> None:
    """Serves until SIGINT or SIGTERM. Raises CannotServe, BadSetting, BadFile, SandboxError."""
    async with open_app(environ, directory, serves=True, say=LOG.warning) as app:
        with redacted_log(app.redact):
            await _serve(app, directory, options, say=say)


async def _serve(
    app: App, directory: Path, options: ServeOptions, *, say: Callable[[str], None]
) -> None:
    _refuse_open_door(options, app)
    allowed = _allowed(directory, options)
    async with _open_sign_in(app) as sign_in:
        await _serve_all(app, directory, options, allowed=allowed, sign_in=sign_in, say=say)


async def _serve_all(
    app: App,
    directory: Path,
    options: ServeOptions,
    *,
    allowed: AllowedFolders,
    sign_in: SignIn | None,
    say: Callable[[str], None],
) -> None:
    listener = _listen(options)
    options = replace(options, port=listener.getsockname()[1])
    chats = await open_host(await app.project(directory), cleans=True)
    supervised = SupervisedHost(app, allowed, most=app.settings.chat.max_running_tasks)
    _tune()
    try:
        await _require_named(chats)
        application = build_application(Hosts(chats, supervised), _doors(options, app, sign_in))
        address = f"http://{_bracketed(options.host)}:{options.port}"
        server = _Server(
            _config(application, _protocol(app)),
            park=supervised.close,
            say=lambda: say(f"Agent Proxy serves {address}"),
        )
        await resume_all(chats)
        await chats.services.workspaces.restore()
        warming = asyncio.create_task(chats.warm_up())
        await server.serve(sockets=[listener])
        await asyncio.wait({warming})
    finally:
        await supervised.close()
        await chats.close()
        listener.close()


async def _require_named(chats: ChatHost) -> None:
    # Otherwise every client would be refused for what it did not ask for.
    try:
        await asyncio.to_thread(chats.services.require_named)
    except UnknownSetting as error:
        raise CannotServe(str(error), cure=error.cure) from error


def _tune() -> None:
    # What is loaded now stays. A full collection would look at it again and again, and stop all
    # streams meanwhile.
    gc.collect()
    gc.freeze()
    # A collection of the middle generation stops all streams for as long as it has objects: with
    # 1,000 conversations 50,000 take 15 ms, and 200,000 took 100 ms.
    gc.set_threshold(10_000, 4, 100)


def _allowed(directory: Path, options: ServeOptions) -> AllowedFolders:
    try:
        return allowed_folders(directory, tuple(options.allow_dirs))
    except NotAllowed as error:
        raise CannotServe(f"--allow-dir: {error}", cure=error.cure) from error


def _refuse_open_door(options: ServeOptions, app: App) -> None:
    settings = app.settings.chat
    if not _is_loopback(options.host) and not (settings.api_key or settings.google_client_id):
        raise CannotServe(
            f"{options.host} can be reached from other machines, and there is no API_KEY",
            cure="set API_KEY or GOOGLE_CLIENT_ID, or leave --host out",
        )


def _refuse_lost_sign_in(app: App) -> None:
    # Who wrote it there believes that the door is shut.
    for name in app.settings.ignored:
        if name.endswith(CLIENT_ID):
            raise CannotServe(
                f"{name} of .env does not count, so nobody would have to sign in",
                cure="run pa trust, or set it in the environment",
            )


@asynccontextmanager
async def _open_sign_in(app: App) -> AsyncGenerator[SignIn | None]:
    settings = app.settings.chat
    if settings.google_client_id is None:
        _refuse_lost_sign_in(app)
        yield None
        return
    if not settings.sign_in_allowed:
        LOG.warning("%s", NOBODY_ALLOWED)
    try:
        # Loaded only here: it takes as long as much else of a start.
        from agentproxy.server.entrance.sign_in.google import google_sign_in

        sign_in = google_sign_in(
            settings.google_client_id, settings.sign_in_allowed, settings.google_certs_url
        )
    except ImportError as error:
        raise CannotServe(f"{error.name} is not installed", cure=EXTRA) from error
    except ModelRefused as error:
        raise CannotServe(str(error), cure=error.cure) from error
    try:
        yield sign_in
    finally:
        await sign_in.close()


def _doors(options: ServeOptions, app: App, sign_in: SignIn | None) -> Doors:
    settings = app.settings.chat
    names = [
        *(LOOPBACK if _is_loopback(options.host) else ()),
        _bracketed(options.host),
        *options.allow_hosts,
    ]
    hosts = frozenset(each.lower() for name in names for each in (name, f"{name}:{options.port}"))
    own = [f"http://{name}:{options.port}" for name in names]
    origins = origins_of(settings.cors_origins, own)
    proxies = networks(settings.trusted_proxies)
    return Doors(hosts, origins, settings.api_key or "", proxies, sign_in)


def _is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _bracketed(host: str) -> str:
    return f"[{host}]" if ":" in host else host


def _listen(options: ServeOptions) -> sockets.socket:
    family = sockets.AF_INET6 if ":" in options.host else sockets.AF_INET
    listener = sockets.socket(family, sockets.SOCK_STREAM)
    listener.setsockopt(sockets.SOL_SOCKET, sockets.SO_REUSEADDR, 1)
    try:
        listener.bind((options.host, options.port))
        listener.listen(1024)
    except OSError as error:
        listener.close()
        raise CannotServe(
            f"{options.host}:{options.port} cannot be listened on: {error.strerror}",
            cure="choose another --port",
        ) from error
    listener.setblocking(False)  # noqa: FBT003 - the library's signature
    return listener


def _protocol(app: App) -> type[PunctualProtocol]:
    settings = app.settings.chat
    head, body = settings.request_head_timeout, settings.request_body_timeout
    return punctual_protocol(head_seconds=head, body_seconds=body)


def _config(application: object, protocol: type[PunctualProtocol]) -> uvicorn.Config:
    logging.getLogger("uvicorn.error").setLevel(logging.WARNING)
    return uvicorn.Config(
        app=application,  # pyright: ignore[reportArgumentType] - any ASGI application
        interface="asgi3",  # which is guessed from a function that waits, and ours has none
        http=protocol,
        ws=SocketProtocol,
        lifespan="off",
        log_config=None,  # ours, which is redacted
        log_level="warning",
        access_log=False,
        server_header=False,
        proxy_headers=False,
        ws_max_size=MAX_MESSAGE_BYTES,
        # Its buffers take 100 KB and more for each socket, and half of the CPU of a short message.
        ws_per_message_deflate=False,
        limit_concurrency=make_room_for_connections(),
        timeout_keep_alive=KEEP_ALIVE_SECONDS,
        timeout_graceful_shutdown=5,
    )


def run_server(
    environ: Mapping[str, str],
    directory: Path,
    options: ServeOptions,
    *,
    say: Callable[[str], None],
) -> None:
    asyncio.run(serve(environ, directory, options, say=say))
