"""Jobs for a sandbox, and what they leave behind."""

import os
from itertools import count
from pathlib import Path

from agentproxy.workspace.sandbox.port import Job, JobLimits

FEW_SECONDS = JobLimits(seconds=20.0)
numbers = count(1)


def shell(script: str, *, limits: JobLimits = FEW_SECONDS, stdin: bytes = b"") -> Job:
    return Job(argv=("/bin/sh", "-c", script), cwd="/tmp", limits=limits, stdin=stdin)


def python(script: str, *, limits: JobLimits = FEW_SECONDS) -> Job:
    return Job(argv=("/usr/bin/python3", "-u", "-c", script), cwd="/tmp", limits=limits)


def marker() -> str:
    """Seconds to sleep that no other process on this machine sleeps."""
    return f"8{os.getpid():07d}{next(numbers):03d}"


def living(mark: str) -> list[str]:
    found: list[str] = []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            words = (folder / "cmdline").read_bytes()
        except OSError:
            continue
        if mark.encode() in words and folder.name != str(os.getpid()):
            found.append(words.decode())
    return found


def daemons(mark: str) -> str:
    """Every way in which a shell can leave a process behind."""
    return (
        f"(setsid sleep {mark} &) ; nohup sleep {mark} >/dev/null 2>&1 & "
        f"(setsid sh -c '(setsid sleep {mark} >/dev/null 2>&1 &)' &) ; "
        f"(trap '' TERM HUP INT; sleep {mark}) & "
    )


def resident() -> int:
    """Bytes of memory that this process holds."""
    pages = Path("/proc/self/statm").read_text().split()[1]
    return int(pages) * os.sysconf("SC_PAGE_SIZE")


def open_descriptors() -> int:
    return len(list(Path("/proc/self/fd").iterdir()))
