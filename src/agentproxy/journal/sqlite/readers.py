"""The threads that read. Answers that are ready together wake the event loop once."""

import asyncio
import queue
import sqlite3
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Protocol, TypeVar

from agentproxy.journal.port import JournalUnusable
from agentproxy.journal.sqlite.store import connect, unusable
from agentproxy.journal.sqlite.waiting import AnyWaiting, Waiting, settle

READERS = 2
# An answer waits for at most so many others, and for no new one after so long.
TOGETHER = 32
TOGETHER_SECONDS = 0.002

T = TypeVar("T")


class _Question(Waiting[T]):
    """A query and its waiting caller."""

    __slots__ = ("_ask",)
    error: BaseException | None

    def __init__(self, ask: Callable[[sqlite3.Connection], T], waiter: asyncio.Future[T]) -> None:
        super().__init__(waiter)
        self._ask = ask

    def ask(self, connection: sqlite3.Connection) -> None:
        """Raises sqlite3.Error."""
        try:
            self.answer = self._ask(connection)
        except sqlite3.Error:
            raise
        except Exception as error:  # noqa: BLE001 - it is raised where the answer is awaited
            self.error = error


class _AnyQuestion(AnyWaiting, Protocol):
    """A query with any answer."""

    def ask(self, connection: sqlite3.Connection) -> None: ...


class Readers:
    """Threads that read the journal at `path`."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._closed = False
        self._asked: queue.SimpleQueue[_AnyQuestion | None] = queue.SimpleQueue()
        self._threads: list[threading.Thread] = []

    async def read(self, question: Callable[[sqlite3.Connection], T]) -> T:
        """Runs a query. Raises JournalUnusable if the store failed or is closed."""
        if self._closed:
            raise JournalUnusable(f"the journal {self._path} is closed")
        while len(self._threads) < READERS:
            # A daemon: a process that does not close the journal must still be able to end.
            thread = threading.Thread(target=self._work, name="journal-reader", daemon=True)
            self._threads.append(thread)
            thread.start()
        waiter: asyncio.Future[T] = asyncio.get_running_loop().create_future()
        self._asked.put(_Question(question, waiter))
        return await waiter

    async def close(self) -> None:
        """Finishes accepted queries, and closes the store."""
        self._closed = True
        for _ in self._threads:
            self._asked.put(None)
        for thread in self._threads:
            await asyncio.to_thread(thread.join)

    def _work(self) -> None:
        connection: sqlite3.Connection | None = None
        while (question := self._asked.get()) is not None:
            connection = self._answer(question, connection)
            # While there are no questions, an answer of megabytes need not stay.
            del question
        if connection is not None:
            connection.close()

    def _answer(
        self, first: _AnyQuestion, connection: sqlite3.Connection | None
    ) -> sqlite3.Connection | None:
        """Answers a question, and those that wait behind it. Returns what the next ones use."""
        ready: list[_AnyQuestion] = []
        end = time.monotonic() + TOGETHER_SECONDS
        question: _AnyQuestion | None = first
        while question is not None:
            connection = self._ask(question, connection)
            ready.append(question)
            if len(ready) == TOGETHER or time.monotonic() > end:
                break
            question = self._next()
        settle(ready)
        return connection

    def _next(self) -> _AnyQuestion | None:
        """Returns a question that is there, or None."""
        try:
            question = self._asked.get_nowait()
        except queue.Empty:
            return None
        if question is None:
            self._asked.put(None)  # for the outer loop, which ends by it
        return question

    def _ask(
        self, question: _AnyQuestion, connection: sqlite3.Connection | None
    ) -> sqlite3.Connection | None:
        """Returns the connection for the next question, if it can be used again."""
        if not question.is_waited_for:
            return connection
        try:
            connection = connection or connect(self._path)
            question.ask(connection)
        except JournalUnusable as error:
            question.error = error
        except sqlite3.Error as error:
            # After an error of SQLite the next query opens a new connection.
            if connection is not None:
                connection.close()
            question.error = unusable(self._path, error)
            return None
        return connection
