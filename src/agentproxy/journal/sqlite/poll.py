"""Notices commits of other processes: SQLite counts them, and a thread reads the count."""

import json
import sqlite3
import threading
import time
from pathlib import Path

from agentproxy.events.envelope import RunId
from agentproxy.journal.port import JournalError
from agentproxy.journal.sqlite.schema import LAST_SEQ, NAMED_RUNS
from agentproxy.journal.sqlite.store import connect
from agentproxy.journal.watchers import Watchers

SHORTEST_WAIT = 0.003  # seconds; after a commit of another process
MAX_WAIT = 0.030  # seconds; without one
WHOLE_LOOK = 0.5  # seconds; at most so long after a commit, each watched run is looked at

_TOPS = f"""
SELECT json_group_array(json_array(
    runs.run, {LAST_SEQ}, (SELECT max(id) FROM inbox WHERE inbox.run = number)))
FROM {NAMED_RUNS}
"""
# What came since the last look. The events of a deleted run may leave their numbers to later ones,
# so that this alone could miss some.
_NEWS = """
SELECT json_group_array(json_array(name, seq, command)) FROM (
    SELECT runs.run AS name, max(seq) AS seq, NULL AS command
    FROM events JOIN runs ON runs.number = events.run
    WHERE events.number > :event GROUP BY events.run
    UNION ALL
    SELECT runs.run, NULL, max(id) FROM inbox JOIN runs ON runs.number = inbox.run
    WHERE id > :command GROUP BY inbox.run
)
"""
_ENDS = "SELECT (SELECT max(number) FROM events), (SELECT max(id) FROM inbox)"


class Poll:
    """A thread that wakes watchers after foreign commits. It sleeps while there are no watchers."""

    def __init__(self, path: Path, watchers: Watchers) -> None:
        self._path = path
        self._watchers = watchers
        self._closing = threading.Event()
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        if self._thread is None:
            self._thread = threading.Thread(target=self._work, name="journal-poll", daemon=True)
            self._thread.start()

    def close(self) -> None:
        """Ends the thread, within milliseconds unless the disk hangs."""
        self._closing.set()
        self._watchers.some.set()
        if self._thread is not None:
            self._thread.join()

    def _work(self) -> None:
        while not self._closing.is_set():
            try:
                connection = connect(self._path)
                try:
                    self._look(connection)
                finally:
                    connection.close()
            except (JournalError, sqlite3.Error):
                # Each follower then reads for itself, and gets the same error with its cure.
                self._watchers.wake_all()
                self._closing.wait(1.0)

    def _look(self, connection: sqlite3.Connection) -> None:
        seen = -1
        wait = SHORTEST_WAIT
        ends: tuple[int, int] | None = None
        whole = 0.0  # when each watched run was looked at
        owed = False  # a commit came since
        while not self._closing.is_set():
            runs = self._watchers.runs()
            if not runs:
                # Cleared before the second look: a watcher that comes after it sets it again.
                self._watchers.some.clear()
                if not self._watchers.runs() and not self._closing.is_set():
                    self._watchers.some.wait()
                continue
            # data_version changes with commits of other connections only. Our own writer is one.
            commits = connection.execute("PRAGMA data_version").fetchone()[0]
            foreign = False
            if commits != seen:
                seen, owed = commits, True
                ends, foreign = self._wake_by_news(connection, ends)
            if owed and (ends is None or time.monotonic() - whole > WHOLE_LOOK):
                # Before the look: what comes in between is then told twice, and not never.
                ends = ends or _ends(connection)
                foreign = self._wake_all(connection, runs) or foreign
                whole, owed = time.monotonic(), False
            wait = SHORTEST_WAIT if foreign else min(wait * 1.25, MAX_WAIT)
            self._closing.wait(wait)

    def _wake_by_news(
        self, connection: sqlite3.Connection, since: tuple[int, int] | None
    ) -> tuple[tuple[int, int] | None, bool]:
        if since is None:
            return None, False
        ends = _ends(connection)
        if ends[0] < since[0]:
            return None, False
        wanted = {"event": since[0], "command": since[1]}
        return ends, self._tell(connection.execute(_NEWS, wanted).fetchone()[0])

    def _wake_all(self, connection: sqlite3.Connection, runs: list[RunId]) -> bool:
        return self._tell(connection.execute(_TOPS, (json.dumps(runs),)).fetchone()[0])

    def _tell(self, found: str) -> bool:
        """Returns whether another process committed something that is waited for."""
        told = [
            self._watchers.wake_for_others(RunId(run), events=events or 0, inbox=inbox or 0)
            for run, events, inbox in json.loads(found)
        ]
        return any(told)


def _ends(connection: sqlite3.Connection) -> tuple[int, int]:
    event, command = connection.execute(_ENDS).fetchone()
    return event or 0, command or 0
