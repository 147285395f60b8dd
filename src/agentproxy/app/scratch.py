"""Keeps the temporary folders of all processes together."""

import asyncio
import os
import tempfile
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from hashlib import sha256
from pathlib import Path

from agentproxy.workspace.sandbox.copies import discard
from agentproxy.workspace.sandbox.processes import machine_and_boot, start_time


@asynccontextmanager
async def scratch_below(home: Path) -> AsyncGenerator[Path | None]:
    """Gives a temporary folder; None means the system's. Deletes those of killed processes."""
    own = await asyncio.to_thread(_begin, home / "tmp")
    try:
        yield own
    finally:
        if own is not None:
            await asyncio.to_thread(discard, own)


def _begin(parent: Path) -> Path | None:
    try:
        parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        for folder in parent.iterdir():
            if _is_of_the_dead(folder.name):
                discard(folder)
        return Path(tempfile.mkdtemp(prefix=_name(os.getpid()), dir=parent))
    except OSError:
        return None


def _is_of_the_dead(name: str) -> bool:
    # A process on another machine, or in another container, cannot be seen from here.
    machine, _, process = name.partition(".")
    boot, _, pid = process.partition(".")
    ours = _name(0).split(".")
    if machine != ours[0] or not pid.partition("-")[0].isdecimal():
        return False
    return boot != ours[1] or not name.startswith(_name(int(pid.partition("-")[0])))


def _name(pid: int) -> str:
    machine, _, boot = machine_and_boot().partition(":")
    short = [sha256(each.encode()).hexdigest()[:8] for each in (machine, boot)]
    return f"{'.'.join(short)}.{pid}-{start_time(pid)}-"
