"""Measures what telemetry costs a run: never made, off, and on, with a real collector of OTLP.

Runs alternate, so that what else the machine does falls on all of them. The first column is the
time of a whole `pa` with a worker and checks; the second is its CPU, with all its children.
"""

import argparse
import os
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping
from importlib import import_module
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "tests"))

collector: Any = import_module("support.otlp").collector

CHECK = "python -c 'import time, calc; time.sleep(1); assert calc.add(2, 3) == 5'"
WORKER = "#!/bin/sh\nsleep 1\nsed -i 's/a - b/a + b/' calc.py\n"
OFF = {"AGENTPROXY_ENABLE_TELEMETRY": "0"}


def make_project(folder: Path) -> None:
    folder.mkdir()
    (folder / "calc.py").write_text("def add(a, b):\n    return a - b\n")
    git = ["git", "-c", "user.name=B", "-c", "user.email=b@localhost"]
    for arguments in (["init", "-q"], ["add", "-A"], ["commit", "-qm", "x"]):
        subprocess.run([*git, *arguments], cwd=folder, check=True)


def run(folder: Path, variables: Mapping[str, str]) -> tuple[float, float]:
    """Returns the seconds and the CPU seconds of one run in a project of its own."""
    project, worker = folder / "project", folder / "worker.sh"
    make_project(project)
    worker.write_text(WORKER)
    worker.chmod(0o755)
    inherited = {name: text for name, text in os.environ.items() if not name.startswith("OTEL_")}
    inherited.pop("AGENTPROXY_ENABLE_TELEMETRY", None)
    env = {
        **inherited,
        "AGENTPROXY_HOME": str(folder / "home"),
        "AGENTPROXY_KEEP_BASES": "never",
        "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
        **variables,
    }
    command = ["--worker", f"command:{worker}", "--check", CHECK, "--judge", "none", "Fix add"]
    before, began = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    subprocess.run(
        [sys.executable, "-m", "agentproxy", *command],
        cwd=project,
        env=env,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        check=True,
    )
    seconds, after = time.perf_counter() - began, resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    shutil.rmtree(folder)
    return seconds, cpu


def measure(rounds: int, to: Any) -> dict[str, list[tuple[float, float]]]:
    # As a user has it: the intervals are the defaults.
    given: dict[str, str] = to.variables
    on = {name: given[name] for name in given if "INTERVAL" not in name and "DELAY" not in name}
    kinds: dict[str, Mapping[str, str]] = {"not set": {}, "off": OFF, "on": on}
    found: dict[str, list[tuple[float, float]]] = {name: [] for name in kinds}
    with tempfile.TemporaryDirectory() as place:
        for number in range(rounds + 1):
            names = list(kinds) if number % 2 else list(reversed(kinds))
            for name in names:
                folder = Path(place, f"{number}-{name}".replace(" ", "-"))
                folder.mkdir()
                measured = run(folder, kinds[name])
                if number:  # the first time compiles modules
                    found[name].append(measured)
    return found


def ratio(found: dict[str, list[tuple[float, float]]], name: str, column: int) -> str:
    pairs = zip(found[name], found["not set"], strict=True)
    ratios = sorted(each[column] / base[column] for each, base in pairs)
    return f"{statistics.median(ratios):.2f}x ({ratios[0]:.2f} to {ratios[-1]:.2f})"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--protocol", default="grpc", choices=("grpc", "http/protobuf"))
    chosen = parser.parse_args()
    with collector(chosen.protocol) as to:
        found = measure(chosen.rounds, to)
        assert to.named("pa.run_task"), "nothing came"
    base = statistics.median(seconds for seconds, _ in found["not set"])
    print(f"a run without telemetry: {base:.2f} s; {chosen.rounds} pairs, {chosen.protocol}")
    for name in ("off", "on"):
        print(f"  {name:4} time {ratio(found, name, 0)}   CPU {ratio(found, name, 1)}")


if __name__ == "__main__":
    main()
