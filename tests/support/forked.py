"""Starts `pa` and `pa-server`, forked from a process that has imported them (`fork_server.py`).

To import them takes longer than most commands, and than most tests of a server. What is tested
about the very start of a process, or its signals, starts one anew: `Pa.start`.
"""

import atexit
import contextlib
import json
import os
import select
import signal
import socket
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import IO, Protocol

SERVER = Path(__file__).with_name("fork_server.py")
READY, MOST_SAID = b"ready", 4096  # as fork_server.py has them
STARTS_WITHIN = 120.0
CURE = "run .venv/bin/pip install --require-hashes -r requirements/dev.txt"
PIPE = 1 << 16  # bytes that a pipe holds without a reader
BEFORE_IMPORTS = ("PYTHON", "LC_", "LANG", "LD_", "TZ")


class CannotFork(Exception):
    """The process that is forked cannot import all of ours. The text names what is missing."""


class Running(Protocol):
    """A process that was started: forked, or by `subprocess`."""

    @property
    def pid(self) -> int: ...
    def poll(self) -> int | None: ...
    def wait(self, timeout: float | None = None) -> int: ...
    def send_signal(self, sig: int) -> None: ...
    def kill(self) -> None: ...


@dataclass
class Forked:
    """As a process of `subprocess`. Its parent is the process that it was forked from."""

    pid: int
    arguments: Sequence[str]
    _ended: IO[str]
    _code: int | None = None

    def poll(self) -> int | None:
        return self._code if self._code is not None else self._heard(0)

    def wait(self, timeout: float | None = None) -> int:
        code = self._code if self._code is not None else self._heard(timeout)
        if code is None:
            raise subprocess.TimeoutExpired([*self.arguments], timeout or 0)
        return code

    def send_signal(self, sig: int) -> None:
        if self.poll() is None:
            with contextlib.suppress(ProcessLookupError):  # it ends just now
                os.kill(self.pid, sig)

    def kill(self) -> None:
        self.send_signal(signal.SIGKILL)

    def _heard(self, patience: float | None) -> int | None:
        """Its exit code, if it is said in time."""
        if not select.select([self._ended], [], [], patience)[0]:
            return None
        self._code = int(self._ended.readline())
        self._ended.close()
        return self._code


def fork(
    arguments: Sequence[str],
    streams: Sequence[int],
    *,
    cwd: Path,
    env: Mapping[str, str],
    program: str = "main",
    session: bool = False,
) -> Forked:
    """Start `pa`, or `pa-server` by the name `serve`. The caller closes the three streams."""
    assert can_be_forked(env)
    end, end_end = os.pipe()
    ended = os.fdopen(end, buffering=1)
    with tempfile.TemporaryFile("w+") as request:
        asked = {"program": program, "session": session, "arguments": [*arguments]}
        json.dump({**asked, "cwd": str(cwd), "env": {**env}}, request)
        request.seek(0)
        socket.send_fds(_server(), [b"fork"], [request.fileno(), *streams, end_end])
    os.close(end_end)
    return Forked(int(ended.readline()), arguments, ended)


def run_pa(
    arguments: Sequence[str], *, cwd: Path, env: Mapping[str, str], stdin: str, patience: float
) -> "subprocess.CompletedProcess[str]":
    """As `subprocess.run` with captured text."""
    if can_be_forked(env):
        return _run_forked(arguments, cwd=cwd, env=env, stdin=stdin, patience=patience)
    return subprocess.run(
        [sys.executable, "-m", "agentproxy", *arguments],
        cwd=cwd,
        env=env,
        input=stdin,
        capture_output=True,
        text=True,
        timeout=patience,
        check=False,
    )


def start_pa_server(
    arguments: Sequence[str], *, cwd: Path, env: Mapping[str, str], errors: IO[str]
) -> tuple[Running, str]:
    """The process, and the first line that it says."""
    out, stdout_end = os.pipe()
    nothing = Path(os.devnull).open()  # noqa: SIM115 - closed with the others
    with os.fdopen(out) as said, os.fdopen(stdout_end, "w") as stdout, nothing:
        if can_be_forked(env):
            streams = [nothing.fileno(), stdout.fileno(), errors.fileno()]
            process: Running = fork(arguments, streams, cwd=cwd, env=env, program="serve")
        else:
            process = subprocess.Popen(
                [sys.executable, "-m", "agentproxy.server", *arguments],
                cwd=cwd,
                env=env,
                stdin=nothing,
                stdout=stdout,
                stderr=errors,
            )
        stdout.close()
        return process, said.readline()


def can_be_forked(env: Mapping[str, str]) -> bool:
    """Whether it has what Python, C or the loader heed only at their start as we have it."""
    return _heeded(env) == _heeded(os.environ)


def heeded_at_start() -> dict[str, str]:
    """Those variables of ours that a process needs to be forked."""
    return _heeded(os.environ)


def _heeded(env: Mapping[str, str]) -> dict[str, str]:
    # An empty variable is the same as none to them, except that of the time zone: then it is UTC.
    names = [name for name, text in env.items() if text or name == "TZ"]
    return {name: env[name] for name in names if name.startswith(BEFORE_IMPORTS)}


def _run_forked(
    arguments: Sequence[str], *, cwd: Path, env: Mapping[str, str], stdin: str, patience: float
) -> "subprocess.CompletedProcess[str]":
    given = stdin.encode()
    assert len(given) < PIPE
    (stdin_end, feed), (out, stdout_end), (err, stderr_end) = (os.pipe() for _ in range(3))
    with os.fdopen(out) as said, os.fdopen(err) as complained, ThreadPoolExecutor(2) as readers:
        theirs = [stdin_end, stdout_end, stderr_end]
        process = fork(arguments, theirs, cwd=cwd, env=env)
        for stream in theirs:
            os.close(stream)
        with os.fdopen(feed, "wb", buffering=0) as stdin_file, contextlib.suppress(BrokenPipeError):
            stdin_file.write(given)
        texts = [readers.submit(stream.read) for stream in (said, complained)]
        try:
            code = process.wait(patience)
        except subprocess.TimeoutExpired:
            process.kill()
            raise
        stdout, stderr = (text.result(patience) for text in texts)
    return subprocess.CompletedProcess(["pa", *arguments], code, stdout, stderr)


@cache
def _server() -> socket.socket:
    """One for all tests of this process; it ends when we do, for then nobody can ask any more."""
    ours, server = start_fork_server(os.environ)

    def end() -> None:
        ours.close()
        server.wait()

    atexit.register(end)
    return ours


def start_fork_server(
    env: Mapping[str, str],
) -> "tuple[socket.socket, subprocess.Popen[bytes]]":
    """The way to it, once it has imported everything. Raises CannotFork where it cannot."""
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    with theirs:
        server = subprocess.Popen(
            [sys.executable, SERVER, str(theirs.fileno())],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            pass_fds=[theirs.fileno()],
            env={name: text for name, text in env.items() if "PYTEST" not in name},
        )
    ours.settimeout(STARTS_WITHIN)
    said = ours.recv(MOST_SAID)
    ours.settimeout(None)
    if said != READY:
        ours.close()
        server.wait()
        raise CannotFork(f"{said.decode() or 'it ended'}; {CURE}")
    return ours, server
