"""Measures supervised runs against the bare check, by stage, in seconds and in CPU.

Each case runs twice on one base, and beside another checkout of Agent Proxy in the same run.
"""

import argparse
import compileall
import contextlib
import ctypes
import json
import os
import shutil
import statistics
import subprocess
import sys
import sysconfig
import tempfile
import time
import venv
from collections.abc import Callable, Generator, Iterable
from dataclasses import dataclass, field
from datetime import datetime
from importlib.metadata import distribution
from pathlib import Path

BEFORE = "36388c4"  # a commit before green checks were tried on variants of the claim
# Libraries that only that code needs.
OLD_LIBRARIES = ("pydantic-settings==2.16.3", "python-dotenv==1.2.4")
ROOT = Path(__file__).parent.parent
FILES, TESTS = 20, 5
STAGES = ("base", "worker", "claim", "checks", "reruns", "own tests", "trials", "rest")
# The check that is named. Discovery finds `python -m pytest -q`.
NAMED = "pytest -q"
PYTEST = ("pytest", "pluggy", "iniconfig", "packaging", "pygments")
# With the first, no program would keep its compiled files, and each start would compile anew.
UNUSUAL = ("PYTHONDONTWRITEBYTECODE", "PYTHONUNBUFFERED")
PR_SET_CHILD_SUBREAPER = 36
TICK = os.sysconf("SC_CLK_TCK")

# Each test takes the same CPU time, however busy the machine is. With `wait` it only waits.
BUSY = """import time


def busy(seconds={each}, wait={wait}):
    if wait:
        time.sleep(seconds)
    end = time.process_time() + seconds
    while not wait and time.process_time() < end:
        pass
"""
SUB = """from busy import busy
from calc_sub import sub


def test_sub():
    busy()
    assert sub(3, 1) == 2
"""
ADD = "printf 'def sub(a, b):\\n    return a - b\\n' >calc_sub.py"
WORKERS = {
    "bug": "sed -i 's/a - b/a + b/' calc.py\n",
    "feature": f"{ADD}\ncat >test_sub.py <<'END'\n{SUB}END\n",
    "old file": f"{ADD}\ncat >>test_calc_00.py <<'END'\n\n\n{SUB}END\n",
    "broken": "sed -i 's/a + b/a + b if a != 3 else 0/' calc.py\n",
}


@dataclass(frozen=True)
class Suite:
    """What the project's tests do, and the environment that they run in."""

    seconds: float
    waits: bool
    environment: str


@dataclass
class Measured:
    """One run: seconds, CPU seconds, and the seconds from the end of the work to the verdict."""

    seconds: float
    cpu: float
    proof: float = 0.0
    verdict: str = ""
    stages: dict[str, list[float]] = field(default_factory=dict[str, list[float]])


def make_project(folder: Path, case: str, suite: Suite) -> None:
    sign = "-" if case == "bug" else "+"
    (folder / "calc.py").write_text(f"def add(a, b):\n    return a {sign} b\n")
    (folder / "busy.py").write_text(
        BUSY.format(each=suite.seconds / FILES / TESTS, wait=suite.waits)
    )
    for number in range(FILES):
        body = "\n\n".join(
            f"def test_{n}():\n    busy()\n    assert add({number}, {n}) == {number} + {n}"
            for n in range(TESTS)
        )
        head = "from busy import busy\nfrom calc import add\n\n\n"
        (folder / f"test_calc_{number:02}.py").write_text(f"{head}{body}\n")
    git = ["git", "-c", "user.name=B", "-c", "user.email=b@localhost"]
    for arguments in (["init", "-q"], ["add", "-A"], ["commit", "-qm", "x"]):
        subprocess.run([*git, *arguments], cwd=folder, check=True)


def adopt_orphans() -> None:
    # A sandbox's first process outlives its parent. Its CPU time would be lost to us.
    ctypes.CDLL(None).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)


def reap_orphans() -> None:
    with contextlib.suppress(ChildProcessError):
        while os.waitpid(-1, os.WNOHANG)[0]:
            pass


def times_of(process: Path) -> tuple[int, float]:
    """Returns the parent and the CPU seconds of a process, with the children it has waited for."""
    fields = (process / "stat").read_text().rpartition(")")[2].split()
    return int(fields[1]), sum(map(int, fields[11:15])) / TICK


def cpu_below() -> float:
    """Returns the CPU seconds of all processes that this one has started, dead or alive."""
    known: dict[int, tuple[int, float]] = {}
    for process in Path("/proc").iterdir():
        if process.name.isdigit():
            with contextlib.suppress(OSError):
                known[int(process.name)] = times_of(process)
    below, size = {os.getpid()}, 0
    while len(below) > size:
        size = len(below)
        below |= {pid for pid, (parent, _) in known.items() if parent in below}
    own = os.times()
    return sum(known[pid][1] for pid in below if pid in known) - own.user - own.system


def stage_of(effect: str) -> str:
    """Returns the stage of an effect by its id."""
    kind, _, rest = effect.partition(":")
    if kind == "check":
        if rest.startswith("base:"):
            return "base" if effect.endswith(":1") else "reruns"
        if rest.startswith("claim:"):
            return "checks" if effect.endswith(":1") else "reruns"
        return "own tests" if rest.startswith("restored:") else "trials"
    return {"work": "worker", "claim": "claim", "trials": "trials", "restore": "own tests"}.get(
        kind, "rest"
    )


def by_stage(records: Iterable[tuple[dict[str, object], float]]) -> dict[str, list[float]]:
    """Seconds in which a stage was under way, and its CPU; stages side by side share the CPU."""
    spent = {stage: [0.0, 0.0] for stage in STAGES}
    under_way: dict[str, str] = {}
    before: tuple[float, float] | None = None
    for record, cpu in records:
        now = datetime.fromisoformat(str(record["time"])).timestamp()
        if before is not None:
            active = set(under_way.values()) or {"rest"}
            for stage in active:
                spent[stage][0] += now - before[0]
                spent[stage][1] += (cpu - before[1]) / len(active)
        before = (now, cpu)
        effect, kind = str(record.get("cause") or ""), str(record["kind"])
        if kind in ("effect_started", "check_started", "worker_started"):
            under_way[effect] = stage_of(effect)
        elif kind != "process_started":
            under_way.pop(effect, None)
    return spent


def supervise(command: list[str], project: Path, env: dict[str, str]) -> Measured:
    began, cpu = time.perf_counter(), cpu_below()
    process = subprocess.Popen(command, cwd=project, env=env, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    records: list[tuple[dict[str, object], float]] = []
    moments: dict[str, float] = {}
    result: dict[str, object] = {}
    for line in process.stdout:
        result = json.loads(line)
        if "time" in result:
            records.append((result, cpu_below()))
            moments[str(result["kind"])] = datetime.fromisoformat(str(result["time"])).timestamp()
    process.wait()
    seconds = time.perf_counter() - began
    reap_orphans()
    if result.get("verdict") not in ("verified", "unverified", "refuted"):
        sys.exit(f"the run came to nothing: {result}")
    return Measured(
        seconds=seconds,
        cpu=cpu_below() - cpu,
        proof=moments["round_judged"] - moments["worker_ended"],
        verdict=str(result["verdict"]),
        stages=by_stage(records),
    )


def bare_check(project: Path, env: dict[str, str]) -> Measured:
    began, cpu = time.perf_counter(), cpu_below()
    subprocess.run(NAMED.split(), cwd=project, env=env, stdout=subprocess.DEVNULL, check=False)
    seconds = time.perf_counter() - began
    for cache in (*project.rglob("__pycache__"), project / ".pytest_cache"):
        shutil.rmtree(cache, ignore_errors=True)
    return Measured(seconds, cpu_below() - cpu)


def make_environment(folder: Path) -> Path:
    """Makes an environment with pytest alone, from the files of the one that runs this."""
    venv.create(folder, symlinks=True)
    ours = folder / "lib" / Path(sysconfig.get_path("purelib")).relative_to(f"{sys.prefix}/lib")
    for name in PYTEST:
        files = distribution(name).files or ()
        for theirs in (each for each in files if ".." not in each.parts):
            place = ours / theirs
            place.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(str(theirs.locate()), place)
    program = folder / "bin" / "pytest"
    start = "import sys\n\nimport pytest\n\nsys.exit(pytest.main())\n"
    program.write_text(f"#!{folder}/bin/python\n{start}")
    program.chmod(0o755)
    return folder


def measure(case: str, suite: Suite, source: Path) -> list[Measured]:
    """Returns the bare check, a run on a new base, and a second run on the same base."""
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        project = folder / "project"
        project.mkdir()
        make_project(project, case, suite)
        worker = folder / "worker.sh"
        worker.write_text(f"#!/bin/sh\n{WORKERS[case]}")
        worker.chmod(0o755)
        prefix = (
            Path(sys.prefix) if suite.environment == "own" else make_environment(folder / "env")
        )
        env = {
            **{name: text for name, text in os.environ.items() if name not in UNUSUAL},
            "AGENTPROXY_HOME": str(folder / "home"),
            "PATH": f"{prefix / 'bin'}{os.pathsep}{os.environ['PATH']}",
            "VIRTUAL_ENV": str(prefix),
        }
        # Not by PYTHONPATH: with it, no result of a base is kept.
        start = f"import sys, runpy; sys.path.insert(0, {str(source / 'src')!r}); "
        start += "runpy.run_module('agentproxy', run_name='__main__', alter_sys=True)"
        command = [sys.executable, "-c", start, "-o", "json"]
        command += ["--worker", f"command:{worker}", "--max-rounds", "1", "--check", NAMED]
        command += ["--judge", "none", "Make it right"]
        bare = bare_check(project, env)
        return [bare, *(supervise(command, project, env) for _ in range(2))]


def median(runs: list[Measured], value: Callable[[Measured], float]) -> float:
    return statistics.median(map(value, runs))


def print_stages(which: str, runs: list[Measured], bare: Measured) -> None:
    seconds, cpu = median(runs, lambda run: run.seconds), median(runs, lambda run: run.cpu)
    proof = median(runs, lambda run: run.proof) / bare.seconds
    _line(f"    {which}", seconds, cpu, bare=bare)
    print(f"      from claim to verdict {proof:.2f}x, {runs[0].verdict}")
    for stage in STAGES:
        took = median(runs, lambda run, of=stage: run.stages[of][0])
        used = median(runs, lambda run, of=stage: run.stages[of][1])
        if took:
            _line(f"      {stage}", took, used, bare=bare)


def _line(name: str, seconds: float, cpu: float, *, bare: Measured) -> None:
    ratios = f"{seconds / bare.seconds:5.2f}x   CPU {cpu / bare.cpu:5.2f}x"
    print(f"{name:18} {seconds:6.2f} s {ratios}")


@contextlib.contextmanager
def checkouts(beside: str) -> Generator[dict[str, Path]]:
    """The checkouts to measure, by name."""
    sources = {"this checkout": ROOT}
    if beside == "none":
        yield sources
        return
    if beside:
        yield {**sources, f"beside {beside}": Path(beside).resolve()}
        return
    git = ["git", "-C", str(ROOT), "worktree"]
    with tempfile.TemporaryDirectory() as temporary:
        before = Path(temporary) / "before"
        subprocess.run([*git, "add", "--quiet", "--detach", str(before), BEFORE], check=True)
        try:
            pip = (sys.executable, "-m", "pip", "install", "-q", "--no-deps", "--target")
            subprocess.run([*pip, str(before / "src"), *OLD_LIBRARIES], check=True)
            yield {**sources, f"commit {BEFORE}": before}
        finally:
            subprocess.run([*git, "remove", "--force", str(before)], check=True)


def compare(case: str, suite: Suite, sources: dict[str, Path], *, runs: int) -> None:
    # Interleaved, so that other load on the machine meets all alike.
    rounds = [
        {name: measure(case, suite, source) for name, source in sources.items()}
        for _ in range(runs)
    ]
    alone = [each[0] for one in rounds for each in one.values()]
    bare = Measured(median(alone, lambda run: run.seconds), median(alone, lambda run: run.cpu))
    print(f"{case}: the bare check takes {bare.seconds:.2f} s, CPU {bare.cpu:.2f} s")
    for name in sources:
        print(f"  {name}")
        for number, which in enumerate(("first run", "same base"), start=1):
            print_stages(which, [one[name][number] for one in rounds], bare)


def main() -> None:
    parser = argparse.ArgumentParser(description="Supervised runs against the bare check.")
    parser.add_argument("--seconds", type=float, default=10.0, help="of the suite")
    parser.add_argument("--waits", action="store_true", help="the suite waits and computes nothing")
    parser.add_argument("--runs", type=int, default=1)
    parser.add_argument("--case", choices=[*WORKERS], action="append")
    parser.add_argument(
        "--environment",
        choices=["pytest", "own"],
        default="pytest",
        help="the project's: pytest alone, or this checkout's own, whose plugins start slowly",
    )
    parser.add_argument("--beside", default="", help="another checkout of Agent Proxy, or none")
    asked = parser.parse_args()
    adopt_orphans()
    with checkouts(asked.beside) as sources:
        for source in sources.values():
            compileall.compile_dir(source / "src", quiet=1)  # as an installer does
        for case in asked.case or WORKERS:
            suite = Suite(asked.seconds, asked.waits, asked.environment)
            compare(case, suite, sources, runs=asked.runs)


if __name__ == "__main__":
    main()
