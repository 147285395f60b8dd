"""Builds the arguments of bubblewrap for a job."""

import contextlib
import itertools
import math
import os
import posixpath
import resource
import stat
import sys
import time
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Final

from agentproxy.workspace.sandbox.port import IDENTITY, Job, JobLimits, Mount, SandboxError

# Bytes become the number of a descriptor with this content, so that no environment and no file
# shows on a command line.
Argument = str | bytes

HOME: Final = "/home/agent"
OWN: Final = "/run/sandbox"  # our files in the sandbox; /run/agentproxy belongs to jobs
PRLIMIT: Final = "/usr/bin/prlimit"
_PATH: Final = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
GO: Final = b"go\n"
# The shell reads a pipe byte by byte, so the command gets everything after the first line.
_START_WITH_INPUT: Final = 'read -r go && exec "$@"'
_START: Final = 'read -r go && exec "$@" </dev/null'
_RUN_SIZE: Final = 64 << 20  # bytes
_UID_OF_ROOT: Final = 1000

_NAMESPACES: Final = (
    "--unshare-user",
    "--unshare-ipc",
    "--unshare-pid",
    "--unshare-uts",
    "--unshare-cgroup-try",
    "--die-with-parent",
    "--new-session",
    "--cap-drop",
    "ALL",
    "--hostname",
    "sandbox",
    "--clearenv",
)
_LINKED: Final = ("/bin", "/sbin", "/lib", "/lib32", "/lib64", "/libx32")
# Only the parts of /etc that programs need to start, to resolve names and to trust certificates.
_ETC_NAMES: Final = (
    "alternatives ca-certificates ca-certificates.conf crypto-policies debian_version fonts "
    "gai.conf host.conf ld.so.cache ld.so.conf ld.so.conf.d locale.alias localtime lsb-release "
    "magic mime.types nsswitch.conf os-release perl pki/ca-trust pki/tls/cert.pem pki/tls/certs "
    "pki/tls/openssl.cnf protocols python3 services ssl/cert.pem ssl/certs ssl/openssl.cnf "
    "terminfo timezone "
    # Locales and other data of the system
    "default/locale locale.conf locale.gen inputrc mailcap networks rpc papersize xml sgml "
)
# The settings of toolchains. People may put more into these, so what is not for everybody's eyes
# keeps the whole folder out.
_ETC_TOOLCHAINS: Final = (
    "php php.ini php.d php-zts.d R texmf ImageMagick-6 ImageMagick-7 ghostscript glvnd OpenCL "
    "maven/m2.conf maven/logging maven/toolchains.xml "
    "vulkan odbcinst.ini mono dotnet erlang lua guile gtk-2.0 gtk-3.0 gtk-4.0 "
)
_MOST_SETTINGS: Final = 5000  # files of one toolchain that are looked at
_MOST_COPIED: Final = 32 << 10  # bytes of one file
_ETC_ONLINE: Final = ("hosts", "resolv.conf")
# The jobs of a run begin one after the other, and to look at some hundred files takes as long as
# to start a program. What a person changes there counts a moment later.
_ETC_SECONDS: Final = 2.0
_read_etc: dict[bool, tuple[float, list[Argument]]] = {}
# No name server is reachable; some resolvers fail in other ways where the file is missing. musl's
# waits 5 seconds for one that refuses, unless it is told not to wait.
_RESOLV_CONF: Final = b"nameserver 127.0.0.1\noptions timeout:0 attempts:1\n"
_HOSTS: Final = b"127.0.0.1 localhost sandbox\n::1 localhost sandbox\n"
# Root of the host can read these without a capability, and this process may run as root.
_SECRETS_OF_PROC: Final = (
    "acpi asound kcore keys key-users kmsg kpagecgroup kpagecount kpageflags latency_stats "
    "sched_debug scsi slabinfo sysrq-trigger timer_list vmallocinfo"
)
_SHARED_MEMORY: Final = "/dev/shm"
_RESERVED: Final = ("/proc", "/dev", "/sys", OWN)


def _identity() -> tuple[int, int]:
    # Agents refuse to work as root, so root gets another number in the sandbox.
    uid, gid = os.geteuid(), os.getegid()
    return (_UID_OF_ROOT, _UID_OF_ROOT) if uid == 0 else (uid, gid)


def _file(content: bytes, at: str) -> list[Argument]:
    return ["--perms", "0444", "--ro-bind-data", content, at]


def _written(content: bytes, at: str) -> list[Argument]:
    # The root is read-only in the end.
    return ["--perms", "0444", "--file", content, at]


def _accounts() -> list[Argument]:
    uid, gid = _identity()
    shell = "/bin/bash" if Path("/bin/bash").exists() else "/bin/sh"
    passwd = (
        f"root:x:0:0:root:/root:/bin/sh\nagent:x:{uid}:{gid}:agent:{HOME}:{shell}\n"
        "nobody:x:65534:65534:nobody:/:/bin/false\n"
    )
    group = f"root:x:0:\nagent:x:{gid}:\nnogroup:x:65534:\n"
    return [*_written(passwd.encode(), "/etc/passwd"), *_written(group.encode(), "/etc/group")]


def _etc(*, online: bool) -> list[Argument]:
    read_at, words = _read_etc.get(online, (-math.inf, []))
    if time.monotonic() - read_at > _ETC_SECONDS:
        read_at, words = time.monotonic(), _look_at_etc(online=online)
        _read_etc[online] = read_at, words
    return [*words, *_accounts()]


def _look_at_etc(*, online: bool) -> list[Argument]:
    words: list[Argument] = []
    java = (path.name for path in Path("/etc").glob("java*"))
    toolchains = (name for name in _ETC_TOOLCHAINS.split() if is_for_everybody(f"/etc/{name}"))
    for name in (*_ETC_NAMES.split(), *java, *toolchains, *(_ETC_ONLINE if online else ())):
        words += _of_etc(f"/etc/{name}")
    if not online:
        words += [*_written(_HOSTS, "/etc/hosts"), *_written(_RESOLV_CONF, "/etc/resolv.conf")]
    return words


def _of_etc(path: str) -> list[Argument]:
    # Each mount makes all later ones slower, so small files for everybody are written.
    with contextlib.suppress(OSError):
        status = Path(path).stat()
        if not stat.S_ISREG(status.st_mode) or status.st_size > _MOST_COPIED:
            return ["--ro-bind", path, path]
        if status.st_mode & stat.S_IROTH:
            return _written(Path(path).read_bytes(), path)
        return ["--ro-bind", path, path]
    return []


def is_for_everybody(path: str) -> bool:
    """Whether every user of this machine may read a file, or all files of a folder."""
    paths = itertools.chain([path], _below(path))
    for seen, each in enumerate(paths):
        try:
            mode = os.lstat(each).st_mode
        except OSError:
            return False
        if seen > _MOST_SETTINGS or not (stat.S_ISLNK(mode) or mode & stat.S_IROTH):
            return False
    return True


def _below(path: str) -> Iterator[str]:
    for at, folders, files in os.walk(path):
        yield from (f"{at}/{name}" for name in (*folders, *files))


def _proc() -> list[Argument]:
    # Read-only: bubblewrap leaves /proc/sys writable for root of the host, and a write to
    # core_pattern would run a program on the host. No command has to write there.
    words: list[Argument] = ["--proc", "/proc"]
    for path in (Path("/proc", name) for name in _SECRETS_OF_PROC.split()):
        if path.is_dir():
            words += ["--size", "4096", "--tmpfs", str(path), "--remount-ro", str(path)]
        elif path.exists():
            words += _file(b"", str(path))
    return [*words, "--remount-ro", "/proc"]


def _system(limits: JobLimits) -> list[Argument]:
    words: list[Argument] = ["--ro-bind", "/usr", "/usr", "--ro-bind-try", "/opt", "/opt"]
    for path in map(Path, _LINKED):
        if path.is_symlink():
            words += ["--symlink", str(path.readlink()), str(path)]
        elif path.is_dir():
            words += ["--ro-bind", str(path), str(path)]
    size = str(limits.tmp_size)
    words += [*_proc(), "--dev", "/dev"]
    words += ["--perms", "1777", "--size", size, "--tmpfs", _SHARED_MEMORY, "--remount-ro", "/dev"]
    words += ["--perms", "1777", "--size", size, "--tmpfs", "/tmp", "--symlink", "/tmp", "/var/tmp"]
    words += ["--size", str(_RUN_SIZE), "--tmpfs", "/run"]
    return words


def _home(job: Job) -> list[Argument]:
    if job.home is None:
        # Not read-only: a test may change the configuration of its user.
        own = ["--perms", "0644", "--file", IDENTITY.encode(), f"{HOME}/.gitconfig"]
        return ["--size", str(job.limits.tmp_size), "--tmpfs", HOME, *own]
    return ["--bind", str(job.home), HOME]


def _mount(mount: Mount, *, size: int) -> list[Argument]:
    if mount.mode == "tmpfs":
        return ["--size", str(size), "--tmpfs", mount.at]
    if mount.mode == "hidden":
        if mount.source is not None and mount.source.is_dir():
            return [
                "--perms",
                "0555",
                "--size",
                "4096",
                "--tmpfs",
                mount.at,
                "--remount-ro",
                mount.at,
            ]
        return _file(b"", mount.at)
    if mount.source is None:
        raise SandboxError(f"the mount at {mount.at} has no source")
    if mount.mode == "overlay":
        return ["--overlay-src", str(mount.source), "--tmp-overlay", mount.at]
    return ["--ro-bind" if mount.mode == "ro" else "--bind", str(mount.source), mount.at]


def _covers(outer: str, inner: str) -> bool:
    return inner == outer or inner.startswith(outer.rstrip("/") + "/")


def _refuse_links(mount: Mount, *, earlier: Iterable[Mount]) -> None:
    # Bubblewrap follows links when it makes a mount point, and sees the whole disk at that time.
    # A link in an untrusted tree would put the mount point elsewhere, and leave `at` uncovered.
    under = [each for each in earlier if each.source and _covers(each.at, mount.at)]
    if not under or (tree := under[-1].source) is None:
        return
    path = tree
    for part in Path(mount.at).relative_to(under[-1].at).parts:
        path = path / part
        try:
            mode = path.lstat().st_mode
        except OSError:
            return
        if stat.S_ISLNK(mode):
            raise SandboxError(
                f"cannot mount at {mount.at}: {path} is a symbolic link",
                cure="replace the link by a folder",
            )


def _is_reserved(at: str) -> bool:
    # A folder of the host's memory is mounted as one of its /tmp is: below a folder of the job's.
    if at.startswith(f"{_SHARED_MEMORY}/"):
        return False
    return any(_covers(reserved, at) or _covers(at, reserved) for reserved in _RESERVED)


def check_mounts(mounts: tuple[Mount, ...]) -> None:
    """Raises `SandboxError` for a path that is relative, not normal, reserved or behind a link."""
    for place, mount in enumerate(mounts):
        at = mount.at
        if not at.startswith("/") or at == "/" or posixpath.normpath(at) != at:
            raise SandboxError(f"cannot mount at {at!r}: it is not a normal absolute path")
        if _is_reserved(at):
            raise SandboxError(f"cannot mount at {at}: the sandbox reserves this path")
        if mount.mode != "tmpfs":
            _refuse_links(mount, earlier=mounts[:place])


def variables(job: Job, *, more: Mapping[str, str]) -> Mapping[str, str]:
    # Later values override earlier ones, and the job's own come last.
    ours = {"HOME": HOME, "TMPDIR": "/tmp", "PATH": _PATH, "LANG": "C.UTF-8", "USER": "agent"}
    return {**ours, **more, **job.env}


def inside(
    job: Job, *, own: Iterable[Argument], env: Mapping[str, str], filter_: bytes
) -> list[Argument]:
    """Returns bubblewrap's options for a job, or raises `SandboxError` for a bad mount."""
    check_mounts(job.mounts)
    online = job.access.mode == "host"
    words: list[Argument] = [*_NAMESPACES, *(() if online else ("--unshare-net",))]
    if os.geteuid() == 0:
        uid, gid = _identity()
        words += ["--uid", str(uid), "--gid", str(gid)]
    words += [*_system(job.limits), *_etc(online=online), *_home(job), *own]
    for mount in job.mounts:
        words += _mount(mount, size=job.limits.tmp_size)
    # After all mounts: bubblewrap makes their mount points in the root.
    words += ["--remount-ro", "/"]
    for name, value in env.items():
        words += ["--setenv", name, value]
    return [*words, "--chdir", job.cwd, "--seccomp", filter_]


def _bound(kind: int, wanted: int) -> str:
    # A process cannot raise its own hard limit.
    hard = resource.getrlimit(kind)[1]
    return str(wanted if hard == resource.RLIM_INFINITY else min(wanted, hard))


def limited(job: Job, *, reads_input: bool) -> list[str]:
    """Returns the command with its limits. It waits for the line `GO` on its input."""
    # The end of the input instead of `GO` means that this process died before bubblewrap was bound
    # to it: then `read` fails and the command never starts.
    argv, limits = job.argv, job.limits
    # Set in the sandbox: the kernel counts processes by user namespace. By prlimit, because dash
    # has no `ulimit -u`.
    bounds = [
        f"--nproc={_bound(resource.RLIMIT_NPROC, limits.processes)}",
        f"--nofile={_bound(resource.RLIMIT_NOFILE, limits.files)}",
        f"--fsize={_bound(resource.RLIMIT_FSIZE, limits.file_size)}",
        "--core=0",
    ]
    if limits.memory is not None:
        bounds.append(f"--as={_bound(resource.RLIMIT_AS, limits.memory)}")
    start = _START_WITH_INPUT if reads_input else _START
    return [PRLIMIT, *bounds, "--", "/bin/sh", "-c", start, "sh", *argv]


def own_python() -> tuple[str, list[Argument]]:
    """Returns the path of our interpreter in the sandbox, and the mount that it needs."""
    base = Path(sys.base_prefix).resolve()
    name = f"bin/python{sys.version_info.major}.{sys.version_info.minor}"
    if base.is_relative_to("/usr") or base.is_relative_to("/opt"):
        return str(base / name), []
    return f"{OWN}/python/{name}", ["--ro-bind", str(base), f"{OWN}/python"]
