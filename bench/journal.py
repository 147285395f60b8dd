"""Measures the journal against raw sqlite3 with the same bytes: appends, replay and growth.

Run `python bench/journal.py`.
"""

import asyncio
import sqlite3
import sys
import tempfile
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

from agentproxy.events.check import CheckStarted, claim_tree
from agentproxy.events.envelope import Draft, Fact, RunId
from agentproxy.events.work import WorkerEnded
from agentproxy.journal.port import Holder, Lease
from agentproxy.journal.sqlite.journal import SqliteJournal

HOLDER = Holder(pid=1, started=1, machine="bench")
SMALL = CheckStarted(check="pytest -q tests/unit", on=claim_tree(1))
# The number of events in a commit decides the rate, and it is the number of waiting runs.
WRITERS = (100, 1000)
# About 2 KB of JSON that hardly repeats itself.
TURN = "".join(chr(33 + (i * i * 7 + i // 3) % 90) for i in range(1900)).replace("\\", "/")


def draft(fact: Fact) -> Draft:
    return Draft("supervisor", fact, cause="check:pytest:claim:1")


def turn(number: int) -> WorkerEnded:
    return WorkerEnded(round=number, claims=True, reason="exit", output=f"{number}{TURN}")


async def create(journal: SqliteJournal, count: int) -> list[Lease]:
    async with asyncio.TaskGroup() as group:
        tasks = [
            group.create_task(journal.create(RunId(f"run-{i:04}"), draft(SMALL), HOLDER))
            for i in range(count)
        ]
    return [task.result() for task in tasks]


async def append_rate(path: Path, *, writers: int, each: int) -> float:
    # Events a second, when every writer waits for each of its appends.
    journal = SqliteJournal(path)
    leases = await create(journal, writers)

    async def write(lease: Lease) -> None:
        for _ in range(each):
            await journal.append(lease, [draft(SMALL)])

    started = time.perf_counter()
    async with asyncio.TaskGroup() as group:
        for lease in leases:
            group.create_task(write(lease))
    seconds = time.perf_counter() - started
    await journal.close()
    return writers * each / seconds


async def replay_rate(path: Path, *, events: int) -> float:
    journal = SqliteJournal(path)
    (lease,) = await create(journal, 1)
    for _ in range(events // 1000):
        await journal.append(lease, [draft(SMALL)] * 1000)
    started = time.perf_counter()
    found = await journal.read(lease.run)
    seconds = time.perf_counter() - started
    await journal.close()
    return len(found) / seconds


async def growth(path: Path) -> float:
    # One by one, because each append is a commit of its own.
    journal = SqliteJournal(path)
    (lease,) = await create(journal, 1)
    for number in range(200):
        await journal.append(lease, [draft(turn(number))])
    await journal.close()
    return on_disk(path)


def on_disk(path: Path) -> float:
    return path.stat().st_size / sum(len(turn(n).model_dump_json()) for n in range(200))


def raw_store(path: Path) -> sqlite3.Connection:
    connection = sqlite3.connect(path, isolation_level=None)
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA synchronous = FULL")
    connection.execute(
        "CREATE TABLE events (run TEXT, seq INTEGER, time REAL, actor TEXT, kind TEXT, "
        "version INTEGER, data TEXT, cause TEXT, PRIMARY KEY (run, seq)) WITHOUT ROWID"
    )
    return connection


def raw_append_rate(path: Path, *, batch: int, events: int) -> float:
    # The bytes are encoded before the clock starts: only the store is measured.
    connection = raw_store(path)
    text = SMALL.model_dump_json()
    started = time.perf_counter()
    for at in range(events // batch):
        rows = [
            (f"run-{i:04}", at, time.time(), "supervisor", SMALL.kind, 1, text, "check:pytest")
            for i in range(batch)
        ]
        connection.execute("BEGIN IMMEDIATE")
        connection.executemany("INSERT INTO events VALUES (?,?,?,?,?,?,?,?)", rows)
        connection.execute("COMMIT")
    seconds = time.perf_counter() - started
    connection.close()
    return events / seconds


def raw_replay_rate(path: Path, *, events: int) -> float:
    connection = raw_store(path)
    text = SMALL.model_dump_json()
    rows = [("run", i, 1.0, "supervisor", SMALL.kind, 1, text, "check") for i in range(events)]
    connection.execute("BEGIN")
    connection.executemany("INSERT INTO events VALUES (?,?,?,?,?,?,?,?)", rows)
    connection.execute("COMMIT")
    started = time.perf_counter()
    found = connection.execute("SELECT * FROM events WHERE run = 'run' ORDER BY seq").fetchall()
    seconds = time.perf_counter() - started
    connection.close()
    return len(found) / seconds


def raw_growth(path: Path) -> float:
    connection = raw_store(path)
    texts = [turn(n).model_dump_json() for n in range(200)]
    for n, text in enumerate(texts):
        row = ("run", n, 1.0, "supervisor", "worker_ended", 1, text, "check")
        connection.execute("INSERT INTO events VALUES (?,?,?,?,?,?,?,?)", row)
    connection.close()
    return on_disk(path)


def many_rate(writers: int, path: Path) -> float:
    return asyncio.run(append_rate(path, writers=writers, each=30_000 // writers))


def raw_many_rate(writers: int, path: Path) -> float:
    return raw_append_rate(path, batch=writers, events=30_000)


def median(measure: Callable[[Path], float], folder: Path, *, times: int = 3) -> float:
    results: list[float] = []
    for _ in range(times):
        with tempfile.TemporaryDirectory(dir=folder) as fresh:
            results.append(measure(Path(fresh) / "journal.db"))
    return sorted(results)[times // 2]


def main() -> int:
    """Prints the table. Returns 1 if a bar is missed."""
    rows: list[tuple[str, float, float, float | None]] = []
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        one = median(lambda p: asyncio.run(append_rate(p, writers=1, each=1000)), folder)
        raw_one = median(lambda p: raw_append_rate(p, batch=1, events=1000), folder)
        rows.append(("appends/s, 1 writer", one, raw_one, None))
        for writers in WRITERS:
            many = median(partial(many_rate, writers), folder)
            raw_many = median(partial(raw_many_rate, writers), folder)
            rows.append((f"appends/s, {writers:,} writers", many, raw_many, 20_000))
        replay = median(lambda p: asyncio.run(replay_rate(p, events=50_000)), folder)
        raw_replay = median(lambda p: raw_replay_rate(p, events=50_000), folder)
        rows.append(("replay/s (raw: not decoded)", replay, raw_replay, 50_000))
        grown = median(lambda p: asyncio.run(growth(p)), folder, times=1)
        rows.append(("bytes per byte of JSON", grown, median(raw_growth, folder, times=1), None))
    missed = False
    print(f"{'':30}{'journal':>12}{'raw':>12}{'ratio':>8}  bar")
    for label, ours, raw, bar in rows:
        verdict = "" if bar is None else f"{bar:,.0f} {'holds' if ours >= bar else 'MISSED'}"
        missed = missed or (bar is not None and ours < bar)
        print(f"{label:30}{ours:12,.2f}{raw:12,.2f}{ours / raw:8.2f}  {verdict}")
    return int(missed)


if __name__ == "__main__":
    sys.exit(main())
