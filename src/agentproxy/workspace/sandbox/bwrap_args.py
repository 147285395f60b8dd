"""What the inside of the sandbox looks like, as words for bubblewrap; nothing is started here.

A word that is bytes stands for the number of a descriptor that reads these bytes: so neither an
environment nor a file of ours ever shows on a command line.
"""

import os
import posixpath
import resource
import stat
import sys
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Final

from agentproxy.workspace.sandbox.port import Job, JobLimits, Mount, SandboxError

Argument = str | bytes

HOME: Final = "/home/agent"
OWN: Final = "/run/sandbox"  # our files inside; /run/agentproxy is the jobs'
PRLIMIT: Final = "/usr/bin/prlimit"
_PATH: Final = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
GO: Final = b"go\n"
# The shell reads a pipe byte by byte: what follows the line is the command's.
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
# Of /etc only what programs need to start, to name hosts and to trust certificates.
_ETC_NAMES: Final = (
    "alternatives ca-certificates ca-certificates.conf crypto-policies debian_version fonts "
    "gai.conf host.conf ld.so.cache ld.so.conf ld.so.conf.d locale.alias localtime lsb-release "
    "magic mime.types nsswitch.conf os-release perl pki/ca-trust pki/tls/cert.pem pki/tls/certs "
    "pki/tls/openssl.cnf protocols python3 services ssl/cert.pem ssl/certs ssl/openssl.cnf "
    "terminfo timezone"
)
_ETC_ONLINE: Final = ("hosts", "resolv.conf")
_HOSTS: Final = b"127.0.0.1 localhost sandbox\n::1 localhost sandbox\n"
# What root of the host may read there although it holds no capability; we may be that root.
_SECRETS_OF_PROC: Final = (
    "acpi asound kcore keys key-users kmsg kpagecgroup kpagecount kpageflags latency_stats "
    "sched_debug scsi slabinfo sysrq-trigger timer_list vmallocinfo"
)
_RESERVED: Final = ("/proc", "/dev", "/sys", OWN)


def _identity() -> tuple[int, int]:
    """Who we are inside. Root is shown as somebody else: agents refuse to work as root."""
    uid, gid = os.geteuid(), os.getegid()
    return (_UID_OF_ROOT, _UID_OF_ROOT) if uid == 0 else (uid, gid)


def _file(content: bytes, at: str) -> list[Argument]:
    return ["--perms", "0444", "--ro-bind-data", content, at]


def _accounts() -> list[Argument]:
    uid, gid = _identity()
    shell = "/bin/bash" if Path("/bin/bash").exists() else "/bin/sh"
    passwd = (
        f"root:x:0:0:root:/root:/bin/sh\nagent:x:{uid}:{gid}:agent:{HOME}:{shell}\n"
        "nobody:x:65534:65534:nobody:/:/bin/false\n"
    )
    group = f"root:x:0:\nagent:x:{gid}:\nnogroup:x:65534:\n"
    return [*_file(passwd.encode(), "/etc/passwd"), *_file(group.encode(), "/etc/group")]


def _etc(*, online: bool) -> list[Argument]:
    words: list[Argument] = []
    java = (path.name for path in Path("/etc").glob("java*"))
    for name in (*_ETC_NAMES.split(), *java, *(_ETC_ONLINE if online else ())):
        path = f"/etc/{name}"
        if Path(path).exists():
            words += ["--ro-bind", path, path]
    return [*words, *_accounts(), *([] if online else _file(_HOSTS, "/etc/hosts"))]


def _proc() -> list[Argument]:
    """A /proc of our processes only, and read-only.

    Bubblewrap leaves /proc/sys writable to whoever is root outside: core_pattern would be a way
    out. Nothing that a command needs is written there; /dev/stdout and the like are links.
    """
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
    words += ["--perms", "1777", "--size", size, "--tmpfs", "/dev/shm", "--remount-ro", "/dev"]
    words += ["--perms", "1777", "--size", size, "--tmpfs", "/tmp", "--symlink", "/tmp", "/var/tmp"]
    words += ["--size", str(_RUN_SIZE), "--tmpfs", "/run"]
    return words


def _home(job: Job) -> list[Argument]:
    if job.home is None:
        return ["--size", str(job.limits.tmp_size), "--tmpfs", HOME]
    return ["--bind", str(job.home), HOME]


def _mount(mount: Mount, *, size: int) -> list[Argument]:
    """The words of one mount, as the port describes its mode."""
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
        raise SandboxError(f"the mount at {mount.at} names no source")
    if mount.mode == "overlay":
        return ["--overlay-src", str(mount.source), "--tmp-overlay", mount.at]
    return ["--ro-bind" if mount.mode == "ro" else "--bind", str(mount.source), mount.at]


def _covers(outer: str, inner: str) -> bool:
    return inner == outer or inner.startswith(outer.rstrip("/") + "/")


def _refuse_links(mount: Mount, *, earlier: Iterable[Mount]) -> None:
    """A mount point that lies in a tree of somebody else's must be where it says.

    Bubblewrap follows links while it makes mount points, and it still sees the whole disk then: a
    link in the tree would make it create them elsewhere, and leave open what should be hidden.
    """
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
            raise SandboxError(f"cannot mount at {mount.at}: {path} is a symbolic link")


def check_mounts(mounts: tuple[Mount, ...]) -> None:
    """Refuse mounts that cannot be made as they are described.

    Raises:
        SandboxError: a relative, unclean or reserved path, or a link in the way.
    """
    for place, mount in enumerate(mounts):
        at = mount.at
        if not at.startswith("/") or at == "/" or posixpath.normpath(at) != at:
            raise SandboxError(f"not a plain absolute path to mount at: {at!r}")
        if any(_covers(reserved, at) or _covers(at, reserved) for reserved in _RESERVED):
            raise SandboxError(f"{at} is the sandbox's own")
        if mount.mode != "tmpfs":
            _refuse_links(mount, earlier=mounts[:place])


def variables(job: Job, *, more: Mapping[str, str]) -> Mapping[str, str]:
    """The whole environment inside: ours, then what the access needs, then the job's own."""
    ours = {"HOME": HOME, "TMPDIR": "/tmp", "PATH": _PATH, "LANG": "C.UTF-8", "USER": "agent"}
    return {**ours, **more, **job.env}


def inside(
    job: Job, *, own: Iterable[Argument], env: Mapping[str, str], filter_: bytes
) -> list[Argument]:
    """Every option for a job. `own` are mounts of ours that come before the job's.

    Raises:
        SandboxError: a mount cannot be made.
    """
    check_mounts(job.mounts)
    online = job.access.mode == "host"
    words: list[Argument] = [*_NAMESPACES, *(() if online else ("--unshare-net",))]
    if os.geteuid() == 0:
        uid, gid = _identity()
        words += ["--uid", str(uid), "--gid", str(gid)]
    words += [*_system(job.limits), *_etc(online=online), *_home(job), *own]
    for mount in job.mounts:
        words += _mount(mount, size=job.limits.tmp_size)
    # Last: until here mount points are made in it, from here on nothing may be.
    words += ["--remount-ro", "/"]
    for name, value in env.items():
        words += ["--setenv", name, value]
    return [*words, "--chdir", job.cwd, "--seccomp", filter_]


def _bound(kind: int, wanted: int) -> str:
    """No more than the hard limit that we are under ourselves: it cannot be raised."""
    hard = resource.getrlimit(kind)[1]
    return str(wanted if hard == resource.RLIM_INFINITY else min(wanted, hard))


def limited(job: Job, *, reads_input: bool) -> list[str]:
    """The command under its limits, waiting for a line that says `GO`.

    The limits are set inside: processes are counted by user namespace. Whoever waits and finds
    the input closed ends: we died before the sandbox was bound to us.
    """
    argv, limits = job.argv, job.limits
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
    """Our interpreter's path inside, and the mount it needs."""
    base = Path(sys.base_prefix).resolve()
    name = f"bin/python{sys.version_info.major}.{sys.version_info.minor}"
    if base.is_relative_to("/usr") or base.is_relative_to("/opt"):
        return str(base / name), []
    return f"{OWN}/python/{name}", ["--ro-bind", str(base), f"{OWN}/python"]
