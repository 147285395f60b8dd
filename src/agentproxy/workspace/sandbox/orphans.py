"""What would outlive us although everything is bound to us: sandboxes killed while they begin.

Bubblewrap's inner process waits for the outer one before it is bound to it; when we are killed in
this millisecond, the outer dies and the inner waits for ever. So a process of ours waits too, for
the end of a pipe that only we hold, and then kills what bears our name. Its part is run alone, with
the standard library only; the argument is the name, standard input the pipe.
"""

import contextlib
import os
import signal
import sys
import time
import uuid
from dataclasses import dataclass
from pathlib import Path

_LOOKS = (0.0, 0.02, 0.05, 0.1, 0.2)  # seconds between: what was about to be born is found too


@dataclass(frozen=True, slots=True)
class _Watch:
    owner: int
    name: str
    watcher: int
    lifeline: int


_watches: list[_Watch] = []


def common_name() -> str:
    """The first word of a command line; whoever bears it does not outlive this process for long."""
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
    """Kill every process whose command line begins with this name."""
    for folder in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            if (folder / "cmdline").read_bytes().startswith(name.encode() + b"\0"):
                os.kill(int(folder.name), signal.SIGKILL)


def main(name: str) -> None:
    """Wait until the pipe ends, then clear up."""
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    while os.read(0, 4096):
        pass
    for pause in _LOOKS:
        time.sleep(pause)
        kill_all(name)


if __name__ == "__main__":
    main(sys.argv[1])
