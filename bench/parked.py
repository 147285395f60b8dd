"""Measures the resident memory that 1,000 parked runs leave in their process.

Run `python bench/parked.py`.
"""

import os
import subprocess
import sys
import tempfile

RUNS = 1_000
BAR = 20.0  # KB for each run

EMPTY = "print(int(open('/proc/self/statm').read().split()[1]) * 4096)"
HOST = """
import asyncio, gc, os, subprocess, sys
from pathlib import Path

from agentproxy.app.context import open_app
from agentproxy.app.run_ownership import acquire_run, new_holder
from agentproxy.app.runs import work_on
from agentproxy.events import check, contract, git_facts, run, work
from agentproxy.events.envelope import Draft, RunId
from agentproxy.events.plan import ContextsRead

folder, count = Path(sys.argv[1]), int(sys.argv[2])
FIRST, AT_ONCE = 50, 20
repository = folder / "project"

def resident():
    gc.collect()
    return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGESIZE")

def first_fact():
    order = run.Order(
        task="Fix the failing date parser", repository=str(repository), worker="command:true",
        sandbox="plain", max_time=60.0,
    )
    return Draft("human", run.RunCreated(request=order, product="1"))

def facts():
    tests = contract.Check(name="tests", command="true", role="acceptance", source="--check")
    criterion = contract.Criterion(id="task", text="Fix it", checks=("tests",))
    agreed = contract.Contract(task="Fix it", criteria=(criterion,), checks=(tests,))
    found = [
        check.TestResult(name=f"tests/test_{number}.py::test_it", outcome="passed")
        for number in range(200)
    ]
    result = check.CheckResult(
        exit_code=0, ending="exited", seconds=1.0, tests=tuple(found), by_test=True
    )
    return [
        run.SegmentStarted(segment=1, pid=1, sandbox="plain"),
        git_facts.BaseRecorded(head="h", branch="main", commit="b", tree="t", ref="r"),
        ContextsRead(),
        contract.ContractAgreed(contract=agreed),
        git_facts.EnvironmentFound(path="/bin"),
        check.CheckFinished(check="tests", on=check.BASE, result=result),
        work.WorkerStarted(round=1, worker="w"),
        work.WorkerEnded(
            round=1, claims=False, reason="time", output="x" * 2000, out_of_time=True, seconds=90
        ),
    ]

async def host(app, number):
    name = RunId(f"run{number:05}")
    lease = await app.journal.create(name, first_fact(), new_holder())
    await app.journal.append(lease, [Draft("supervisor", fact) for fact in facts()])
    await app.journal.release(lease)
    lease = await acquire_run(app, name)
    state = await work_on(app, lease, hold=None)
    assert state.parked is not None and state.parked.why == "ceiling", state.lifecycle

async def host_all(app, numbers):
    slots = asyncio.Semaphore(AT_ONCE)
    async def one(number):
        async with slots:
            await host(app, number)
    async with asyncio.TaskGroup() as group:
        for number in numbers:
            group.create_task(one(number))

async def main():
    git = ["git", "-C", str(repository), "-c", "user.name=B", "-c", "user.email=b@localhost"]
    repository.mkdir()
    subprocess.run([*git, "init", "-q"], check=True)
    subprocess.run([*git, "commit", "-q", "--allow-empty", "-m", "x"], check=True)
    async with open_app({**os.environ, "AGENTPROXY_HOME": str(folder / "home")}, repository) as app:
        opened = resident()
        await host_all(app, range(FIRST))
        before = resident()
        await host_all(app, range(FIRST, FIRST + count))
        after = resident()
        assert not app.hub.streams and not app.abandoned
        for head in await app.journal.heads(limit=50):
            assert head.lease.holder is None and isinstance(head.last.fact, run.RunParked)
        print(opened, before, after)

asyncio.run(main())
"""


def numbers(code: str, *arguments: str, folder: str) -> list[int]:
    # A process of its own, so that this one's memory does not count.
    done = subprocess.run(
        [sys.executable, "-c", code, *arguments],
        env={**os.environ, "XDG_CONFIG_HOME": folder},
        capture_output=True,
        text=True,
        timeout=600,
        check=False,
    )
    if done.returncode:
        sys.exit(done.stderr)
    return [int(each) for each in done.stdout.split()]


def main() -> int:
    """Prints the table. Returns 1 if the bar is missed."""
    with tempfile.TemporaryDirectory() as folder:
        (empty,) = numbers(EMPTY, folder=folder)
        opened, before, after = numbers(HOST, folder, str(RUNS), folder=folder)
    # The first runs load code and fill caches, so they do not count.
    each = (after - before) / RUNS / 1000
    rows = {
        "an empty process": empty,
        "journal and app open": opened,
        "some runs parked": before,
        f"and {RUNS:,} more": after,
    }
    print(f"{'resident memory':28}{'KB':>12}{'ratio':>8}  bar")
    for label, size in rows.items():
        print(f"{label:28}{size / 1000:12,.0f}{size / empty:8.1f}")
    print(f"{'for each run':28}{each:12,.1f}{each * 1000 / empty:8.4f}  at most {BAR:g} KB")
    return int(each > BAR)


if __name__ == "__main__":
    sys.exit(main())
