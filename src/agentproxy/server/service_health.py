"""Whether runs can be stored and isolated here. A result counts for some seconds."""

import asyncio
import time
from dataclasses import dataclass, field

from agentproxy.app.context import App
from agentproxy.app.journal import JournalError
from agentproxy.workspace.sandbox.port import Job, JobLimits, SandboxError

FRESH_SECONDS = 5.0
PATIENCE_SECONDS = 5.0
TRIAL = JobLimits(seconds=PATIENCE_SECONDS, kept_output=4096)


@dataclass
class ServiceHealth:
    """Many clients that ask at once cost one look."""

    app: App
    _problems: list[str] = field(default_factory=list[str])
    _looked: float | None = None
    _lock: asyncio.Lock = field(default_factory=asyncio.Lock)

    async def problems(self) -> list[str]:
        async with self._lock:
            now = time.monotonic()
            if self._looked is None or now - self._looked > FRESH_SECONDS:
                self._problems = [text for text in await self._look() if text]
                self._looked = time.monotonic()
            return self._problems

    async def _look(self) -> list[str]:
        return list(await asyncio.gather(self._journal(), self._sandbox()))

    async def _journal(self) -> str:
        try:
            async with asyncio.timeout(PATIENCE_SECONDS):
                await self.app.journal.check()
        except JournalError as error:
            return str(error)
        except TimeoutError:
            return "the journal does not answer"
        return ""

    async def _sandbox(self) -> str:
        trial = Job(argv=("/bin/sh", "-c", "exit 0"), cwd="/", limits=TRIAL)
        try:
            sandbox = await self.app.sandbox(self.app.settings.sandbox)
            ended = await sandbox.run(trial)
        except SandboxError as error:
            return str(error)
        return "" if ended.exit_code == 0 else f"the sandbox does not start: {ended.output[:200]}"
