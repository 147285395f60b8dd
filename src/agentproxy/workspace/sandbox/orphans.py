"""Kills sandboxes that would outlive this process because it died during their start."""

import os
import sys
import uuid
from dataclasses import dataclass
from pathlib import Path

_WATCHER = str(Path(__file__).with_name("watcher.py"))


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
        _watches.clear()  # before the close: should no watcher start, it is not closed again
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
            (sys.executable, "-I", "-S", _WATCHER, name),
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
