"""The outside parts that the effects of a conversation use."""

import asyncio
from collections.abc import AsyncIterator, Callable, Collection
from dataclasses import dataclass, field
from typing import Protocol

from agentproxy.agent.parts import AgentParts
from agentproxy.conversation.state import Chat, Child
from agentproxy.events.board import BoardTask
from agentproxy.events.commands import Command
from agentproxy.events.envelope import Event, RunId
from agentproxy.models.port import Model

APPROVAL_SECONDS = 300.0
IDLE_SECONDS = 60.0
IDLE_LOOK = 5.0
AWAKE_SECONDS = 20.0


class ChildGone(Exception):
    """The run of an agent that works for this conversation is not there."""


class Memory(Protocol):
    """The notes of a project. All methods block."""

    @property
    def waits(self) -> bool:
        """Whether new notes wait for a person."""
        ...

    @property
    def redact(self) -> Callable[[str], str]: ...

    def read(self) -> str: ...

    def replace(self, text: str) -> None:
        """Raises OSError."""
        ...

    def propose(self, text: str) -> None:
        """Raises OSError."""
        ...


class Children(Protocol):
    """The runs of the agents that work for a conversation."""

    async def begin(self, child: Child) -> None:
        """Makes the run of a teammate, unless it is there, and works on it."""
        ...

    def wake(self, run: RunId) -> None: ...

    def events(self, run: RunId, *, after: int) -> AsyncIterator[Event]:
        """Yields the events of a run, also those to come. Raises ChildGone."""
        ...

    async def state_of(self, run: RunId) -> Chat:
        """Raises ChildGone."""
        ...

    async def submit(self, run: RunId, command: Command) -> None:
        """Raises ChildGone."""
        ...


async def keep_awake(run: RunId, children: Children) -> None:
    """Wakes a run that should be at work. Does not return."""
    # Its work may have ended with an error of this process.
    while True:
        children.wake(run)
        await asyncio.sleep(AWAKE_SECONDS)


class TeamBoard(Protocol):
    """The board of tasks, as teammates take tasks from it. `run` is the teammate's."""

    async def claim(self, owner: str, *, run: str, had: Collection[int]) -> BoardTask | None:
        """Gives a teammate a task, beside those that it was given before. Never raises."""
        ...

    async def release(self, owner: str, *, run: str) -> None:
        """Gives back what a teammate has not completed. Never raises."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class ChatParts(AgentParts):
    """The outside parts of one conversation."""

    summariser: Model  # writes the summaries of older messages
    summary_temperature: float | None = 0.2
    memory: Memory | None = None
    noter: Model | None = None  # makes the notes of `memory`
    # Held while notes are made: all conversations of a project share them.
    noting: asyncio.Lock = field(default_factory=asyncio.Lock)
    children: Children
    board: TeamBoard
    approval_seconds: float = APPROVAL_SECONDS
    idle_seconds: float = IDLE_SECONDS  # until a teammate without work ends
    idle_look: float = IDLE_LOOK  # seconds between its looks at the board
    background_seconds: float = 300.0  # the limit of one command in the background
