"""Measures a supervised run against the bare check, by stage."""

import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from datetime import datetime
from pathlib import Path

RUNS = 3
TESTS = 40
STAGES = {
    "segment_started": "start",
    "base_recorded": "base",
    "contract_agreed": "contract",
    "environment_found": "environment",
    "worker_ended": "worker",
    "claim_recorded": "claim",
    "check_finished": "checks",
    "round_judged": "verdict",
    "delivered": "delivery",
    "run_ended": "end",
}


def make_project(folder: Path) -> None:
    (folder / "calc.py").write_text("def add(a, b):\n    return a - b\n")
    body = "\n\n".join(f"def test_{n}():\n    assert add({n}, 1) == {n} + 1" for n in range(TESTS))
    (folder / "test_calc.py").write_text(f"from calc import add\n\n\n{body}\n")
    git = ["git", "-c", "user.name=B", "-c", "user.email=b@localhost"]
    for arguments in (["init", "-q"], ["add", "-A"], ["commit", "-qm", "x"]):
        subprocess.run([*git, *arguments], cwd=folder, check=True)


def timed(command: list[str], cwd: Path, env: dict[str, str]) -> tuple[float, str]:
    began = time.perf_counter()
    done = subprocess.run(command, cwd=cwd, env=env, capture_output=True, text=True, check=False)
    return time.perf_counter() - began, done.stdout


def by_stage(lines: str) -> dict[str, float]:
    # A stage lasts from the event before to its own. So stages that overlap share their time.
    spent: dict[str, float] = {}
    before: float | None = None
    for line in lines.splitlines():
        record = json.loads(line)
        if record["kind"] not in STAGES:
            continue
        now = datetime.fromisoformat(record["time"]).timestamp()
        if before is not None:
            stage = STAGES[record["kind"]]
            spent[stage] = spent.get(stage, 0.0) + now - before
        before = now
    return spent


def main() -> None:
    bare: list[float] = []
    whole: list[float] = []
    stages: list[dict[str, float]] = []
    for _ in range(RUNS):
        with tempfile.TemporaryDirectory() as temporary:
            folder = Path(temporary)
            project = folder / "project"
            project.mkdir()
            make_project(project)
            worker = folder / "worker.sh"
            worker.write_text("#!/bin/sh\nsed -i 's/a - b/a + b/' calc.py\n")
            worker.chmod(0o755)
            path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
            env = {
                **os.environ,
                "AGENTPROXY_HOME": str(folder / "home"),
                "PATH": path,
                "VIRTUAL_ENV": sys.prefix,
            }
            check = ["python", "-m", "pytest", "-q"]
            seconds, _ = timed(check, project, env)
            bare.append(seconds)
            command = ["pa", "-o", "json", "--worker", f"command:{worker}"]
            command += ["--check", " ".join(check), "Make add right"]
            seconds, lines = timed(command, project, env)
            if json.loads(lines.splitlines()[-1])["verdict"] != "verified":
                sys.exit("the run was not verified, so its times mean nothing")
            whole.append(seconds)
            stages.append(by_stage(lines))
    unit = statistics.median(bare)
    print(f"the bare check    {unit:6.2f} s  1.0x")
    ours = statistics.median(whole)
    print(f"a supervised run  {ours:6.2f} s  {ours / unit:.1f}x")
    for stage in STAGES.values():
        seconds = statistics.median(each.get(stage, 0.0) for each in stages)
        print(f"  {stage:15} {seconds:6.2f} s  {seconds / unit:.2f}x")


if __name__ == "__main__":
    main()
