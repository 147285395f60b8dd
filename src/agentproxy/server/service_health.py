"""Whether runs can be stored and isolated here. A result counts for some seconds."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from functools import partial

from agentproxy.app.context import App
from agentproxy.app.journal import JournalError
from agentproxy.workspace.sandbox.port import Job, JobLimits, SandboxError

FRESH_SECONDS = 5.0
PATIENCE_SECONDS = 5.0
TRIAL = JobLimits(seconds=PATIENCE_SECONDS, kept_output=4096)
Look = Callable[[], Awaitable[str]]  # returns what is wrong, or ""


@dataclass
class ServiceHealth:
    """Many clients that ask at once cost one look."""

    looks: Sequence[Look]
    clock: Callable[[], float] = time.monotonic  # seconds
    _problems: list[str] = field(default_factory=list[str])
    _looked: float | None = None
    _lock: asyncio.Lock = field(default_factory=asyncio.Lock)

    async def problems(self) -> list[str]:
        async with self._lock:
            if self._looked is None or self.clock() - self._looked > FRESH_SECONDS:
                found = await asyncio.gather(*(look() for look in self.looks))
                self._problems = [text for text in found if text]
                self._looked = self.clock()
            return self._problems


def health_of(app: App) -> ServiceHealth:
    return ServiceHealth((partial(journal_problem, app.journal.check), partial(_sandbox, app)))


async def journal_problem(
    check: Callable[[], Awaitable[None]], *, patience: float = PATIENCE_SECONDS
) -> str:
    """Returns why nothing can be written, or ""."""
    try:
        async with asyncio.timeout(patience):
            await check()
    except JournalError as error:
        return str(error)
    except TimeoutError:
        return "the journal does not answer"
    return ""


async def _sandbox(app: App) -> str:
    trial = Job(argv=("/bin/sh", "-c", "exit 0"), cwd="/", limits=TRIAL)
    try:
        sandbox = await app.sandbox(app.settings.sandbox)
        ended = await sandbox.run(trial)
    except SandboxError as error:
        return str(error)
    except OSError as error:  # of this process: without files or memory it can start nothing
        return f"the sandbox does not start: {error}"
    return "" if ended.exit_code == 0 else f"the sandbox does not start: {ended.output[:200]}"
