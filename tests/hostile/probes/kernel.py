"""Attacks on the kernel, and with its help."""

import ctypes
import fcntl
import os
import signal
import stat
import struct
import termios
from pathlib import Path

from attack import (
    BPF,
    CLONE,
    CLONE3,
    CLONE_NEWNS,
    CLONE_NEWUSER,
    IO_URING,
    KEYCTL,
    LIBC,
    OPENAT2,
    PERF,
    USERFAULTFD,
    attack,
    call,
    in_child,
    reached,
)


@attack("a setuid program to root")
def _(t: dict[str, str]) -> bool:
    honoured = "NoNewPrivs:\t0" in Path("/proc/self/status").read_text()
    found = (Path("/usr/bin", name) for name in ("su", "passwd", "mount", "chsh"))
    return honoured and any(each.exists() and each.stat().st_mode & 0o4000 for each in found)


@attack("no_new_privs off")
def _(t: dict[str, str]) -> bool:
    return "NoNewPrivs:\t0" in Path("/proc/self/status").read_text()


@attack("a capability")
def _(t: dict[str, str]) -> bool:
    lines = Path("/proc/self/status").read_text().splitlines()
    return any(line.startswith(("CapPrm", "CapBnd")) and int(line[8:], 16) for line in lines)


@attack("a new user namespace")
def _(t: dict[str, str]) -> bool:
    return in_child(lambda: int(LIBC.unshare(CLONE_NEWUSER)) == 0)


@attack("a new user namespace by clone")
def _(t: dict[str, str]) -> bool:
    pid = call(CLONE, ctypes.c_ulong(CLONE_NEWUSER | signal.SIGCHLD), 0, 0, 0, 0)
    if pid == 0:
        os._exit(0)
    os.waitpid(pid, 0)
    return True


@attack("a new user namespace by clone3")
def _(t: dict[str, str]) -> bool:
    wanted = struct.pack("11Q", CLONE_NEWUSER, 0, 0, 0, signal.SIGCHLD, 0, 0, 0, 0, 0, 0)
    block = ctypes.create_string_buffer(wanted, len(wanted))
    pid = call(CLONE3, block, ctypes.c_size_t(len(wanted)))
    if pid == 0:
        os._exit(0)
    os.waitpid(pid, 0)
    return True


@attack("mount")
def _(t: dict[str, str]) -> bool:
    def act() -> bool:
        LIBC.unshare(CLONE_NEWNS if os.geteuid() == 0 else CLONE_NEWNS | CLONE_NEWUSER)
        return int(LIBC.mount(b"none", b"/tmp", b"tmpfs", 0, None)) == 0

    return in_child(act)


@attack("bpf")
def _(t: dict[str, str]) -> bool:
    return reached(BPF, 0, 0, 0)


@attack("io_uring_setup")
def _(t: dict[str, str]) -> bool:
    return reached(IO_URING, 4, ctypes.create_string_buffer(120))


@attack("keyctl")
def _(t: dict[str, str]) -> bool:
    return reached(KEYCTL, 0, -3, 0)


@attack("userfaultfd")
def _(t: dict[str, str]) -> bool:
    return reached(USERFAULTFD, 0)


@attack("perf_event_open")
def _(t: dict[str, str]) -> bool:
    return reached(PERF, 0, 0, -1, -1, 0)


@attack("TIOCSTI")
def _(t: dict[str, str]) -> bool:
    def act() -> bool:
        os.setsid()
        _, terminal = os.openpty()
        fcntl.ioctl(terminal, termios.TIOCSCTTY, 0)
        fcntl.ioctl(terminal, termios.TIOCSTI, b"x")
        return True

    return in_child(act)


@attack("mknod of a device")
def _(t: dict[str, str]) -> bool:
    os.mknod(f"{t['workspace']}/device", stat.S_IFCHR | 0o666, os.makedev(1, 3))
    return True


@attack("a file over the limit")
def _(t: dict[str, str]) -> bool:
    path = Path(t["workspace"], "sparse")
    with path.open("wb") as file:
        file.truncate(1 << 30)
    path.unlink()
    return True


def leaves_setuid(path: Path) -> bool:
    mode = path.stat().st_mode
    path.unlink()
    return bool(mode & 0o6000)


@attack("chmod setuid on one's own file")
def _(t: dict[str, str]) -> bool:
    path = Path(t["workspace"], "by-chmod")
    path.touch()
    path.chmod(0o4755)
    return leaves_setuid(path)


@attack("fchmod setgid on one's own file")
def _(t: dict[str, str]) -> bool:
    path = Path(t["workspace"], "by-fchmod")
    with path.open("w") as file:
        os.fchmod(file.fileno(), 0o2755)
    return leaves_setuid(path)


@attack("a file created setuid by open")
def _(t: dict[str, str]) -> bool:
    path = Path(t["workspace"], "by-open")
    os.close(os.open(path, os.O_CREAT | os.O_WRONLY, 0o4755))
    return leaves_setuid(path)


@attack("a file created setuid by mknod")
def _(t: dict[str, str]) -> bool:
    path = Path(t["workspace"], "by-mknod")
    os.mknod(path, stat.S_IFREG | 0o4755)
    return leaves_setuid(path)


@attack("a file created setuid by openat2")
def _(t: dict[str, str]) -> bool:
    path = Path(t["workspace"], "by-openat2")
    how = struct.pack("3Q", os.O_CREAT | os.O_WRONLY, 0o4755, 0)
    block = ctypes.create_string_buffer(how, len(how))
    os.close(call(OPENAT2, -100, os.fsencode(path), block, ctypes.c_size_t(len(how))))
    return leaves_setuid(path)


@attack("a setting of the kernel")
def _(t: dict[str, str]) -> bool:
    os.close(os.open("/proc/sys/kernel/core_pattern", os.O_WRONLY))
    return True


@attack("a file that root alone may read in /proc")
def _(t: dict[str, str]) -> bool:
    return len(Path("/proc/kpageflags").open("rb").read(8)) == 8
