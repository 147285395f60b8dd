"""Source distributions of real packages, from whichever registry pip is set to, pinned by hash."""

import hashlib
import os
import subprocess
import sys
import tarfile
import tempfile
from dataclasses import dataclass
from pathlib import Path

import pytest

PATIENCE = 120


@dataclass(frozen=True)
class Sdist:
    """One of a package: its version and the SHA-256 of its archive."""

    name: str
    version: str
    sha256: str

    @property
    def archive(self) -> str:
        """The name of its file."""
        return f"{self.name}-{self.version}.tar.gz"


def text_files(sdist: Sdist) -> dict[str, str]:
    """What is in it, by the path beneath its own folder; fails the test where it cannot be had."""
    with tarfile.open(fetched(sdist)) as archive:
        return {
            member.name.partition("/")[2]: file.read().decode()
            for member in archive
            if member.isfile() and (file := archive.extractfile(member)) is not None
        }


def fetched(sdist: Sdist, *, into: Path | None = None) -> Path:
    """Its archive, which is kept for the next time."""
    home = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    kept = (into or home / "agentproxy-tests") / sdist.archive
    if not _is_the_one(kept, sdist):
        kept.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=kept.parent) as folder:
            _download(sdist, Path(folder))
            (Path(folder) / sdist.archive).replace(kept)
    return kept


def _is_the_one(file: Path, sdist: Sdist) -> bool:
    return file.is_file() and hashlib.sha256(file.read_bytes()).hexdigest() == sdist.sha256


def _download(sdist: Sdist, folder: Path) -> None:
    """As the environment has pip set up, apart from what would keep it from the registry."""
    wanted = folder / "wanted.txt"
    wanted.write_text(f"{sdist.name}=={sdist.version} --hash=sha256:{sdist.sha256}\n")
    env = {name: text for name, text in os.environ.items() if name != "PIP_NO_INDEX"}
    env.pop("PYTHONPATH", None)
    pip = [sys.executable, "-m", "pip", "download", "--no-deps", "--no-binary", ":all:"]
    command = [*pip, "--require-hashes", "-r", str(wanted), "-d", str(folder)]
    try:
        done = subprocess.run(
            command, env=env, capture_output=True, text=True, timeout=PATIENCE, check=False
        )
        said = "" if done.returncode == 0 else done.stderr
    except subprocess.TimeoutExpired:
        said = f"no answer within {PATIENCE} seconds"
    if said or not _is_the_one(folder / sdist.archive, sdist):
        pytest.fail(
            f"{sdist.archive} is needed from a package registry, and could not be fetched "
            f"(PIP_INDEX_URL names another one):\n{said[-2000:]}"
        )
