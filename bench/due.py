"""Measures `due` on a claim with many tests, against the code that weighed checks at every call.

Run `python bench/due.py` in a clone with its history.
"""

import os
import subprocess
import sys
import tempfile
from pathlib import Path

BEFORE = "ef955e0"  # a commit that weighs at every call
CHECKS = 4
TESTS = 20_000  # for each check
BAR = 100.0  # times faster than before
ROOT = Path(__file__).resolve().parent.parent

ASK = """
import importlib.util, sys, time
from agentproxy.events import check, contract, run, work
from agentproxy.events.envelope import Event, RunId
from agentproxy.events.plan import ContextsRead

checks, tests = int(sys.argv[1]), int(sys.argv[2])
old = importlib.util.find_spec("agentproxy.supervisor.reduce") is not None
if old:
    from agentproxy.events import tree as trees
    from agentproxy.supervisor.reduce import due, reduce
    from agentproxy.supervisor.state import State
else:
    from agentproxy.events import asked, git_facts as trees, trials
    from agentproxy.supervisor.check_verdicts import weigh_checks
    from agentproxy.supervisor.effects import SUPERVISED
    due, reduce, State = SUPERVISED.due, SUPERVISED.reduce, SUPERVISED.new_state

def result(*, red):
    outcomes = ["failed" if red and number == 0 else "passed" for number in range(tests)]
    found = [
        check.TestResult(name=f"tests/test_{number % 400}.py::test_{number}", outcome=outcome)
        for number, outcome in enumerate(outcomes)
    ]
    return check.CheckResult(
        exit_code=int(red), ending="exited", seconds=9.0, tests=tuple(found), by_test=True
    )

def facts():
    names = [f"tests {number}" for number in range(checks)]
    role = "named" if old else "acceptance"
    order = run.Order(task="Fix it", repository="/r", worker="w")
    yield run.RunCreated(**{"order" if old else "request": order}, product="1")
    yield run.SegmentStarted(segment=1, pid=1, sandbox="plain")
    yield trees.BaseRecorded(head="h", branch="main", commit="b", tree="t0", ref="r")
    yield ContextsRead()
    yield contract.ContractAgreed(contract=contract.Contract(
        task="Fix it",
        criteria=(contract.Criterion(id="task", text="Fix it", checks=tuple(names)),),
        checks=tuple(
            contract.Check(name=name, command="pytest -q", role=role, source="--check")
            for name in names
        ),
    ))
    yield trees.EnvironmentFound(path="/bin")
    yield work.WorkerStarted(round=1, worker="w")
    yield work.WorkerEnded(round=1, claims=True, reason="done")
    change = trees.Change(path="src/dates.py", status="modified", added=3, removed=1)
    yield trees.ClaimRecorded(round=1, commit="c", tree="t1", ref="r", changes=(change,))
    if not old:
        yield asked.AskedRead(round=1)
        yield trials.ClaimExamined(round=1)
    for on in ("base", "claim:1"):
        for name in names:
            yield check.CheckFinished(check=name, on=on, result=result(red=on == "base"))

def seconds(function, *, times):
    began = time.perf_counter()
    for _ in range(times):
        function()
    return (time.perf_counter() - began) / times

state = State()
for seq, fact in enumerate(facts(), 1):
    state = reduce(state, Event(RunId("run"), seq, float(seq), "supervisor", fact))
weighing = 0.0
if not old:
    began = time.perf_counter()
    fact = weigh_checks(state, 1)
    weighing = time.perf_counter() - began
    reduce(state, Event(RunId("run"), seq + 1, float(seq), "supervisor", fact))
assert list(due(state)) == ["judge:1"], due(state)
times, rounds = (1, 2) if old else (1000, 3)
print(min(seconds(lambda: due(state), times=times) for _ in range(rounds)), weighing)
"""


def seconds(source: Path) -> tuple[float, float]:
    """Returns the best time of `due` with the code of `source`, and the time of weighing."""
    # A process for each code: both packages have the same name.
    done = subprocess.run(
        [sys.executable, "-c", ASK, str(CHECKS), str(TESTS)],
        env={**os.environ, "PYTHONPATH": str(source / "src")},
        capture_output=True,
        text=True,
        timeout=600,
        check=False,
    )
    if done.returncode:
        sys.exit(done.stderr)
    due, weighing = done.stdout.split()
    return float(due), float(weighing)


def main() -> int:
    """Prints the table. Returns 1 if the bar is missed."""
    with tempfile.TemporaryDirectory() as name:
        before = Path(name) / "before"
        git = ("git", "-C", str(ROOT), "worktree")
        subprocess.run([*git, "add", "--quiet", "--detach", str(before), BEFORE], check=True)
        try:
            old, _ = seconds(before)
            new, weighing = seconds(ROOT)
        finally:
            subprocess.run([*git, "remove", "--force", str(before)], check=True)
    title = f"{CHECKS} checks of {TESTS:,} tests"
    print(f"{title:34}{'ms':>12}{'times':>12}  bar")
    print(f"{'before: due':34}{old * 1000:12.4f}{1.0:12.1f}")
    print(f"{'now: due':34}{new * 1000:12.4f}{old / new:12,.1f}  at least {BAR:g}")
    print(f"{'now: weighing, once for results':34}{weighing * 1000:12.4f}{old / weighing:12.1f}")
    return int(old / new < BAR)


if __name__ == "__main__":
    sys.exit(main())
