"""A screen that nobody may be looking at any more: a run does not end with its reader."""

import errno
import os
import sys
from collections.abc import Generator
from contextlib import contextmanager

from agentproxy.app.outcome import Result
from agentproxy.cli.screens.port import Screen
from agentproxy.events.envelope import Event

GONE = (errno.EPIPE, errno.EIO)  # the pipe's other end; the terminal


class Unwatched:
    """Shows on another screen for as long as its output can be written."""

    def __init__(self, screen: Screen) -> None:
        self._screen = screen
        self._watched = True

    def event(self, event: Event) -> None:
        """Something happened."""
        with self._while_watched():
            self._screen.event(event)

    def fragment(self, source: str, text: str) -> None:
        """Output as it comes."""
        with self._while_watched():
            self._screen.fragment(source, text)

    def question(self, text: str) -> None:
        """A human is asked at this terminal."""
        with self._while_watched():
            self._screen.question(text)

    def answered(self) -> None:
        """Nothing is asked any more."""
        with self._while_watched():
            self._screen.answered()

    def result(self, result: Result) -> None:
        """How it stands."""
        with self._while_watched():
            self._screen.result(result)

    def close(self) -> None:
        """Leave the terminal as it was."""
        with self._while_watched():
            self._screen.close()

    @contextmanager
    def _while_watched(self) -> Generator[None]:
        try:
            yield
        except OSError as error:
            if error.errno not in GONE:
                raise
            self._nobody_watches()

    def _nobody_watches(self) -> None:
        """From here on all output goes nowhere, also what the interpreter flushes at its end."""
        if self._watched:
            self._watched = False
            nowhere = os.open(os.devnull, os.O_WRONLY)
            os.dup2(nowhere, sys.stdout.fileno())
            os.close(nowhere)
