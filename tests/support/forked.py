"""Runs `pa` to its end, in a process forked from one that has imported it (`fork_server.py`).

To import it takes longer than most commands. What is tested about the very start of a process,
its signals or its death starts one anew: `Pa.start`.
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
from functools import cache
from pathlib import Path

SERVER = Path(__file__).with_name("fork_server.py")
READY, MOST_SAID = b"ready", 4096  # as fork_server.py has them
STARTS_WITHIN = 120.0
CURE = "run .venv/bin/pip install --require-hashes -r requirements/dev.txt"
PIPE = 1 << 16  # bytes that a pipe holds without a reader
BEFORE_IMPORTS = ("PYTHON", "LC_", "LANG", "LD_", "TZ")


class CannotFork(Exception):
    """The process that is forked cannot import all of ours. The text names what is missing."""


def run_pa(
    arguments: Sequence[str], *, cwd: Path, env: Mapping[str, str], stdin: str, patience: float
) -> "subprocess.CompletedProcess[str]":
    """As `subprocess.run` with captured text."""
    if _can_be_forked(env):
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


def _can_be_forked(env: Mapping[str, str]) -> bool:
    """Whether it has what Python, C or the loader heed only at their start as we have it."""
    names = env.keys() | os.environ.keys()
    heeded = [name for name in names if name.startswith(BEFORE_IMPORTS)]
    return all(env.get(name) == os.environ.get(name) for name in heeded)


def _run_forked(
    arguments: Sequence[str], *, cwd: Path, env: Mapping[str, str], stdin: str, patience: float
) -> "subprocess.CompletedProcess[str]":
    given = stdin.encode()
    assert len(given) < PIPE
    (stdin_end, feed), (out, stdout_end), (err, stderr_end), (end, end_end) = (
        os.pipe() for _ in range(4)
    )
    with (
        tempfile.TemporaryFile("w+") as request,
        os.fdopen(out) as said,
        os.fdopen(err) as complained,
        os.fdopen(end) as ended,
        ThreadPoolExecutor(2) as readers,
    ):
        json.dump({"arguments": [*arguments], "cwd": str(cwd), "env": {**env}}, request)
        request.seek(0)
        theirs = [stdin_end, stdout_end, stderr_end, end_end]
        socket.send_fds(_server(), [b"fork"], [request.fileno(), *theirs])
        for stream in theirs:
            os.close(stream)
        with os.fdopen(feed, "wb", buffering=0) as stdin_file, contextlib.suppress(BrokenPipeError):
            stdin_file.write(given)
        texts = [readers.submit(stream.read) for stream in (said, complained)]
        process = int(ended.readline())
        if not select.select([ended], [], [], patience)[0]:
            os.kill(process, signal.SIGKILL)
            raise subprocess.TimeoutExpired(["pa", *arguments], patience)
        code = int(ended.readline())
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
