"""Replaces files below a root: each as a whole, and all of them or none."""

import contextlib
import os
import shutil
import stat
import tempfile
from collections.abc import Callable, Generator
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType

# Every folder of a path is opened by name, and a link is an error: no link is followed.
FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW
Undo = Callable[[], None]


class NotUndone(Exception):
    """A file could not be put back. The old files are in the folder `kept`."""

    def __init__(self, kept: Path, reason: str) -> None:
        super().__init__(f"some files could not be put back ({reason}); they are in {kept}")
        self.kept = kept


class Replacing:
    """Keeps changes when the `with` block succeeds, and undoes them when it fails."""

    def __init__(self, root: Path) -> None:
        self._root = root
        self._undo: list[Undo] = []
        self._count = 0

    def __enter__(self) -> "Replacing":
        # Below the root, so that old files can be hard links in the same file system.
        self._kept = Path(tempfile.mkdtemp(dir=self._root, prefix=".agentproxy-"))
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if error is not None:
            self._put_back()
        shutil.rmtree(self._kept)

    def put(self, name: bytes, staged: Path) -> None:
        """Copies a staged file or link into place. Raises OSError."""
        with self._parent(name, make=True) as (folder, last):
            old = _stat_or_none(folder, last)
            self._keep(folder, last, name)
            fresh = self._new_path()
            _copy(staged, fresh, like=old)
            os.rename(fresh, last, dst_dir_fd=folder)

    def delete(self, name: bytes) -> None:
        """Removes a file, and its folders if they are then empty. A missing file is no error."""
        with contextlib.suppress(FileNotFoundError), self._parent(name) as (folder, last):
            if _stat_or_none(folder, last) is None:
                return
            self._keep(folder, last, name)
            os.unlink(last, dir_fd=folder)
        self._prune(name.rpartition(b"/")[0])

    def _keep(self, folder: int, last: bytes, name: bytes) -> None:
        if _stat_or_none(folder, last) is None:
            self._undo.append(lambda: self._remove(name))
            return
        kept = self._new_path()
        try:
            os.link(last, kept, src_dir_fd=folder, follow_symlinks=False)
        except OSError:
            # Another file system, or a file system without hard links.
            _copy_out(folder, last, kept)
        self._undo.append(lambda: self._restore(name, kept))

    def _restore(self, name: bytes, kept: Path) -> None:
        with self._parent(name, make=True) as (folder, last):
            os.rename(kept, last, dst_dir_fd=folder)

    def _remove(self, name: bytes) -> None:
        with contextlib.suppress(FileNotFoundError), self._parent(name) as (folder, last):
            os.unlink(last, dir_fd=folder)

    def _prune(self, folder: bytes) -> None:
        while folder:
            try:
                with self._parent(folder) as (above, last):
                    mode = stat.S_IMODE(os.stat(last, dir_fd=above, follow_symlinks=False).st_mode)
                    os.rmdir(last, dir_fd=above)
            except OSError:
                return
            self._undo.append(lambda folder=folder, mode=mode: self._make(folder, mode))
            folder = folder.rpartition(b"/")[0]

    def _make(self, folder: bytes, mode: int) -> None:
        with self._parent(folder, make=True) as (above, last), contextlib.suppress(FileExistsError):
            os.mkdir(last, mode, dir_fd=above)

    @contextmanager
    def _parent(self, name: bytes, *, make: bool = False) -> Generator[tuple[int, bytes]]:
        *folders, last = name.split(b"/")
        # Step by step from the root: a folder that becomes a link meanwhile is an error.
        handle = os.open(self._root, FOLDER)
        done = b""
        try:
            for part in folders:
                done = done + b"/" + part if done else part
                if make and self._create(handle, part):
                    self._undo.append(lambda done=done: self._unmake(done))
                inner = os.open(part, FOLDER, dir_fd=handle)
                os.close(handle)
                handle = inner
            yield handle, last
        finally:
            os.close(handle)

    def _create(self, folder: int, part: bytes) -> bool:
        try:
            os.mkdir(part, dir_fd=folder)
        except FileExistsError:
            return False
        return True

    def _unmake(self, folder: bytes) -> None:
        with self._parent(folder) as (above, last), contextlib.suppress(OSError):
            os.rmdir(last, dir_fd=above)

    def _put_back(self) -> None:
        while self._undo:
            try:
                self._undo.pop()()
            except OSError as error:
                raise NotUndone(self._kept, str(error)) from error

    def _new_path(self) -> Path:
        self._count += 1
        return self._kept / str(self._count)


def _stat_or_none(folder: int, last: bytes) -> os.stat_result | None:
    try:
        return os.stat(last, dir_fd=folder, follow_symlinks=False)
    except FileNotFoundError:
        return None


def _copy(staged: Path, fresh: Path, *, like: os.stat_result | None) -> None:
    if staged.is_symlink():
        fresh.symlink_to(staged.readlink())
        return
    mode = staged.stat().st_mode
    if like is not None and stat.S_ISREG(like.st_mode):
        # git stores only the executable bit. Where it is equal, the mode of the old file stays.
        same = bool(like.st_mode & stat.S_IXUSR) == bool(mode & stat.S_IXUSR)
        mode = like.st_mode if same else mode
    with staged.open("rb") as source, fresh.open("xb") as target:
        shutil.copyfileobj(source, target)
        target.flush()
        os.fsync(target.fileno())
    fresh.chmod(stat.S_IMODE(mode) & 0o777)


def _copy_out(folder: int, last: bytes, kept: Path) -> None:
    about = os.stat(last, dir_fd=folder, follow_symlinks=False)
    if stat.S_ISLNK(about.st_mode):
        kept.symlink_to(os.fsdecode(os.readlink(last, dir_fd=folder)))
        return
    handle = os.open(last, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK, dir_fd=folder)
    with os.fdopen(handle, "rb") as source, kept.open("xb") as target:
        shutil.copyfileobj(source, target)
    kept.chmod(stat.S_IMODE(about.st_mode))
