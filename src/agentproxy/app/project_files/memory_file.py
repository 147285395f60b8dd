"""Where the memory of a project is kept: files that no tool of an agent can write."""

import time
from collections.abc import Callable, Generator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from agentproxy.conversation.memory import MAX_BYTES, readable
from agentproxy.files.safe_files import BadPath, SafeDir

FILE = ".agent/memory.md"
PROPOSED = ".agent/memory.proposed.md"
HISTORY = ".agent/memory-history"
MAX_KEPT = 20  # of earlier versions
LIMIT = 64 * 1024  # bytes that are read; a person may have written more than counts


class NoProposal(Exception):
    """Nothing waits for a decision."""


@dataclass(frozen=True, slots=True)
class MemoryFile:
    """The notes of one project, in WORKSPACE_DIR. All methods block."""

    root: Path
    redact: Callable[[str], str]
    waits: bool = False  # for a person to accept them

    def read(self) -> str:
        """Returns the notes as a prompt may have them, or ""."""
        return self._read(FILE)

    def proposed(self) -> str:
        return self._read(PROPOSED)

    def replace(self, text: str) -> None:
        """Keeps the notes so far as a backup. Raises OSError."""
        with self._folder() as folder:
            old = _bytes(folder, FILE)
            if old is not None:
                stamp = datetime.fromtimestamp(time.time(), UTC).strftime("%Y%m%dT%H%M%S%f")
                folder.write(f"{HISTORY}/{stamp}.md", old)
                for name in _names(folder)[:-MAX_KEPT]:
                    folder.delete(f"{HISTORY}/{name}")
            folder.write(FILE, text.encode("utf-8", "surrogatepass"))
            _delete(folder, PROPOSED)

    def propose(self, text: str) -> None:
        """Raises OSError."""
        with self._folder() as folder:
            folder.write(PROPOSED, text.encode("utf-8", "surrogatepass")[:MAX_BYTES])

    def decide(self, *, accepted: bool) -> None:
        """Raises NoProposal, OSError."""
        text = self.proposed()
        if not text:
            raise NoProposal("no notes wait for a decision")
        if accepted:
            self.replace(f"{text}\n")
        else:
            with self._folder() as folder:
                _delete(folder, PROPOSED)

    def forget(self) -> None:
        """Removes the notes, what is proposed, and all backups. Raises OSError."""
        if not self.root.is_dir():
            return
        with self._folder() as folder:
            for name in (FILE, PROPOSED, *(f"{HISTORY}/{each}" for each in _names(folder))):
                _delete(folder, name)

    @contextmanager
    def _folder(self) -> Generator[SafeDir]:
        self.root.mkdir(parents=True, exist_ok=True, mode=0o700)
        try:
            with SafeDir(self.root, links=False) as folder:
                yield folder
        except BadPath as error:
            # Such as a link or a folder where a file belongs.
            raise OSError(str(error)) from error

    def _read(self, name: str) -> str:
        if not self.root.is_dir():
            return ""
        try:
            with self._folder() as folder:
                data = _bytes(folder, name)
        except OSError:
            return ""
        return readable((data or b"").decode("utf-8", "replace"))


def _bytes(folder: SafeDir, name: str) -> bytes | None:
    try:
        return folder.read(name, limit=LIMIT)
    except (BadPath, OSError):
        return None


def _names(folder: SafeDir) -> list[str]:
    try:
        found = folder.entries(HISTORY, most=1000)
    except (BadPath, OSError):
        return []
    return sorted(name for name, kind in found if kind == "file")


def _delete(folder: SafeDir, name: str) -> None:
    try:
        folder.delete(name)
    except (BadPath, FileNotFoundError):
        return
