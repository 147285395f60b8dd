"""Seconds of a run of Claude Code's real program beyond the bare agent and the run's checks.

A scripted server plays the model for both. `make agents` installs the program.
"""

import itertools
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from importlib import import_module
from pathlib import Path
from typing import Any

from agentproxy.workers.claude.command_line import TOOLS, variables

ROOT = Path(__file__).parent.parent
sys.path.insert(0, str(ROOT / "tests"))

answers: Any = import_module("support.answers")
served: Any = import_module("support.model_server")
projects: Any = import_module("support.projects")

RUNS = int(os.environ.get("RUNS", "3"))
BAR = 1.0  # seconds
MODEL = "claude-sonnet-4-6"
THOUGHT = 0.3  # seconds that each answer of the model takes
CHECK = "python -m pytest -q"
# With the first, each start of Python would compile anew.
UNUSUAL = ("PYTHONDONTWRITEBYTECODE", "PYTHONUNBUFFERED")
Record = Mapping[str, Any]


def replies(file: Path) -> Iterable[Any]:
    """Reads, edits, runs the tests, and says so."""
    mend = {"file_path": str(file), "old_string": "a - b", "new_string": "a + b"}
    tests = {"command": CHECK, "description": "Run the tests"}
    for tool, given in (("Read", {"file_path": str(file)}), ("Edit", mend), ("Bash", tests)):
        yield answers.Reply(calls=((tool, json.dumps(given)),), stop="tools")
    yield answers.Reply(text=("It is mended.",))


def make_project(folder: Path) -> Path:
    project = folder / "project"
    for name, text in projects.TESTED_CALC.items():
        place = project / name
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text(text)
    git = ["git", "-c", "user.name=B", "-c", "user.email=b@localhost"]
    for words in (["init", "-q"], ["add", "-A"], ["commit", "-qm", "x"]):
        subprocess.run([*git, *words], cwd=project, check=True)
    return project


def environment(folder: Path, url: str) -> dict[str, str]:
    return {
        **{name: text for name, text in os.environ.items() if name not in UNUSUAL},
        "HOME": str(folder),
        "AGENTPROXY_HOME": str(folder / "home"),
        "ANTHROPIC_API_KEY": "sk-000",
        "ANTHROPIC_BASE_URL": url,
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
        "VIRTUAL_ENV": sys.prefix,
        "XDG_CONFIG_HOME": str(folder / "config"),
    }


@dataclass
class Measured:
    """One run. `stages` are the seconds of its parts, one after the other."""

    seconds: float
    checks: float = 0.0  # in which a check ran and the worker did not
    stages: Mapping[str, float] | None = None


def bare_agent(program: Path, project: Path, env: Mapping[str, str]) -> Measured:
    words = ["-p", "--verbose", "--output-format=stream-json", f"--model={MODEL}"]
    words += [f"--tools={','.join(TOOLS)}", "--allowedTools=Read,Edit,Bash", "--setting-sources="]
    began = time.perf_counter()
    done = subprocess.run(
        [program, *words, "Fix add"],
        cwd=project,
        env={**env, **variables(model=MODEL)},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    seconds = time.perf_counter() - began
    if done.returncode or "a + b" not in (project / "calc.py").read_text():
        sys.exit(f"Claude Code came to nothing: {done.stdout[-2000:]}{done.stderr}")
    return Measured(seconds)


def supervised(program: Path, project: Path, env: Mapping[str, str]) -> Measured:
    configuration = project.parent / "config" / "agentproxy"
    configuration.mkdir(parents=True)
    (configuration / "config.toml").write_text(f'[worker.claude]\nprogram = "{program}"\n')
    words = ["-o", "json", "--worker", "claude", "--model", MODEL, "--check", CHECK]
    start = time.time()
    done = subprocess.run(
        [sys.executable, "-m", "agentproxy", *words, "--judge", "none", "Fix add"],
        cwd=project,
        env={**env},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    end = time.time()
    if done.returncode:
        sys.exit(f"the run came to nothing: {done.stdout[-3000:]}{done.stderr}")
    return divided([json.loads(line) for line in done.stdout.splitlines()], start, end)


def divided(records: list[Record], start: float, end: float) -> Measured:
    moments: dict[str, float] = {}
    checks: list[tuple[float, float]] = []
    begun: dict[str, float] = {}
    for record in records:
        if "time" not in record:
            continue
        at, cause = datetime.fromisoformat(record["time"]).timestamp(), str(record.get("cause"))
        moments.setdefault(record["kind"], at)
        if os.environ.get("EVENTS"):
            print(f"      {at - start:6.2f} {record['kind']} {cause}")
        if record["kind"] == "check_started":
            begun[cause] = at
        elif record["kind"] == "check_finished" and cause in begun:
            checks.append((begun.pop(cause), at))
    names = ("run_created", "worker_started", "session_opened", "worker_ended", "round_judged")
    marks = [start, *(moments[name] for name in names), end]
    said = ("start", "base", "start of the agent", "work", "claim to verdict", "end")
    stages = {
        name: after - before
        for name, (before, after) in zip(said, itertools.pairwise(marks), strict=True)
    }
    work = (moments["worker_started"], moments["worker_ended"])
    return Measured(end - start, outside(checks, work), stages)


def outside(spans: list[tuple[float, float]], work: tuple[float, float]) -> float:
    """Returns the seconds that a span covers and the work does not."""
    total, covered = 0.0, 0.0
    for began, ended in sorted(
        piece
        for low, high in spans
        for piece in ((low, min(high, work[0])), (max(low, work[1]), high))
        if piece[0] < piece[1]
    ):
        total += max(0.0, ended - max(began, covered))
        covered = max(covered, ended)
    return total


def measure(program: Path, story: Any) -> Measured:
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        project = make_project(folder)
        script, numbers = list(replies(project / "calc.py")), itertools.count()

        def think(body: Mapping[str, Any]) -> Any:
            time.sleep(THOUGHT)
            # Not by their number: a side question must not take an answer.
            place = json.dumps(body["messages"]).count('"tool_result"')
            return replace(script[min(place, 3)], key=f"{next(numbers)}-")

        with served.model_server(think=think) as server:
            return story(program, project, environment(folder, server.url))


def main() -> None:
    found = sorted((ROOT / ".agents").glob("*/node_modules/.bin/claude"))
    if not found:
        print("Claude Code is not installed: make agents")
        return
    rounds = [(measure(found[0], bare_agent), measure(found[0], supervised)) for _ in range(RUNS)]
    bare = statistics.median(one.seconds for one, _ in rounds)
    run = statistics.median(one.seconds for _, one in rounds)
    checks = statistics.median(one.checks for _, one in rounds)
    print(f"the bare agent {bare:.2f} s, its checks {checks:.2f} s, the run {run:.2f} s")
    for name in rounds[0][1].stages or {}:
        took = statistics.median((one.stages or {})[name] for _, one in rounds)
        print(f"  {name:20} {took:5.2f} s")
    print(
        f"ratio {run / (bare + checks):.2f}, beyond both {run - bare - checks:.2f} s (bar {BAR:g})"
    )


if __name__ == "__main__":
    main()
