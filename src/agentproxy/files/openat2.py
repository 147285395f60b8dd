"""Opens a path that cannot leave its folder, also while somebody renames folders."""

import ctypes
import errno
import os
import sys
from functools import cache
from typing import Protocol

SYSCALL = 437  # openat2, on every Linux architecture that Python supports
RESOLVE_NO_MAGICLINKS = 0x02
RESOLVE_BENEATH = 0x08
MAX_OPEN_ATTEMPTS = 256
MAX_CHAIN_LENGTH = 40
MAX_PATH_DEPTH = 200
ALWAYS = os.O_CLOEXEC | os.O_NOCTTY | os.O_NONBLOCK
FOLDER = os.O_RDONLY | os.O_DIRECTORY | ALWAYS


class Open(Protocol):
    """Opens a relative path below a folder's descriptor. Relative links inside are followed."""

    def __call__(self, folder: int, path: str, *, flags: int) -> int:
        """Returns a descriptor that does not wait and is not inherited.

        Raises OSError, with EXDEV for a path that leads out.
        """
        ...


class _How(ctypes.Structure):
    _fields_ = (
        ("flags", ctypes.c_uint64),
        ("mode", ctypes.c_uint64),
        ("resolve", ctypes.c_uint64),
    )


def open_by_kernel(folder: int, path: str, *, flags: int) -> int:
    """`Open` by Linux's openat2: the kernel checks every step."""
    how = _How(flags | ALWAYS, 0, RESOLVE_BENEATH | RESOLVE_NO_MAGICLINKS)
    for _ in range(MAX_OPEN_ATTEMPTS):
        handle: int = _library().syscall(
            ctypes.c_long(SYSCALL),
            ctypes.c_int(folder),
            ctypes.c_char_p(os.fsencode(path)),
            ctypes.byref(how),
            ctypes.c_size_t(ctypes.sizeof(how)),
        )
        if handle >= 0:
            return handle
        number = ctypes.get_errno()
        # EAGAIN: something was renamed while the kernel followed `..`. It asks for another try.
        if number not in (errno.EAGAIN, errno.EINTR):
            raise OSError(number, os.strerror(number), path)
    # With constant renames the kernel never succeeds, but the walk ends.
    return open_by_walk(folder, path, flags=flags)


@cache
def _library() -> ctypes.CDLL:
    return ctypes.CDLL(None, use_errno=True)


def open_by_walk(folder: int, path: str, *, flags: int) -> int:
    """`Open` step by step: reads links and walks them like the path."""
    todo = list(reversed(path.split("/")))
    held: list[int] = []
    links = 0
    try:
        while todo:
            name, here = todo.pop(), held[-1] if held else folder
            if name in ("", "."):
                continue
            if name == "..":
                _go_up(held, path)
                continue
            if (target := _target(here, name)) is not None:
                links += 1
                _check_link(target, path, links=links)
                todo.extend(reversed(target.split("/")))
            elif not todo:
                return os.open(name, flags | os.O_NOFOLLOW | ALWAYS, dir_fd=here)
            else:
                held.append(_step(here, name, depth=len(held)))
        return os.open(".", flags | ALWAYS, dir_fd=held[-1] if held else folder)
    finally:
        for handle in held:
            os.close(handle)


def open_unlinked(folder: int, path: str, *, flags: int) -> int:
    """`Open` that follows no link."""
    names = path.split("/")
    here, held = folder, -1
    try:
        for name in names[:-1]:
            following = _no_link(here, name, flags=FOLDER)
            if held >= 0:
                os.close(held)
            here = held = following
        return _no_link(here, names[-1], flags=flags)
    finally:
        if held >= 0:
            os.close(held)


def _no_link(folder: int, name: str, *, flags: int) -> int:
    if _target(folder, name) is not None:
        raise OSError(errno.ELOOP, os.strerror(errno.ELOOP), name)
    return os.open(name, flags | os.O_NOFOLLOW | ALWAYS, dir_fd=folder)


def _step(folder: int, name: str, *, depth: int) -> int:
    # Every folder of the path stays open: `..` goes back to it, also after a rename.
    if depth >= MAX_PATH_DEPTH:
        raise OSError(errno.ELOOP, os.strerror(errno.ELOOP), name)
    return os.open(name, FOLDER | os.O_NOFOLLOW, dir_fd=folder)


def _go_up(held: list[int], path: str) -> None:
    if not held:
        raise OSError(errno.EXDEV, "leads out of the folder", path)
    os.close(held.pop())


def _check_link(target: str, path: str, *, links: int) -> None:
    if target.startswith("/"):
        raise OSError(errno.EXDEV, "leads out of the folder", path)
    if links > MAX_CHAIN_LENGTH:
        raise OSError(errno.ELOOP, os.strerror(errno.ELOOP), path)


def _target(folder: int, name: str) -> str | None:
    try:
        return os.readlink(name, dir_fd=folder)
    except OSError as error:
        if error.errno == errno.EINVAL:
            return None
        raise


def best_open(folder: int) -> Open:
    """Returns `open_by_kernel` where the kernel allows it, else `open_by_walk`."""
    if not sys.platform.startswith("linux"):
        return open_by_walk
    try:
        os.close(open_by_kernel(folder, ".", flags=FOLDER))
    except OSError as error:
        # Old seccomp filters return EPERM for unknown calls.
        if error.errno in (errno.ENOSYS, errno.EPERM, errno.EINVAL):
            return open_by_walk
        raise
    return open_by_kernel
