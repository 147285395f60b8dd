"""Folders of our own beside a job: copies where an overlay cannot be had, and their removal."""

import asyncio
import contextlib
import os
import shutil
import stat
import subprocess
import sys
import tempfile
from collections.abc import AsyncGenerator, Iterator
from pathlib import Path

from agentproxy.engine.cancellation import finish_though_cancelled
from agentproxy.workspace.sandbox.open_process import run_tool
from agentproxy.workspace.sandbox.port import JobLimits, SandboxError

_SECONDS = 900.0
_SAMPLE = 512  # entries looked at before a folder counts as ours
_ENVIRONMENT = {"PATH": "/usr/local/bin:/usr/bin:/bin", "LC_ALL": "C.UTF-8"}


def discard(folder: Path) -> None:
    """Remove a folder whole, also where what is in it may be neither read nor entered; of a link
    only itself.
    """
    if folder.is_symlink():
        folder.unlink()
        return
    try:
        shutil.rmtree(folder)
    except (OSError, RecursionError):
        # Closed folders, and trees deeper than a path is long: the tools walk these too.
        for tool in (("chmod", "-R", "u+rwX"), ("rm", "-rf")):
            argv = (*tool, "--", str(folder))
            with contextlib.suppress(subprocess.TimeoutExpired):
                subprocess.run(
                    argv, env=_ENVIRONMENT, capture_output=True, check=False, timeout=_SECONDS
                )


@contextlib.asynccontextmanager
async def scratch_folder(parent: Path | None) -> AsyncGenerator[Path]:
    """A private folder that is gone afterwards, whatever was put into it.

    Without a parent it is among the temporary files.
    """
    folder = Path(tempfile.mkdtemp(prefix="agentproxy-job-", dir=parent))
    try:
        yield folder
    finally:
        await finish_though_cancelled(_removed(folder))


async def _removed(folder: Path) -> None:
    await asyncio.to_thread(discard, folder)


async def copy_tree(source: Path, target: Path) -> None:
    """Copy a file or folder, sharing blocks where the file system can; links stay links.

    Raises:
        SandboxError: it could not be copied.
    """
    cheap = (
        ("-c",) if sys.platform == "darwin" else ("--reflink=auto", "--preserve=mode,timestamps")
    )
    argv = ("cp", "-R", "-P", *cheap, "--", str(source), str(target))
    limits = JobLimits(seconds=_SECONDS, kept_output=4096)
    ended = await run_tool(argv, env=_ENVIRONMENT, limits=limits)
    if ended.killed or ended.exit_code != 0:
        raise SandboxError(
            f"cannot copy {source} for a writable layer: {ended.output.strip() or ended.killed}",
            cure="make room in the folder for temporary files (TMPDIR), or let us read it",
        )


def _entries(folder: Path) -> Iterator[os.DirEntry[str]]:
    """Entries breadth first, unreadable folders passed over."""
    waiting = [str(folder)]
    for path in waiting:
        with contextlib.suppress(OSError), os.scandir(path) as found:
            for entry in found:
                yield entry
                if entry.is_dir(follow_symlinks=False) and len(waiting) < _SAMPLE:
                    waiting.append(entry.path)


def sample_of(folder: Path) -> Path | None:
    """A file of the folder to try a write on, or the folder itself when it holds none.

    None where something in it belongs to others: an overlay cannot copy that up.
    """
    owner = (os.geteuid(), os.getegid())
    sample = folder
    for count, entry in enumerate(_entries(folder)):
        if count == _SAMPLE:
            break
        try:
            status = entry.stat(follow_symlinks=False)
        except OSError:  # gone meanwhile
            continue
        if (status.st_uid, status.st_gid) != owner:
            return None
        if sample == folder and stat.S_ISREG(status.st_mode):
            sample = Path(entry.path)
    return sample
