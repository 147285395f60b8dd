"""The protocol of a worker: a brief goes in, requests come out, and the end may be a claim."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from agentproxy.events.conversation import Image
from agentproxy.events.envelope import Fact, RunId
from agentproxy.events.requests import Decision, Request
from agentproxy.events.work import WorkerEnded
from agentproxy.workspace.environment.job_layout import JobLayout
from agentproxy.workspace.sandbox.port import Service


class WorkerError(Exception):
    """The worker cannot work. `cure` says what a person can do."""

    def __init__(self, message: str, *, cure: str = "") -> None:
        super().__init__(message)
        self.cure = cure


@dataclass(frozen=True, slots=True)
class WorkPlace:
    """The effect that starts a program, and where it is."""

    run: RunId
    segment: int
    effect: str
    turn: str = ""  # of a conversation: the message that it answers
    is_child: bool = False  # of a conversation, whose trace it is in


@dataclass(frozen=True, slots=True)
class Joining:
    """How a program's own telemetry joins ours: by W3C Trace Context, and a way to a collector."""

    variables: Mapping[str, str] = field(default_factory=dict[str, str])
    services: Sequence[Service] = ()
    grants: Sequence[str] = ()  # in words


@dataclass(frozen=True, slots=True)
class Brief:
    """The instructions for one round, and where the worker works."""

    run: str
    round: int
    text: str  # all instructions
    place: JobLayout  # the worker's own clone, at the user's path
    home: Path  # keeps the worker's files from round to round
    seconds: float  # the time limit
    again: bool = False  # an earlier attempt at this round was cut off
    past: Sequence[Fact] = ()  # recorded by the worker itself in that attempt
    images: Sequence[Image] = ()  # of the task
    session: str = ""  # that the worker's program opened last in this run
    session_usd: float = 0.0  # what the program has said that this session cost
    joining: Joining = Joining()


AskDesk = Callable[[Request], Awaitable[Decision]]
Record = Callable[[Fact], Awaitable[None]]
ShowOutput = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class WorkerCallbacks:
    """The ways from a worker to its supervisor."""

    ask: AskDesk  # waits for the decision
    record: Record  # waits until the fact is stored
    show: ShowOutput  # does not wait


class Worker(Protocol):
    """A program or an agent that does a coding task."""

    @property
    def name(self) -> str: ...

    @property
    def claims_by(self) -> str:
        """What it does to claim that the task is done, as its brief tells it."""
        ...

    @property
    def goes_on_from_facts(self) -> bool:
        """Whether a repeated attempt continues from `past`, and leaves the brief's text aside."""
        ...

    @property
    def opens_session(self) -> bool:
        """Whether it records `SessionOpened` as soon as its program is up."""
        ...

    async def work(self, brief: Brief, callbacks: WorkerCallbacks) -> WorkerEnded:
        """Works on one round, and returns its end, which the caller records.

        Cancelling ends every process of the worker. Raises WorkerError.
        """
        ...

    async def message(self, text: str, *, key: str) -> bool:
        """Tells the worker at work. False: it cannot hear, and its next brief has the message.

        `key` is the message's id. A worker that already knows it is not told again.
        """
        ...

    def grants(self) -> Sequence[str]:
        """Returns in words what the worker may use beyond its tree."""
        ...
