"""The folders in which clients of a server may have work done."""

import os
from dataclasses import dataclass
from pathlib import Path


class NotAllowed(Exception):
    """A path that a client names cannot be used."""

    def __init__(self, message: str, *, cure: str) -> None:
        super().__init__(message)
        self.cure = cure


@dataclass(frozen=True, slots=True)
class AllowedFolders:
    """`start` is where relative paths begin. Both are without links."""

    start: Path
    roots: tuple[Path, ...]

    def covers(self, path: Path) -> bool:
        """Whether a path without links is in one of the folders."""
        return any(path.is_relative_to(root) for root in self.roots)

    def folder(self, given: str) -> Path:
        """Returns an existing folder without links; "" is the start. Raises NotAllowed."""
        path = self._inside(self.start, given)
        if not path.is_dir():
            raise NotAllowed(f"{given!r} is no directory", cure="give a directory that exists")
        return path

    def file(self, given: str, *, below: Path) -> Path:
        """Returns a path without links; a relative one begins at `below`. Raises NotAllowed."""
        return self._inside(below, given)

    def model_name(self, given: str, *, below: Path) -> str:
        """Returns the name of a worker or a model; a script that it names must be allowed too.
        Raises NotAllowed.
        """
        kind, _, file = given.partition(":")
        if kind != "scripted":
            return given
        return f"scripted:{self.file(os.path.expanduser(file), below=below)}"  # noqa: PTH111

    def _inside(self, start: Path, given: str) -> Path:
        try:
            path = Path(os.path.realpath(start / given))
        except (OSError, ValueError):  # a NUL, half of a surrogate pair, too long a name
            raise NotAllowed("this is no path", cure="give the path of a directory") from None
        # Before anything is said of the path: nobody may find out what there is elsewhere.
        if not self.covers(path):
            raise NotAllowed(
                f"{given!r} is not below a directory of --allow-dir",
                cure="choose one below it, or start the server with --allow-dir DIRECTORY",
            )
        return path


def allowed_folders(start: Path, given: tuple[str, ...]) -> AllowedFolders:
    """Without `given`, only the start is allowed. Raises NotAllowed."""
    start = Path(os.path.realpath(start))
    roots = tuple(Path(os.path.realpath(start / each)) for each in given) or (start,)
    for root in roots:
        if not root.is_dir():
            raise NotAllowed(f"{root} is no directory", cure="give a directory that exists")
    return AllowedFolders(start, roots)
