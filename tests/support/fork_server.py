"""A process that has imported `pa`, and forks one for each request: an import costs over a second.

It is a script of its own. Over the socket that it inherits come the fork's streams, a file with
its arguments, folder and environment, and a pipe: into that it says the process, then its end.
"""

import atexit
import contextlib
import gc
import json
import os
import pkgutil
import selectors
import socket
import sys
import threading
from importlib import import_module
from typing import Any, NamedTuple

import agentproxy
from agentproxy.cli import main as programs

OURS = agentproxy.__name__
READY = b"ready"  # what it says first; otherwise what is missing
MOST_SAID = 4096
AT_MOST = 5  # files of a request: itself, the three standard streams, and where its end is said


class Fork(NamedTuple):
    """One that runs."""

    process: int
    ended: int


class Request(NamedTuple):
    """What is asked for; `files` are its standard streams, and where its end is said."""

    program: str  # a function of `programs`: `main` is `pa`, `serve` is `pa-server`
    session: bool  # whether it has a session of its own
    arguments: list[str]
    cwd: str
    env: dict[str, str]
    files: list[int]


def import_all() -> str:
    """Everything of ours, and with it the libraries that we use. What is missing for it, if any."""
    for module in pkgutil.walk_packages(agentproxy.__path__, f"{OURS}."):
        if not module.name.endswith("__main__"):
            try:
                import_module(module.name)
            except ImportError as error:
                return f"{module.name}: {error}"
    return ""


def serve(requests: socket.socket) -> Request | None:
    """Fork for each request. Returns it in the fork; nothing when nobody asks any more."""
    with selectors.DefaultSelector() as selector:
        selector.register(requests, selectors.EVENT_READ)
        while True:
            for key, _ in selector.select():
                if isinstance(key.data, Fork):
                    selector.unregister(key.fd)
                    os.close(key.fd)
                    say_end(key.data)
                    continue
                request = receive(requests)
                if request is None:
                    return None
                process = os.fork()
                if not process:
                    return request
                *streams, ended = request.files
                os.write(ended, f"{process}\n".encode())
                for stream in streams:
                    os.close(stream)
                watch = os.pidfd_open(process)
                selector.register(watch, selectors.EVENT_READ, Fork(process, ended))


def receive(requests: socket.socket) -> Request | None:
    """The next request."""
    _, files, _, _ = socket.recv_fds(requests, 1, AT_MOST)
    if not files:
        return None
    with os.fdopen(files[0]) as file:
        asked: dict[str, Any] = json.load(file)
    return Request(**asked, files=files[1:])


def leave_out_of_collections() -> None:
    """What is there now. Each fork would look through all of it time and again."""
    gc.freeze()


def say_end(fork: Fork) -> None:
    """Its exit code; that of a process that a signal ended is negative."""
    _, status = os.waitpid(fork.process, 0)
    with contextlib.suppress(BrokenPipeError):  # nobody waits any more
        os.write(fork.ended, f"{os.waitstatus_to_exitcode(status)}\n".encode())
    os.close(fork.ended)


def begin(request: Request) -> None:
    """Become as if started anew: with these streams and no other file."""
    if request.session:
        os.setsid()
    for number, stream in enumerate(request.files[:3]):
        os.dup2(stream, number)
    os.closerange(3, 1024)
    sys.stdin = open(0, closefd=False)  # noqa: SIM115
    sys.stdout = open(1, "w", closefd=False)  # noqa: SIM115
    sys.stderr = open(2, "w", buffering=1, errors="backslashreplace", closefd=False)  # noqa: SIM115
    os.chdir(request.cwd)
    os.environ.clear()
    os.environ.update(request.env)
    sys.argv = ["pa", *request.arguments]
    sys.path[0] = request.cwd


def end(code: object) -> None:
    """As Python ends, without the tenth of a second in which it would free each of our modules."""
    threading._shutdown()  # type: ignore[attr-defined]  # waits for threads, as those of executors
    atexit._run_exitfuncs()  # pyright: ignore[reportPrivateUsage]
    sys.stdout.flush()
    sys.stderr.flush()
    if isinstance(code, int):
        os._exit(code)


if __name__ == "__main__":
    missing = import_all()
    leave_out_of_collections()
    line = socket.socket(fileno=int(sys.argv[1]))
    line.send(missing.encode()[:MOST_SAID] or READY)
    if asked_for := None if missing else serve(line):
        begin(asked_for)
        try:
            getattr(programs, asked_for.program)()
        except SystemExit as ended:
            end(ended.code)
