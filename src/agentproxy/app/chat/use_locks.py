"""Locks that tell other processes which workspaces are in use. One file holds all of them."""

import errno
import fcntl
import hashlib
import os
import struct
from dataclasses import dataclass
from pathlib import Path

FILE = ".agent/uses.lock"  # below WORKSPACE_DIR
FLAGS = os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC
# `struct flock` of 64-bit Linux: type, whence, start, length, pid.
RANGE = "hhqqi4x"


@dataclass
class UseLocks:
    """A workspace is a byte of the file. A lock belongs to the open file, so it ends with us.

    Thousands of workspaces need one descriptor. Without such locks (not on Linux, or where the file
    cannot be made) it is never open.
    """

    _file: int = -1
    _root: Path = Path()

    @property
    def is_open(self) -> bool:
        return self._file >= 0

    def open(self, root: Path) -> None:
        """Blocking. Never raises OSError."""
        if self.is_open or not hasattr(fcntl, "F_OFD_SETLK"):
            return
        try:
            (root / FILE).parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            opened = os.open(root / FILE, FLAGS, 0o600)
        except OSError:
            return
        if self.is_open:
            os.close(opened)  # another thread was quicker
        else:
            self._file, self._root = opened, root

    def share(self, workspace: Path) -> bool:
        """Says that we use a workspace. Returns False while somebody owns it."""
        return self._set(workspace, fcntl.F_RDLCK)

    def own(self, workspace: Path) -> bool:
        """Takes a workspace for us alone. Returns False while anybody else uses it."""
        return self._set(workspace, fcntl.F_WRLCK)

    def release(self, workspace: Path) -> None:
        self._set(workspace, fcntl.F_UNLCK)

    def close(self) -> None:
        """Releases all."""
        if self.is_open:
            os.close(self._file)
            self._file = -1

    def _set(self, workspace: Path, kind: int) -> bool:
        if not self.is_open:  # closed meanwhile, and with it every lock of ours
            return False
        name = "" if workspace == self._root else workspace.name
        place = int.from_bytes(hashlib.sha256(name.encode()).digest()[:6], "big")
        wanted = struct.pack(RANGE, kind, os.SEEK_SET, place, 1, 0)
        try:
            fcntl.fcntl(self._file, fcntl.F_OFD_SETLK, wanted)
        except OSError as error:
            if error.errno not in (errno.EAGAIN, errno.EACCES):
                self.close()  # this file system has no such locks
            return False
        return True
