"""Notices commits of other processes: SQLite counts them, and a thread reads the count."""

import json
import sqlite3
import threading
from pathlib import Path

from agentproxy.events.envelope import RunId
from agentproxy.journal.port import JournalError
from agentproxy.journal.sqlite.schema import LAST_SEQ, NAMED_RUNS
from agentproxy.journal.sqlite.store import connect
from agentproxy.journal.watchers import Watchers

SHORTEST_WAIT = 0.003  # seconds; after a commit
MAX_WAIT = 0.030  # seconds; without commits

_TOPS = f"""
SELECT json_group_array(json_array(
    runs.run, {LAST_SEQ}, (SELECT max(id) FROM inbox WHERE inbox.run = number)))
FROM {NAMED_RUNS}
"""


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
        while not self._closing.is_set():
            runs = self._watchers.runs()
            if not runs:
                # Cleared before the second look: a watcher that comes after it sets it again.
                self._watchers.some.clear()
                if not self._watchers.runs() and not self._closing.is_set():
                    self._watchers.some.wait()
                continue
            # data_version changes with commits of other connections only.
            commits = connection.execute("PRAGMA data_version").fetchone()[0]
            wait = SHORTEST_WAIT if commits != seen else min(wait * 1.25, MAX_WAIT)
            if commits != seen:
                seen = commits
                self._wake(connection, runs)
            self._closing.wait(wait)

    def _wake(self, connection: sqlite3.Connection, runs: list[RunId]) -> None:
        found = connection.execute(_TOPS, (json.dumps(runs),)).fetchone()[0]
        for run, events, inbox in json.loads(found):
            self._watchers.wake(RunId(run), events=events, inbox=inbox)
