"""Processes by their numbers: who they are beyond doubt, their children, and their end."""

import os
import signal
from pathlib import Path

STARTED_FIELD = 19  # `starttime`, counted after the closing parenthesis of /proc/PID/stat


def start_time(pid: int) -> int | None:
    """The kernel's start time of a process in clock ticks, or None when it is gone.

    With the pid it names a process beyond doubt, since pids are used again.
    """
    try:
        text = Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return None
    fields = text.rpartition(")")[2].split()
    if not fields or fields[0] in ("Z", "X"):
        return None
    return int(fields[STARTED_FIELD])


def end_process(pid: int, started: int) -> bool:
    """End a process group whose leader is exactly this process; false when it is gone already."""
    if start_time(pid) != started:
        return False
    try:
        if os.getpgid(pid) == pid:
            os.killpg(pid, signal.SIGKILL)
        else:
            os.kill(pid, signal.SIGKILL)
    except ProcessLookupError:
        return False
    return True


def signal_oldest_child(parent: int, number: int) -> None:
    """Send a signal to the child of a process that it started first and that still runs, if any.

    Of other systems than Linux nothing is known, and nothing is sent.
    """
    children = [
        (started, pid)
        for pid in (int(folder.name) for folder in Path("/proc").glob("[0-9]*"))
        if _parent(pid) == parent and (started := start_time(pid)) is not None
    ]
    if not children:
        return
    started, pid = min(children)
    try:
        descriptor = os.pidfd_open(pid)
    except ProcessLookupError:
        return
    try:
        if start_time(pid) == started:  # else the number belongs to another process by now
            signal.pidfd_send_signal(descriptor, number)
    except ProcessLookupError:
        pass
    finally:
        os.close(descriptor)


def _parent(pid: int) -> int | None:
    try:
        return int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[1])
    except OSError:
        return None


def machine_and_boot() -> str:
    """A name for this boot of this machine: processes of another boot are gone for certain."""
    try:
        boot = Path("/proc/sys/kernel/random/boot_id").read_text().strip()
    except OSError:
        boot = ""
    return f"{os.uname().nodename}:{boot}"
