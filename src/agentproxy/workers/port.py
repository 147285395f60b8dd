"""The worker's protocol: a brief goes in; requests come out; at the end stands a claim, or none."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from agentproxy.events.conversation import Image
from agentproxy.events.envelope import Fact
from agentproxy.events.requests import Decision, Request
from agentproxy.events.work import WorkerEnded
from agentproxy.workspace.environment.job_layout import JobLayout


class WorkerError(Exception):
    """The worker cannot work at all. `cure` says what a person can do."""

    def __init__(self, message: str, *, cure: str = "") -> None:
        super().__init__(message)
        self.cure = cure


@dataclass(frozen=True, slots=True)
class Brief:
    """What a worker is told for one round, and where it works.

    `place` is its own clone at the user's path; `home` keeps its files from round to round; `text`
    is the whole instruction; `seconds` how long it may take; `again` whether an earlier attempt at
    this round was cut off, and `past` what the worker itself recorded in it; `images` belong to the
    task.
    """

    run: str
    round: int
    text: str
    place: JobLayout
    home: Path
    seconds: float
    again: bool = False
    past: Sequence[Fact] = ()
    images: Sequence[Image] = ()


AskDesk = Callable[[Request], Awaitable[Decision]]
Record = Callable[[Fact], Awaitable[None]]
ShowOutput = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class WorkerCallbacks:
    """The way up from a worker: ask and wait, record and wait, show and forget."""

    ask: AskDesk
    record: Record
    show: ShowOutput


class Worker(Protocol):
    """Who can do a coding task."""

    @property
    def name(self) -> str:
        """The name that a person chose it by."""
        ...

    async def work(self, brief: Brief, callbacks: WorkerCallbacks) -> WorkerEnded:
        """Work on one round, and say how it ended: the caller records that.

        Cancelling this call ends every process of the worker.

        Raises:
            WorkerError: it could not begin.
        """
        ...

    async def message(self, text: str, *, key: str) -> bool:
        """Tell it something while it works; false where it cannot hear: the next brief has it.

        `key` is the message's id in the run: who was told it already is not told again.
        """
        ...

    def grants(self) -> Sequence[str]:
        """What it was granted beyond the tree, in words, for the screen and the record."""
        ...
