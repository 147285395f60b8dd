"""Kills sandboxes that would outlive this process because it died during their start.

Also the program of the watcher, which uses only the standard library.
"""

import contextlib
import os
import signal
import sys
import time
import uuid
from dataclasses import dataclass
from pathlib import Path

# Several times, because a process may just be starting.
_PAUSES = (0.0, 0.02, 0.05, 0.1, 0.2)  # seconds before each kill


@dataclass(frozen=True, slots=True)
class _Watch:
    owner: int
    name: str
    watcher: int
    lifeline: int


_watches: list[_Watch] = []


def common_name() -> str:
    """Returns a name for argv[0]. A process with this name is killed when this process dies."""
    current = _watches[-1] if _watches else None
    if current is not None and current.owner == os.getpid() and _lives(current.watcher):
        return current.name
    if current is not None:
        os.close(current.lifeline)
    _watches.append(_begin(f"agentproxy-{uuid.uuid4().hex}"))
    return _watches[-1].name


def _lives(watcher: int) -> bool:
    try:
        return os.waitpid(watcher, os.WNOHANG) == (0, 0)
    except ChildProcessError:
        return False


# Bubblewrap's inner process waits for the outer one before it is bound to it. If this process is
# killed in that millisecond, the outer process dies and the inner one waits for ever. So a watcher
# waits for the end of a pipe that only this process holds, and then kills what has the name.
def _begin(name: str) -> _Watch:
    reading, lifeline = os.pipe()
    devnull = os.open(os.devnull, os.O_RDWR)
    try:
        watcher = os.posix_spawn(
            sys.executable,
            (sys.executable, "-I", "-S", __file__, name),
            {},
            file_actions=[
                (os.POSIX_SPAWN_DUP2, reading, 0),
                (os.POSIX_SPAWN_DUP2, devnull, 1),
                (os.POSIX_SPAWN_DUP2, devnull, 2),
            ],
            setsid=True,
        )
    finally:
        os.close(reading)
        os.close(devnull)
    return _Watch(os.getpid(), name, watcher, lifeline)


def kill_all(name: str) -> None:
    for folder in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            if (folder / "cmdline").read_bytes().startswith(name.encode() + b"\0"):
                os.kill(int(folder.name), signal.SIGKILL)


def main(name: str) -> None:
    """Waits until the pipe on standard input ends, then kills."""
    # A signal to the whole process group must not end the watcher.
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    while os.read(0, 4096):
        pass
    for pause in _PAUSES:
        time.sleep(pause)
        kill_all(name)


if __name__ == "__main__":
    main(sys.argv[1])
