"""Files below a folder, by names that strangers chose: nothing outside is read or changed."""

import errno
import fcntl
import os
import secrets
import stat
import time
from collections.abc import Callable, Generator, Iterable
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Literal

from agentproxy.files.openat2 import FOLDER, Open, best_open, open_by_walk, open_unlinked
from agentproxy.files.pathnames import BadPath, names_of
from agentproxy.files.reading import check_regular, read_handle

__all__ = ["BadPath", "FileKind", "FoundFile", "Locked", "SafeDir", "TooManyNames"]

FileKind = Literal["file", "folder", "link", "other"]
DRAFT_PREFIX = ".agentproxy-"
LOCK = os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
LOCK_PAUSE = 0.005
DRAFT = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
REASONS = {
    errno.EXDEV: "leads out of the folder",
    errno.ELOOP: "goes through a link that is not followed",
    errno.ENOTDIR: "goes through a file",
    errno.EISDIR: "a folder",
    errno.ENXIO: "not a regular file",
    errno.ENAMETOOLONG: "too long",
}


class Locked(Exception):
    """Somebody else holds a lock for too long."""


class TooManyNames(BadPath):
    """A folder with more names than the limit."""


@dataclass(frozen=True, slots=True)
class FoundFile:
    """A regular file in a list. `size` is in bytes, `changed` a Unix time."""

    path: str
    size: int
    changed: float


class SafeDir:
    """A folder whose files are reached by relative paths only: a context manager.

    `links=False` follows no link. `walk` forces the way without openat2.
    """

    def __init__(self, folder: Path, *, walk: bool = False, links: bool = True) -> None:
        # Relative links inside are followed. A link that is absolute or leads out is refused, also
        # while somebody renames folders.
        self._path = folder
        self._walk = walk
        self._links = links
        self._folder = -1
        self._open: Open = open_by_walk

    def __enter__(self) -> "SafeDir":
        self._folder = os.open(self._path, FOLDER)
        if not self._links:
            self._open = open_unlinked
        elif not self._walk:
            self._open = best_open(self._folder)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        os.close(self._folder)
        self._folder = -1

    def read(self, path: str, *, limit: int) -> bytes:
        """Returns the bytes of a regular file; `limit` is in bytes. Raises BadPath, OSError."""
        with self._regular(path) as handle:
            return read_handle(handle, path, limit=limit)

    def size(self, path: str) -> int:
        with self._regular(path) as handle:
            return os.fstat(handle).st_size

    def open(self, path: str) -> int:
        """Returns a descriptor for reading a regular file. The caller closes it.

        Raises BadPath, OSError.
        """
        with self._regular(path) as handle:
            return os.dup(handle)

    def write(
        self, path: str, data: bytes, *, mode: int | None = None, make_parents: bool = True
    ) -> None:
        """Writes a file as a whole or not at all. It is on disk when this returns.

        `mode` holds permissions, without the umask; None keeps the old ones, or sets 0o644. Raises
        BadPath, OSError.
        """
        with self.staged(path, [data], mode=mode, make_parents=make_parents) as keep:
            keep()

    @contextmanager
    def staged(
        self,
        path: str,
        pieces: Iterable[bytes],
        *,
        mode: int | None = None,
        make_parents: bool = True,
    ) -> Generator[Callable[[], None]]:
        """Writes a file beside its place, like `write`, and yields what puts it there.

        If that is not called, it is gone at the end. So several files can be written all or none.
        """
        names = names_of(path)
        with _os_errors_as_bad_paths(path), self._parent(names, make=make_parents) as parent:
            old = _mode_of(parent, names[-1], missing=stat.S_IFREG | 0o644)
            if not stat.S_ISREG(old):
                raise BadPath(path, "not a regular file")
            # By rename, not in place: other names of a hard link keep their bytes.
            wanted = (old if mode is None else mode) & 0o777
            with _draft(parent, names[-1], pieces=pieces, mode=wanted) as keep:
                yield keep

    @contextmanager
    def locked(self, path: str, patience: float) -> Generator[None]:
        """Holds the lock that the file `path` is, for this process alone. Blocking.

        Waits at most `patience` seconds. Creates the file and its folders. Raises Locked, BadPath,
        OSError.
        """
        names = names_of(path)
        with _os_errors_as_bad_paths(path), self._parent(names, make=True) as parent:
            handle = os.open(names[-1], LOCK, 0o600, dir_fd=parent)
        try:
            check_regular(handle, path)
            _wait_for_lock(handle, time.monotonic() + patience)
            yield
        finally:
            os.close(handle)

    def delete(self, path: str) -> None:
        """Removes a file, or a link itself. Raises BadPath, OSError."""
        names = names_of(path)
        with _os_errors_as_bad_paths(path), self._parent(names) as parent:
            if stat.S_ISDIR(_mode_of(parent, names[-1])):
                raise BadPath(path, "a folder")
            os.unlink(names[-1], dir_fd=parent)
            os.fsync(parent)

    def entries(self, path: str, *, most: int) -> list[tuple[str, FileKind]]:
        """Returns the sorted names in a folder with their kinds.

        Raises BadPath, OSError; TooManyNames for more than `most` names.
        """
        names = () if path == "." else names_of(path)
        found: list[tuple[str, FileKind]] = []
        with _os_errors_as_bad_paths(path), self._entries(names) as entries:
            for entry in entries:
                if len(found) == most:
                    raise TooManyNames(path, f"more than {most} names in it")
                found.append((entry.name, _kind_of(entry)))
        return sorted(found)

    def regular_files(
        self, *, most: int, passes: Callable[[str], bool]
    ) -> tuple[list[FoundFile], bool]:
        """Returns the regular files at any depth, and whether these are all.

        Looks at `most` names. Folders and files for whose name `passes` is false are left out, and
        so is what no other method would open.
        """
        found: list[FoundFile] = []
        waiting: list[tuple[str, ...]] = [()]
        looked = 0
        while waiting:
            inside = waiting.pop()
            with suppress(OSError), self._entries(inside) as entries:
                for entry in entries:
                    looked += 1
                    if looked > most:
                        return found, False
                    names = (*inside, entry.name)
                    if not passes(entry.name) or not _can_be_named(names):
                        continue
                    if entry.is_dir(follow_symlinks=False):
                        waiting.append(names)
                    elif entry.is_file(follow_symlinks=False):
                        status = entry.stat(follow_symlinks=False)
                        found.append(FoundFile("/".join(names), status.st_size, status.st_mtime))
        return found, True

    def exists(self, path: str) -> bool:
        """Whether anything has that name; a link counts wherever it leads. Raises BadPath."""
        names = names_of(path)
        with _os_errors_as_bad_paths(path):
            try:
                with self._parent(names) as parent:
                    return _mode_of(parent, names[-1], missing=0) != 0
            except (FileNotFoundError, NotADirectoryError):
                return False

    @contextmanager
    def _regular(self, path: str) -> Generator[int]:
        names = names_of(path)
        with _os_errors_as_bad_paths(path):
            handle = self._open(self._folder, "/".join(names), flags=os.O_RDONLY)
            try:
                check_regular(handle, path)
                yield handle
            finally:
                os.close(handle)

    @contextmanager
    def _entries(self, names: tuple[str, ...]) -> Generator[Iterable[os.DirEntry[str]]]:
        handle = self._open_folder(names)
        try:
            with os.scandir(handle) as entries:
                yield entries
        finally:
            os.close(handle)

    @contextmanager
    def _parent(self, names: tuple[str, ...], *, make: bool = False) -> Generator[int]:
        handle = self._make_folders(names[:-1]) if make else self._open_folder(names[:-1])
        try:
            yield handle
        finally:
            os.close(handle)

    def _open_folder(self, names: tuple[str, ...]) -> int:
        return self._open(self._folder, "/".join(names) or ".", flags=FOLDER)

    def _make_folders(self, names: tuple[str, ...]) -> int:
        with suppress(FileNotFoundError):
            return self._open_folder(names)
        here = self._open_folder(())
        for depth, name in enumerate(names, start=1):
            try:
                with suppress(FileExistsError):
                    os.mkdir(name, dir_fd=here)
            finally:
                os.close(here)
            here = self._open_folder(names[:depth])
        return here


@contextmanager
def _os_errors_as_bad_paths(path: str) -> Generator[None]:
    try:
        yield
    except OSError as error:
        if error.errno in REASONS:
            raise BadPath(path, REASONS[error.errno]) from error
        raise


def _wait_for_lock(handle: int, end: float) -> None:
    while True:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            # Not a wait without a limit: a command of an agent could hold the lock for ever.
            if time.monotonic() > end:
                raise Locked from None
            time.sleep(LOCK_PAUSE)
        else:
            return


def _mode_of(folder: int, name: str, *, missing: int | None = None) -> int:
    try:
        # Of the name itself: a link must not stand for its target.
        return os.stat(name, dir_fd=folder, follow_symlinks=False).st_mode
    except FileNotFoundError:
        if missing is None:
            raise
        return missing


def _kind_of(entry: os.DirEntry[str]) -> FileKind:
    if entry.is_symlink():
        return "link"
    if entry.is_dir(follow_symlinks=False):
        return "folder"
    return "file" if entry.is_file(follow_symlinks=False) else "other"


def _can_be_named(names: tuple[str, ...]) -> bool:
    try:
        return names_of("/".join(names)) == names
    except BadPath:
        return False


@contextmanager
def _draft(
    folder: int, name: str, *, pieces: Iterable[bytes], mode: int
) -> Generator[Callable[[], None]]:
    draft = f"{DRAFT_PREFIX}{secrets.token_hex(8)}"
    handle = os.open(draft, DRAFT, 0o600, dir_fd=folder)
    kept = False

    def keep() -> None:
        nonlocal kept
        os.rename(draft, name, src_dir_fd=folder, dst_dir_fd=folder)
        kept = True
        os.fsync(folder)

    try:
        try:
            for piece in pieces:
                left = memoryview(piece)
                while left:
                    left = left[os.write(handle, left) :]
            os.fchmod(handle, mode)
            os.fsync(handle)
        finally:
            os.close(handle)
        yield keep
    finally:
        if not kept:
            with suppress(OSError):
                os.unlink(draft, dir_fd=folder)
