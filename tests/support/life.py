"""One process of `pa` from its start to its end, read line by line while it lives."""

import json
import os
import signal
import sqlite3
import subprocess
import threading
import time
from collections.abc import Callable, Mapping
from contextlib import closing
from pathlib import Path
from typing import cast

from support.front_door import Pa, Ran, Record

Matches = Callable[[Record], bool]
PATIENCE = 60.0


class Life:
    """A started `pa ... -o json`. Its lines are acknowledged events, in the order of their seq."""

    def __init__(self, pa: Pa, *arguments: str, env: Mapping[str, str] | None = None) -> None:
        self.began = time.time()
        self.process = pa.start(*arguments, env=env)
        self._lines: list[str] = []
        self._news = threading.Condition()
        self._over = False
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    @property
    def records(self) -> list[Record]:
        """The whole lines so far; what kill -9 tore in the middle was never acknowledged."""
        whole = [line for line in list(self._lines) if line.endswith("\n")]
        return [cast("Record", json.loads(line)) for line in whole]

    @property
    def events(self) -> list[Record]:
        """The events among them: not the result, nor the error that it ended with."""
        return [record for record in self.records if "seq" in record]

    def saw(self, matches: Matches) -> bool:
        """Whether it has printed such a record."""
        return any(matches(record) for record in self.records)

    def sees(self, matches: Matches, *, patience: float = PATIENCE) -> bool:
        """Wait until it has printed such a record; false when it ended without."""
        deadline = time.monotonic() + patience
        try:
            with self._news:
                while not self.saw(matches):
                    left = deadline - time.monotonic()
                    assert left > 0, ("it did not come", self.records[-3:])
                    if self._over:
                        return False
                    self._news.wait(left)
        except BaseException:
            self.process.kill()
            self.process.wait()
            raise
        return True

    def signal(self, number: signal.Signals) -> None:
        """Send a signal to this process alone."""
        os.kill(self.process.pid, number)

    def pause(self, journal: Path) -> None:
        """Stop this process where it sleeps, not in the middle of a write that locks `journal`."""
        deadline = time.monotonic() + PATIENCE
        while True:
            self.signal(signal.SIGSTOP)
            os.waitid(os.P_PID, self.process.pid, os.WSTOPPED | os.WNOWAIT)
            if _may_be_written(journal):
                return
            self.signal(signal.SIGCONT)
            assert time.monotonic() < deadline, "it is always in the middle of a write"
            time.sleep(0.01)

    def kill(self) -> None:
        """kill -9, this process alone; returns when all that it printed is read."""
        self.process.kill()
        self.end()

    def end(self, *, patience: float = PATIENCE) -> Ran:
        """Wait for its end, however that comes."""
        try:
            code = self.process.wait(patience)
        except subprocess.TimeoutExpired:
            self.process.kill()
            raise
        self._reader.join(patience)
        assert self.process.stderr is not None
        with self.process.stderr as stderr:
            err = "" if stderr.closed else stderr.read()
        return Ran(code, "".join(self._lines), err)

    def _read(self) -> None:
        assert self.process.stdout is not None
        with self.process.stdout as stdout:
            for line in stdout:
                with self._news:
                    self._lines.append(line)
                    self._news.notify_all()
        with self._news:
            self._over = True
            self._news.notify_all()


def _may_be_written(journal: Path) -> bool:
    with closing(sqlite3.connect(journal, timeout=0, isolation_level=None)) as connection:
        try:
            connection.execute("BEGIN IMMEDIATE")
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode != sqlite3.SQLITE_BUSY:
                raise
            return False
        connection.execute("ROLLBACK")
        return True


def of_kind(kind: str) -> Matches:
    """Records of a kind."""
    return lambda record: record["kind"] == kind


def alive_with(marker: str) -> list[str]:
    """Processes with this in their command line, environment or folder; the dead are not there."""
    found: list[str] = []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            words = (folder / "cmdline").read_bytes()
            traces = words + (folder / "environ").read_bytes() + os.fsencode(_cwd(folder))
        except OSError:  # gone meanwhile
            continue
        if marker.encode() in traces and int(folder.name) != os.getpid():
            found.append(f"{folder.name}: {words.decode(errors='replace')}")
    return found


def _cwd(folder: Path) -> str:
    try:
        return str((folder / "cwd").readlink())
    except OSError:
        return ""


def nobody_is_left(marker: str, *, within: float = 10.0) -> list[str]:
    """Those with the marker that still live after so many seconds; none is what is wanted."""
    deadline = time.monotonic() + within
    while (alive := alive_with(marker)) and time.monotonic() < deadline:
        time.sleep(0.02)
    return alive
