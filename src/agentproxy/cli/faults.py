"""Gives errors of the layers below a cure and an exit code."""

import logging
from collections.abc import Generator
from contextlib import contextmanager
from typing import cast

from agentproxy.cli.failure import INFRASTRUCTURE, USAGE, Failure
from agentproxy.cli.signals import raise_at_signals


@contextmanager
def as_failures() -> Generator[None]:
    # Ctrl+C during the start of a process makes asyncio warn about a child that it reaped itself.
    logging.getLogger("asyncio").setLevel(logging.ERROR)
    try:
        with raise_at_signals():
            yield
    except ExceptionGroup as group:
        known = _known(group)
        if known is None:
            raise
        raise known from group
    except Exception as error:
        known = _failure(error)
        if known is None:
            raise
        raise known from error


def _known(group: "ExceptionGroup[Exception]") -> Failure | None:
    for error in group.exceptions:
        inner = isinstance(error, ExceptionGroup)
        known = _known(cast("ExceptionGroup[Exception]", error)) if inner else _failure(error)
        if known is not None:
            return known
    return None


def _failure(error: Exception) -> Failure | None:
    if isinstance(error, Failure):
        return error
    # They know all of the product, which no start of a command has to load.
    from agentproxy.cli.fault_codes import CODES, ELSEWHERE, OWNED
    from agentproxy.config.mistakes import ConfigError

    cure = str(getattr(error, "cure", ""))
    if isinstance(error, ConfigError):
        return Failure(f"{error.where}: {error.problem}", cure=cure, code=USAGE)
    if isinstance(error, OSError):
        text = f"{error.filename or ''}: {error.strerror or error}".lstrip(": ")
        return Failure(text, cure="free disk space or fix the permissions", code=INFRASTRUCTURE)
    for kinds, code in CODES.items():
        if isinstance(error, kinds):
            cure = ELSEWHERE if kinds is OWNED else cure
            return Failure(str(error), cure=cure, code=code)
    return None
