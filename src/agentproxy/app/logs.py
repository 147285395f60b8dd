"""What a process that serves writes to its log: without secrets."""

import logging
import sys
from collections.abc import Callable, Generator
from contextlib import contextmanager


class RedactedFormatter(logging.Formatter):
    """Formats records, and removes secrets from them and from their tracebacks."""

    def __init__(self, redact: Callable[[str], str]) -> None:
        super().__init__("%(asctime)s %(levelname)s %(name)s: %(message)s")
        self._redact = redact

    def format(self, record: logging.LogRecord) -> str:
        return self._redact(super().format(record))


@contextmanager
def redacted_log(redact: Callable[[str], str]) -> Generator[None]:
    """Sends warnings and errors of all loggers to stderr, redacted."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setLevel(logging.WARNING)
    handler.setFormatter(RedactedFormatter(redact))
    root = logging.getLogger()
    root.addHandler(handler)
    try:
        yield
    finally:
        root.removeHandler(handler)
