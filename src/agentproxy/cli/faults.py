"""Gives errors of the layers below a cure and an exit code."""

import logging
from collections.abc import Generator
from contextlib import contextmanager
from typing import cast

from agentproxy.app.context import HomeUnusable
from agentproxy.app.evidence import NoSuchRound, NothingJudged
from agentproxy.app.init_project import NotStarted
from agentproxy.app.journal import Fenced, JournalError, LeaseTaken, UnknownRun
from agentproxy.app.queries import NoSuchRun
from agentproxy.app.run_ownership import StillOwned
from agentproxy.app.screenshots import ScreenshotUnusable
from agentproxy.app.shell_check import NotShell
from agentproxy.app.utf8_check import NotText
from agentproxy.cli.failure import DIFFERENCE, INFRASTRUCTURE, UNPROVEN, USAGE, Failure
from agentproxy.cli.signals import raise_at_signals
from agentproxy.config.mistakes import ConfigError
from agentproxy.evidence.bundle import BundleUnusable
from agentproxy.files.file_transaction import NotUndone
from agentproxy.workers.port import WorkerError
from agentproxy.workspace.git.command import GitError
from agentproxy.workspace.git.repository import RepositoryUnusable
from agentproxy.workspace.sandbox.port import SandboxError
from agentproxy.workspace.trees.apply import NotApplied

ELSEWHERE = "watch it with pa show --follow RUN, or end it with pa stop RUN"
OWNED = (StillOwned, LeaseTaken, Fenced)
# A subclass comes before its base: the first match counts.
CODES: dict[tuple[type[Exception], ...], int] = {
    OWNED: USAGE,
    (RepositoryUnusable, NoSuchRun, UnknownRun): USAGE,
    (ScreenshotUnusable, NotStarted, NotText, NotShell): USAGE,
    (HomeUnusable, WorkerError, SandboxError, JournalError): INFRASTRUCTURE,
    (NothingJudged,): UNPROVEN,
    (NoSuchRound,): USAGE,
    (BundleUnusable,): DIFFERENCE,
    (GitError, NotApplied, NotUndone): INFRASTRUCTURE,
}


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
    cure = str(getattr(error, "cure", ""))
    if isinstance(error, Failure):
        return error
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
