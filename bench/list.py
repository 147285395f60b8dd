"""Measures `pa list` with 5,000 runs, against the code before lists had pages.

Run `python bench/list.py` in a clone with its history.
"""

import os
import subprocess
import sys
import tempfile
from pathlib import Path

BEFORE = "7ba816f"  # a commit without pages
# Libraries that only that code needs.
OLD_LIBRARIES = ("pydantic-settings==2.16.3", "python-dotenv==1.2.4")
RUNS = 5_000
BAR = 3.0  # times faster than before
ROUNDS = 3  # the best counts: other load only adds time
ROOT = Path(__file__).resolve().parent.parent

ASK = """
import asyncio, inspect, sys, time
from pathlib import Path
from agentproxy.app.context import open_app
from agentproxy.app.queries import list_runs
from agentproxy.events import run as facts
from agentproxy.events.envelope import Draft, RunId
from agentproxy.journal.port import Holder

home, count, limit = Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3])
pages = "app" in inspect.signature(list_runs).parameters

def created():
    order = facts.Order(task="Fix the failing date parser", repository="/r", worker="w")
    name = "request" if pages else "order"
    return Draft("human", facts.RunCreated(**{name: order}, product="1"))

FACTS = [
    facts.SegmentStarted(segment=1, pid=1, sandbox="plain"),
    facts.RunParked(why="human", reason="a question waits"),
]

async def fill(journal):
    async def one(number):
        run = RunId(f"run{number:05}")
        lease = await journal.create(run, created(), Holder(4_000_000, 1, "m:b"))
        await journal.append(lease, [Draft("supervisor", fact) for fact in FACTS])
    for begin in range(0, count, 500):
        await asyncio.gather(*(one(number) for number in range(begin, begin + 500)))

async def main():
    async with open_app({"AGENTPROXY_HOME": str(home)}, home) as app:
        if not await app.journal.heads():
            await fill(app.journal)
        best = 1e9
        for _ in range(3):
            began = time.perf_counter()
            rows = await (list_runs(app, limit=limit) if pages else list_runs(app.journal))
            best = min(best, time.perf_counter() - began)
        assert len(rows) == (min(limit, count) if pages else count)
        print(best)

asyncio.run(main())
"""


def seconds(source: Path, home: Path, *, limit: int) -> float:
    # A process and a journal for each code: both packages have the same name.
    home.mkdir(exist_ok=True)
    environ = {**os.environ, "PYTHONPATH": str(source / "src"), "XDG_CONFIG_HOME": str(home)}
    done = subprocess.run(
        [sys.executable, "-c", ASK, str(home), str(RUNS), str(limit)],
        env=environ,
        capture_output=True,
        text=True,
        timeout=600,
        check=False,
    )
    if done.returncode:
        sys.exit(done.stderr)
    return float(done.stdout)


def main() -> int:
    """Prints the table. Returns 1 if the bar is missed."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        before = folder / "before"
        git = ("git", "-C", str(ROOT), "worktree")
        subprocess.run([*git, "add", "--quiet", "--detach", str(before), BEFORE], check=True)
        try:
            pip = (sys.executable, "-m", "pip", "install", "-q", "--no-deps", "--target")
            subprocess.run([*pip, str(before / "src"), *OLD_LIBRARIES], check=True)
            old, page, whole = (
                min(seconds(source, folder / home, limit=limit) for _ in range(ROUNDS))
                for source, home, limit in (
                    (before, "old", RUNS),
                    (ROOT, "new", 50),
                    (ROOT, "new", RUNS),
                )
            )
        finally:
            subprocess.run([*git, "remove", "--force", str(before)], check=True)
    print(f"{RUNS:,} runs{'':17}{'seconds':>10}{'times':>8}  bar")
    print(f"{'before: all of them':28}{old:10.4f}{1.0:8.1f}")
    print(f"{'now: the newest 50':28}{page:10.4f}{old / page:8.1f}  at least {BAR:g}")
    print(f"{'now: all of them':28}{whole:10.4f}{old / whole:8.1f}")
    return int(old / page < BAR)


if __name__ == "__main__":
    sys.exit(main())
