"""A terminal of its own for a program: what it shows is read, and keys are pressed."""

import os
import pty
import re
import select
import subprocess
import time
from collections.abc import Callable, Generator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from support.forked import Running, fork

PATIENCE = 30.0
ESCAPES = re.compile(rb"\x1b\[[0-9;?]*[A-Za-z]|\x1b\][^\x07]*\x07|\x1b[=>()][0-9A-Z]?|\r")
CTRL_C, CTRL_D = "\x03", "\x04"


@dataclass
class Terminal:
    """What a program has shown, without its colours, and the keys for it."""

    process: Running
    screen: int
    seen: bytes = b""
    read_to: int = 0  # in `shown`

    @property
    def shown(self) -> str:
        return ESCAPES.sub(b"", self.seen).decode(errors="replace")

    def press(self, keys: str) -> None:
        os.write(self.screen, keys.encode())

    def enter(self, line: str) -> None:
        self.press(line + "\r")

    def until(self, *texts: str, patience: float = PATIENCE) -> str:
        """What is shown from where the last call ended, until all of these are there."""
        end = time.monotonic() + patience
        while missing := [text for text in texts if text not in self.shown[self.read_to :]]:
            came = self.shown[self.read_to :]
            assert time.monotonic() < end, f"{missing} is not in {came!r}"
            assert self._read(), f"{missing} is not in {came!r}, and it ended"
        places = [self.shown.index(text, self.read_to) + len(text) for text in texts]
        came, self.read_to = self.shown[self.read_to : max(places)], max(places)
        return came

    def end(self, patience: float = PATIENCE) -> int:
        """The exit code, once it has ended."""
        end = time.monotonic() + patience
        while self._read() and time.monotonic() < end:
            pass
        return self.process.wait(timeout=patience)

    def _read(self) -> bool:
        readable, _, _ = select.select([self.screen], [], [], 0.1)
        if not readable:
            return True
        try:
            chunk = os.read(self.screen, 1 << 16)
        except OSError:  # nobody has the other end any more
            return False
        self.seen += chunk
        return bool(chunk)


Starting = Callable[[int, Path, Mapping[str, str]], Running]


def anew(command: Sequence[str]) -> Starting:
    """Starts a program in a session of its own, with the terminal as its three streams."""

    def start(terminal: int, cwd: Path, env: Mapping[str, str]) -> Running:
        return subprocess.Popen(
            command,
            cwd=cwd,
            env=env,
            stdin=terminal,
            stdout=terminal,
            stderr=terminal,
            start_new_session=True,
        )

    return start


def forked(arguments: Sequence[str]) -> Starting:
    """Starts `pa` with these arguments, forked from a process that has imported it."""

    def start(terminal: int, cwd: Path, env: Mapping[str, str]) -> Running:
        return fork(arguments, [terminal] * 3, cwd=cwd, env=env, session=True)

    return start


@contextmanager
def at_terminal(start: Starting, *, cwd: Path, env: Mapping[str, str]) -> Generator[Terminal]:
    """A program at a terminal of 100 columns. It is killed at the end where it still runs."""
    ours, theirs = pty.openpty()
    os.set_blocking(ours, True)
    size = {
        "COLUMNS": "100",
        "LINES": "40",
        "PROMPT_TOOLKIT_NO_CPR": "1",
        "TERM": env.get("TERM", "xterm"),
    }
    process = start(theirs, cwd, {**env, **size})
    os.close(theirs)
    try:
        yield Terminal(process, ours)
    finally:
        process.kill()
        process.wait()
        os.close(ours)
