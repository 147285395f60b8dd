"""Stands between us and a command that is not isolated, so that nothing of it stays behind.

Run alone: only the standard library. Arguments: our pid, limits as NAME=NUMBER, `--`, the command.
On Linux it adopts whatever the command leaves (also what has made a session of its own), and kills
it all when the command ends, when it is asked to by SIGTERM, and when we die.
"""

import contextlib
import ctypes
import os
import resource
import signal
import sys
import time
from pathlib import Path

_SUBREAPER = 36  # PR_SET_CHILD_SUBREAPER
_DEATH_SIGNAL = 1  # PR_SET_PDEATHSIG
_SECONDS = 8.0  # after which what will not die is left


def _adopt() -> None:
    if sys.platform != "linux":
        return
    libc = ctypes.CDLL(None)
    libc.prctl(_SUBREAPER, 1, 0, 0, 0)
    libc.prctl(_DEATH_SIGNAL, int(signal.SIGTERM), 0, 0, 0)


def _parents() -> dict[int, int]:
    """Every process and its parent, from /proc."""
    found: dict[int, int] = {}
    for folder in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):  # gone meanwhile
            fields = (folder / "stat").read_text().rpartition(")")[2].split()
            found[int(folder.name)] = int(fields[1])
    return found


def _descendants() -> list[int]:
    parents, kin = _parents(), {os.getpid()}
    while grown := {pid for pid, parent in parents.items() if parent in kin} - kin:
        kin |= grown
    return [pid for pid in kin if pid != os.getpid()]


def _signal_all(pids: list[int], number: int) -> None:
    for pid in pids:
        with contextlib.suppress(OSError):
            os.kill(pid, number)


def _reap() -> bool:
    """Collect the dead; false when there is nobody left to wait for."""
    try:
        while os.waitpid(-1, os.WNOHANG)[0]:
            pass
    except ChildProcessError:
        return False
    return True


def sweep(command: int) -> None:
    """Kill everything that came from the command, until nobody is left."""
    if command:
        with contextlib.suppress(OSError):
            os.killpg(command, signal.SIGKILL)
    deadline = time.monotonic() + _SECONDS
    while _reap() and time.monotonic() < deadline:
        if Path("/proc/self").is_dir():
            kin = _descendants()
            # First stopped: what forks faster than we can read would otherwise outrun us.
            _signal_all(kin, signal.SIGSTOP)
            _signal_all(kin, signal.SIGKILL)
        time.sleep(0.002)


def _become(command: list[str], limits: dict[str, int]) -> None:
    os.setpgid(0, 0)
    for name in (signal.SIGPIPE, signal.SIGXFSZ, signal.SIGTERM, signal.SIGINT):
        signal.signal(name, signal.SIG_DFL)
    for name, bound in limits.items():
        kind = getattr(resource, f"RLIMIT_{name}")
        hard = resource.getrlimit(kind)[1]
        held = bound if hard == resource.RLIM_INFINITY else min(bound, hard)
        resource.setrlimit(kind, (held, held))
    try:
        os.execvp(command[0], command)
    except OSError as error:
        os.write(2, f"{command[0]}: {error.strerror}\n".encode())
        os._exit(127 if isinstance(error, FileNotFoundError) else 126)


def main(arguments: list[str]) -> int:
    """Run the command to its end and clear up after it; its exit code, 128+N for a signal."""
    cut = arguments.index("--")
    limits = {
        name: int(bound) for name, _, bound in (word.partition("=") for word in arguments[1:cut])
    }
    command = 0

    def ask(number: int, _frame: object) -> None:
        sweep(command)
        os._exit(128 + number)

    signal.signal(signal.SIGTERM, ask)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    _adopt()
    if os.getppid() != int(arguments[0]):  # we died before it could be told
        return 128 + signal.SIGTERM
    command = os.fork()
    if command == 0:
        _become(arguments[cut + 1 :], limits)
    for descriptor in (0, 1, 2):
        os.close(descriptor)
    code = os.waitstatus_to_exitcode(os.waitpid(command, 0)[1])
    sweep(command)
    return code if code >= 0 else 128 - code


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
