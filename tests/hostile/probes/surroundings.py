"""Attacks on files, processes and the network around this process."""

import contextlib
import os
import signal
import socket
from pathlib import Path

from attack import PTRACE, attack, call, in_child


def tells(path: str, secret: str) -> bool:
    return secret.encode() in Path(path).read_bytes()


@attack("read ~/.ssh/id_rsa")
def _(t: dict[str, str]) -> bool:
    return tells(f"{t['user']}/.ssh/id_rsa", t["secret"])


@attack("read ~/.aws/credentials")
def _(t: dict[str, str]) -> bool:
    return tells(f"{t['user']}/.aws/credentials", t["secret"])


@attack("read through /proc/PID/root")
def _(t: dict[str, str]) -> bool:
    for pid in ("1", t["victim"]):
        with contextlib.suppress(OSError):
            return tells(f"/proc/{pid}/root{t['user']}/.ssh/id_rsa", t["secret"])
    return False


@attack("a symlink in the workspace to a secret")
def _(t: dict[str, str]) -> bool:
    return tells(f"{t['workspace']}/link", t["secret"])


@attack("a hard link to a secret")
def _(t: dict[str, str]) -> bool:
    made = f"{t['workspace']}/hard"
    os.link(f"{t['user']}/.ssh/id_rsa", made)
    return tells(made, t["secret"])


@attack("read the workspace's .env")
def _(t: dict[str, str]) -> bool:
    return tells(f"{t['workspace']}/.env", t["secret"])


def written(path: str) -> bool:
    Path(path).write_text("planted")
    return True


@attack("write $HOME/.bashrc")
def _(t: dict[str, str]) -> bool:
    return written(f"{t['user']}/.bashrc")


@attack("write a sibling folder")
def _(t: dict[str, str]) -> bool:
    return written(f"{t['sibling']}/planted")


@attack("write .git/hooks/pre-commit")
def _(t: dict[str, str]) -> bool:
    return written(f"{t['workspace']}/.git/hooks/pre-commit")


@attack("write .git/config")
def _(t: dict[str, str]) -> bool:
    return written(f"{t['workspace']}/.git/config")


@attack("rename .git and plant a new one")
def _(t: dict[str, str]) -> bool:
    Path(f"{t['workspace']}/.git").rename(f"{t['workspace']}/.git2")
    Path(f"{t['workspace']}/.git").mkdir()
    return True


@attack("the environ of the server's process")
def _(t: dict[str, str]) -> bool:
    return tells(f"/proc/{t['victim']}/environ", t["secret"])


def any_process(t: dict[str, str], name: str, sought: str) -> bool:
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            if folder.name != str(os.getpid()) and tells(f"{folder}/{name}", sought):
                return True
        except OSError:
            continue
    return False


@attack("any environ with a secret")
def _(t: dict[str, str]) -> bool:
    return any_process(t, "environ", t["secret"])


@attack("list the host's processes")
def _(t: dict[str, str]) -> bool:
    return any_process(t, "cmdline", t["marker"])


@attack("a secret inherited in the environment")
def _(t: dict[str, str]) -> bool:
    return t["secret"] in os.environ.values()


@attack("the memory of another process")
def _(t: dict[str, str]) -> bool:
    maps = Path(f"/proc/{t['victim']}/maps").read_text()
    stack = next(line for line in maps.splitlines() if line.endswith("[stack]"))
    begin, end = (int(each, 16) for each in stack.split()[0].split("-"))
    with Path(f"/proc/{t['victim']}/mem").open("rb", buffering=0) as memory:
        memory.seek(begin)
        return t["secret"].encode() in memory.read(end - begin)


@attack("ptrace another process")
def _(t: dict[str, str]) -> bool:
    def act() -> bool:
        call(PTRACE, 16, int(t["victim"]), 0, 0)
        os.waitpid(int(t["victim"]), 0x40000000)
        call(PTRACE, 17, int(t["victim"]), 0, 0)
        return True

    return in_child(act)


@attack("signal another process")
def _(t: dict[str, str]) -> bool:
    os.kill(int(t["expendable"]), signal.SIGKILL)
    return True


@attack("host TCP on loopback")
def _(t: dict[str, str]) -> bool:
    with socket.create_connection(("127.0.0.1", int(t["tcp"])), timeout=3):
        return True


def unix(address: str) -> bool:
    with socket.socket(socket.AF_UNIX) as sock:
        sock.connect(address)
    return True


@attack("a UNIX socket of the host by path")
def _(t: dict[str, str]) -> bool:
    return unix(t["unix"])


@attack("an abstract UNIX socket of the host")
def _(t: dict[str, str]) -> bool:
    return unix(f"\0{t['abstract']}")


@attack("UDP to loopback")
def _(t: dict[str, str]) -> bool:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.settimeout(3)
        sock.connect(("127.0.0.1", int(t["udp"])))
        sock.send(b"hello")
        return sock.recv(16) == b"heard"


@attack("a raw socket")
def _(t: dict[str, str]) -> bool:
    socket.socket(socket.AF_INET, socket.SOCK_RAW, 1).close()
    return True


@attack("a packet socket")
def _(t: dict[str, str]) -> bool:
    socket.socket(socket.AF_PACKET, socket.SOCK_RAW).close()
    return True


@attack("AF_VSOCK")
def _(t: dict[str, str]) -> bool:
    socket.socket(40, socket.SOCK_STREAM).close()
    return True


@attack("write the host's /tmp")
def _(t: dict[str, str]) -> bool:
    written(f"/tmp/{t['marker']}")
    return True


@attack("write the host's /dev/shm")
def _(t: dict[str, str]) -> bool:
    written(f"/dev/shm/{t['marker']}")
    return True
