"""Identifies and ends processes by their numbers, which the kernel uses again."""

import os
import signal
from pathlib import Path

STARTED_FIELD = 19  # `starttime`, counted after the closing parenthesis of /proc/PID/stat


def start_time(pid: int) -> int | None:
    """Returns the start time of a process in clock ticks, or None if it has ended."""
    # With the pid it identifies a process: the kernel uses pids again.
    try:
        text = Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return None
    fields = text.rpartition(")")[2].split()
    if not fields or fields[0] in ("Z", "X"):
        return None
    return int(fields[STARTED_FIELD])


def end_process(pid: int, started: int) -> bool:
    """Kills exactly this process, with its group if it leads one.

    Returns False if it has ended.
    """
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
    """Sends a signal to the oldest running child of a process. Does nothing except on Linux."""
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
        if start_time(pid) == started:  # else another process has the number now
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
    """Returns a name for this boot of this machine. Processes of another boot have all ended."""
    try:
        boot = Path("/proc/sys/kernel/random/boot_id").read_text().strip()
    except OSError:
        boot = ""
    return f"{os.uname().nodename}:{boot}"
