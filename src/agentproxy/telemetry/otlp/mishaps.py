"""Says in one line what OpenTelemetry would log with a traceback."""

import logging
from collections.abc import Callable

LOGGER = "opentelemetry"
LONGEST = 300  # characters


def say_mishaps(say: Callable[[str], None]) -> None:
    """Has each kind of mishap said once: a run may last for hours without its collector."""
    logger = logging.getLogger(LOGGER)
    logger.handlers = [_Once(say)]
    logger.propagate = False


class _Once(logging.Handler):
    def __init__(self, say: Callable[[str], None]) -> None:
        super().__init__(logging.WARNING)
        self._say = say
        self._said: set[str] = set()

    def emit(self, record: logging.LogRecord) -> None:
        # The message without its arguments: times and counts differ each time.
        if record.msg in self._said:
            return
        self._said.add(record.msg)
        text = " ".join(record.getMessage().split())[:LONGEST]
        if record.exc_info and record.exc_info[1] is not None:
            text = f"{text} {type(record.exc_info[1]).__name__}: {record.exc_info[1]}"[:LONGEST]
        self._say(f"telemetry: {text}; the run goes on without it")
