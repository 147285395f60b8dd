"""MCP servers over HTTP, real ones of the library, one after the other at a port."""

import os
import signal
import socket
import subprocess
import sys
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from support.chats import wait_until


@dataclass
class HttpServers:
    """A program that has loaded the library, and forks each server from itself."""

    program: "subprocess.Popen[str]"
    port: int

    @contextmanager
    def serving(self) -> Generator[None]:
        assert self.program.stdin
        assert self.program.stdout
        self.program.stdin.write("start\n")
        self.program.stdin.flush()
        process = int(self.program.stdout.readline())
        try:
            wait_until(self._answers)
            yield
        finally:
            os.kill(process, signal.SIGKILL)

    def _answers(self) -> bool:
        with socket.socket() as wire:
            return wire.connect_ex(("127.0.0.1", self.port)) == 0


@contextmanager
def http_servers(program: Path, *, token: str) -> Generator[HttpServers]:
    """`program` is a copy of `fixtures/mcp/notes.py`."""
    port = _free_port()
    with subprocess.Popen(
        [sys.executable, str(program), "http", token, str(port)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        yield HttpServers(process, port)


def _free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])
