"""A command line as it is inside a sandbox: its own files are shown there, and nothing else."""

import os
import shlex
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from agentproxy.text.sensitive import CLOSES_A_FOLDER
from agentproxy.workers.port import WorkerError
from agentproxy.workspace.environment.toolchains import (
    SYSTEM,
    holds_credentials,
    links,
    within,
)
from agentproxy.workspace.sandbox.port import Mount

MAX_COMMAND_LINE_CHARACTERS = 4096
INSIDE = "/run/agentproxy/worker"
SHARED = (Path("/"), Path("/tmp"), Path("/var/tmp"), Path("/home"))


@dataclass(frozen=True, slots=True)
class Shown:
    """The words of a command as they are inside, and the mounts that show its files."""

    argv: tuple[str, ...]
    mounts: tuple[Mount, ...] = ()


@dataclass(frozen=True, slots=True)
class Program:
    """A command line, and where it was given: `started_in` is what relative paths count from."""

    argv: tuple[str, ...]
    started_in: Path
    environ: Mapping[str, str]

    @classmethod
    def parse(cls, command: str, *, started_in: Path, environ: Mapping[str, str]) -> "Program":
        """Split a command line as a shell would.

        Raises:
            WorkerError: it cannot be read, is empty, or its program is not there.
        """
        try:
            words = tuple(shlex.split(command))
        except ValueError as error:
            raise WorkerError(
                f"the worker's command cannot be read: {error}", cure="look at its quotes"
            ) from error
        if not words:
            raise WorkerError(
                "the worker's command is empty", cure="write --worker 'command:PROGRAM ARGUMENTS'"
            )
        program = cls(argv=words, started_in=started_in, environ=environ)
        if program.located() is None:
            raise WorkerError(
                f"the worker's program {words[0]!r} is not there, or not executable",
                cure="check its spelling and PATH; a relative path counts from where pa started",
            )
        return program

    def located(self) -> Path | None:
        """Where the program is: a path as it stands, else on PATH."""
        word = self.argv[0]
        if "/" in word:
            path = Path(os.path.normpath(self.started_in / Path(word).expanduser()))
            return path if path.is_file() and os.access(path, os.X_OK) else None
        found = shutil.which(word, path=self.environ.get("PATH"))
        return Path(found) if found else None

    def plainly(self) -> Shown:
        """The command where nothing can be mounted."""
        return Shown(tuple(str(self._file(i) or word) for i, word in enumerate(self.argv)))

    def inside(self, root: Path, *, tree: Path) -> Shown:
        """The command in a sandbox where `tree` stands at `root`.

        A program of the user's own tree is shown as the user has it, beside the tree: the worker
        may change its copy, and the claim must not hold a trace of the mount. An argument that
        names a file of the tree means the worker's copy.

        Raises:
            WorkerError: a word of it names a folder that holds more than a program.
        """
        words: list[str] = []
        mounts: dict[str, Mount] = {}
        for index, word in enumerate(self.argv):
            path = self._file(index)
            if path is None or (index and _holds(tree, root, path)):
                words.append(word)
            elif path.is_relative_to(root):
                at = f"{INSIDE}/{index}/{path.name}"
                mounts[at] = Mount(at=at, mode="ro", source=path)
                words.append(at)
            else:
                mounts |= {mount.at: mount for mount in self._show(path, root)}
                words.append(str(path))
        return Shown(tuple(words), tuple(mounts.values()))

    def _file(self, index: int) -> Path | None:
        """The existing file or folder that a word names, if it does."""
        word = self.argv[index]
        if index == 0:
            return self.located()
        if (
            not word
            or word.startswith("-")
            or "\0" in word
            or len(word) > MAX_COMMAND_LINE_CHARACTERS
        ):
            return None
        path = Path(os.path.normpath(self.started_in / Path(word).expanduser()))
        return path if ("/" in word or path.is_file()) and path.exists() else None

    def _show(self, path: Path, root: Path) -> list[Mount]:
        """A file with its folder, and all that its links lead to, read-only.

        A folder that holds the repository itself is not shown: it holds more than the program. Of
        those that everybody shares the sandbox has its own.

        Raises:
            WorkerError: a word of the command names a folder that holds more than a program.
        """
        shown: list[Mount] = []
        home = Path(self.environ.get("HOME") or "/nonexistent")
        for hop in links(path):
            folder = hop if hop.is_dir() else hop.parent
            if within(folder, SYSTEM) or hop in SHARED:
                continue
            holds_more = home.is_relative_to(folder) or root.is_relative_to(folder)
            closed = folder.name in CLOSES_A_FOLDER or holds_credentials(folder)
            whole = folder not in SHARED and not holds_more and not closed
            if hop.is_dir() and not whole:
                raise WorkerError(
                    f"the worker's command names {hop}, which holds more than a program needs: "
                    "the repository, your home or credentials",
                    cure="name the files themselves, or grant folders with paths in [worker.NAME]",
                )
            target = folder if whole else hop
            shown.append(Mount(at=str(target), mode="ro", source=target))
        return shown


def _holds(tree: Path, root: Path, path: Path) -> bool:
    """Whether a path below `root` is there in the tree that stands in its place."""
    return path.is_relative_to(root) and os.path.lexists(tree / path.relative_to(root))
