"""Runs a command that is not isolated, and kills every process that it leaves.

Arguments: the pid of the parent, limits as NAME=NUMBER, `--`, the command. It kills when the
command ends, at SIGTERM, and when the parent dies. Uses only the standard library.
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
_AWAITED = (signal.SIGTERM, signal.SIGCHLD)
_SECONDS = 8.0  # after that, processes that do not die are left


# The kernel gives orphaned descendants to a subreaper, also those with a session of their own.
def _adopt() -> None:
    if sys.platform != "linux":
        return
    libc = ctypes.CDLL(None)
    libc.prctl(_SUBREAPER, 1, 0, 0, 0)
    libc.prctl(_DEATH_SIGNAL, int(signal.SIGTERM), 0, 0, 0)


def _parents() -> dict[int, int]:
    found: dict[int, int] = {}
    for folder in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):  # it has just ended
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
    """Collects ended children. Returns False if no child is left."""
    try:
        while os.waitpid(-1, os.WNOHANG)[0]:
            pass
    except ChildProcessError:
        return False
    return True


def sweep(command: int) -> None:
    """Kills every descendant until none is left."""
    if command:
        with contextlib.suppress(OSError):
            os.killpg(command, signal.SIGKILL)
    deadline = time.monotonic() + _SECONDS
    while _reap() and time.monotonic() < deadline:
        if Path("/proc/self").is_dir():
            kin = _descendants()
            # Stopped first: a process that forks faster than /proc is read would never be caught.
            _signal_all(kin, signal.SIGSTOP)
            _signal_all(kin, signal.SIGKILL)
        time.sleep(0.002)


def _become(command: list[str], limits: dict[str, int]) -> None:
    os.setpgid(0, 0)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, _AWAITED)
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
    """Runs the command and kills what it leaves. Returns its exit code, 128+N for a signal."""
    cut = arguments.index("--")
    limits = {
        name: int(bound) for name, _, bound in (word.partition("=") for word in arguments[1:cut])
    }
    # Blocked and waited for: a handler that is called just before a system call that waits for the
    # command would not end that call, and the command would run on.
    signal.pthread_sigmask(signal.SIG_BLOCK, _AWAITED)
    signal.signal(signal.SIGCHLD, lambda _number, _frame: None)  # what is ignored may not be kept
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    _adopt()
    if os.getppid() != int(arguments[0]):  # the parent died before the death signal was set
        return 128 + signal.SIGTERM
    command = os.fork()
    if command == 0:
        _become(arguments[cut + 1 :], limits)
    # The readers of the pipes must see their end when the command ends.
    for descriptor in (0, 1, 2):
        os.close(descriptor)
    code = _end_of(command)
    sweep(command)
    return code if code >= 0 else 128 - code


def _end_of(command: int) -> int:
    """Returns its exit code, or -SIGTERM when it is to be ended."""
    while signal.sigwait(_AWAITED) != signal.SIGTERM:
        process, status = os.waitpid(command, os.WNOHANG)
        if process:
            return os.waitstatus_to_exitcode(status)
    return -signal.SIGTERM


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
