"""A command line inside a sandbox: its own files are shown there, and no others."""

import os
import shlex
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from agentproxy.text.sensitive import CLOSES_A_FOLDER
from agentproxy.workers.port import WorkerError
from agentproxy.workspace.environment.toolchains import (
    SHARED_MEMORY,
    holds_credentials,
    is_of_system,
    links,
)
from agentproxy.workspace.sandbox.port import Mount

MAX_COMMAND_LINE_CHARACTERS = 4096
INSIDE = "/run/agentproxy/worker"
SHARED = (Path("/"), Path("/tmp"), Path("/var/tmp"), Path("/home"), Path(SHARED_MEMORY))


@dataclass(frozen=True, slots=True)
class Shown:
    """The words of a command inside the sandbox, and the mounts of its files."""

    argv: tuple[str, ...]
    mounts: tuple[Mount, ...] = ()


@dataclass(frozen=True, slots=True)
class Program:
    """A command line, and the folder that its relative paths start from."""

    argv: tuple[str, ...]
    started_in: Path
    environ: Mapping[str, str]

    @classmethod
    def parse(cls, command: str, *, started_in: Path, environ: Mapping[str, str]) -> "Program":
        """Splits a command line like a shell.

        Raises WorkerError: unreadable, empty, or its program does not exist.
        """
        try:
            words = tuple(shlex.split(command))
        except ValueError as error:
            raise WorkerError(
                f"the worker's command cannot be read: {error}", cure="check its quotes"
            ) from error
        if not words:
            raise WorkerError(
                "the worker's command is empty", cure="write --worker 'command:PROGRAM ARGUMENTS'"
            )
        program = cls(argv=words, started_in=started_in, environ=environ)
        if program.located() is None:
            raise WorkerError(
                f"the worker's program {words[0]!r} does not exist or is not executable",
                cure="check its spelling and PATH; a relative path starts where pa started",
            )
        return program

    def located(self) -> Path | None:
        """Returns the path of the program: as given, or on PATH."""
        word = self.argv[0]
        if "/" in word:
            path = Path(os.path.normpath(self.started_in / Path(word).expanduser()))
            return path if path.is_file() and os.access(path, os.X_OK) else None
        found = shutil.which(word, path=self.environ.get("PATH"))
        return Path(found) if found else None

    def plainly(self) -> Shown:
        """Returns the command for a sandbox without mounts."""
        return Shown(tuple(str(self._file(i) or word) for i, word in enumerate(self.argv)))

    def inside(self, root: Path, *, tree: Path) -> Shown:
        """Returns the command for a sandbox that has `tree` at `root`.

        Raises WorkerError: a word names a folder that holds more than a program.
        """
        words: list[str] = []
        mounts: dict[str, Mount] = {}
        for index, word in enumerate(self.argv):
            path = self._file(index)
            # An argument that names a file of the tree means the worker's copy.
            if path is None or (index and _holds(tree, root, path)):
                words.append(word)
            elif path.is_relative_to(root):
                # A program from the user's tree is mounted beside the tree. The worker may change
                # its copy, and the claim must not contain a trace of the mount.
                at = f"{INSIDE}/{index}/{path.name}"
                mounts[at] = Mount(at=at, mode="ro", source=path)
                words.append(at)
            else:
                mounts |= {mount.at: mount for mount in self._show(path, root)}
                words.append(str(path))
        return Shown(tuple(words), tuple(mounts.values()))

    def _file(self, index: int) -> Path | None:
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
        try:
            path.stat()
        except OSError:  # also a name that is too long: a script is a word too
            return None
        return path if "/" in word or path.is_file() else None

    def _show(self, path: Path, root: Path) -> list[Mount]:
        shown: list[Mount] = []
        home = Path(self.environ.get("HOME") or "/nonexistent")
        for hop in links(path):
            folder = hop if hop.is_dir() else hop.parent
            # The sandbox has its own folders of these.
            if is_of_system(hop) or hop in SHARED:
                continue
            # A folder with the repository or the home in it holds more than the program.
            holds_more = home.is_relative_to(folder) or root.is_relative_to(folder)
            closed = folder.name in CLOSES_A_FOLDER or holds_credentials(folder)
            whole = folder not in SHARED and not holds_more and not closed
            if hop.is_dir() and not whole:
                raise WorkerError(
                    f"the worker's command names {hop}, which holds more than a program needs: "
                    "the repository, your home or credentials",
                    cure="name single files, or grant folders with paths = [...] in [worker.NAME]",
                )
            target = folder if whole else hop
            shown.append(Mount(at=str(target), mode="ro", source=target))
        return shown


def _holds(tree: Path, root: Path, path: Path) -> bool:
    return path.is_relative_to(root) and os.path.lexists(tree / path.relative_to(root))
