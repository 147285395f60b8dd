"""Makes and removes the folders of a job: temporary ones, and copies instead of overlays."""

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
_SAMPLE = 512  # entries whose owner is checked
_ENVIRONMENT = {"PATH": "/usr/local/bin:/usr/bin:/bin", "LC_ALL": "C.UTF-8"}


def discard(folder: Path) -> None:
    """Removes a folder, even if it has unreadable folders. Of a link, only the link."""
    if folder.is_symlink():
        folder.unlink()
        return
    try:
        shutil.rmtree(folder)
    except (OSError, RecursionError):
        # Unreadable folders, and trees deeper than a path can be long: the tools can handle both.
        for tool in (("chmod", "-R", "u+rwX"), ("rm", "-rf")):
            argv = (*tool, "--", str(folder))
            with contextlib.suppress(subprocess.TimeoutExpired):
                subprocess.run(
                    argv, env=_ENVIRONMENT, capture_output=True, check=False, timeout=_SECONDS
                )


@contextlib.asynccontextmanager
async def scratch_folder(parent: Path | None) -> AsyncGenerator[Path]:
    """Makes a folder that is removed afterwards. Without a parent it is a temporary folder."""
    folder = Path(tempfile.mkdtemp(prefix="agentproxy-job-", dir=parent))
    try:
        yield folder
    finally:
        await finish_though_cancelled(_removed(folder))


async def _removed(folder: Path) -> None:
    await asyncio.to_thread(discard, folder)


async def copy_tree(source: Path, target: Path) -> None:
    """Copies a file or folder. Links stay links.

    Raises:
        SandboxError: the copy failed.
    """
    # Shares blocks if the file system can, so a copy on the same one may cost nothing.
    cheap = (
        ("-c",) if sys.platform == "darwin" else ("--reflink=auto", "--preserve=mode,timestamps")
    )
    argv = ("cp", "-R", "-P", *cheap, "--", str(source), str(target))
    limits = JobLimits(seconds=_SECONDS, kept_output=4096)
    ended = await run_tool(argv, env=_ENVIRONMENT, limits=limits)
    if ended.killed or ended.exit_code != 0:
        raise SandboxError(
            f"cannot copy {source} for the sandbox: {ended.output.strip() or ended.killed}",
            cure=f"free space in the temporary folder (TMPDIR), or make {source} readable",
        )


def _entries(folder: Path) -> Iterator[os.DirEntry[str]]:
    # Breadth first, so that the sample is from all parts of the folder.
    waiting = [str(folder)]
    for path in waiting:
        with contextlib.suppress(OSError), os.scandir(path) as found:
            for entry in found:
                yield entry
                if entry.is_dir(follow_symlinks=False) and len(waiting) < _SAMPLE:
                    waiting.append(entry.path)


def sample_of(folder: Path) -> Path | None:
    """Returns a file for a trial write, or the folder if it has none.

    Returns None if an entry has another owner: an overlay cannot copy that up.
    """
    owner = (os.geteuid(), os.getegid())
    sample = folder
    for count, entry in enumerate(_entries(folder)):
        if count == _SAMPLE:
            break
        try:
            status = entry.stat(follow_symlinks=False)
        except OSError:  # it has just been deleted
            continue
        if (status.st_uid, status.st_gid) != owner:
            return None
        if sample == folder and stat.S_ISREG(status.st_mode):
            sample = Path(entry.path)
    return sample
