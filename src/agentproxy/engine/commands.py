"""Turns the commands of a run's inbox into facts. Each leaves the inbox with its fact."""

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field
from typing import Generic, TypeVar

from agentproxy.engine.recorder import Recorder
from agentproxy.engine.state import RunState
from agentproxy.events.commands import (
    Answer,
    Approve,
    Command,
    Deny,
    Interrupt,
    RaiseCeiling,
    SendMessage,
    StopRun,
)
from agentproxy.events.envelope import CommandId, Fact
from agentproxy.events.requests import (
    CommandIgnored,
    Decision,
    MessageReceived,
    Request,
    RequestDecided,
)
from agentproxy.events.run import CeilingRaised, RunEnded, RunParked

S = TypeVar("S", bound=RunState)
Arrivals = AsyncIterator[tuple[CommandId, Command]]


@dataclass
class CommandHandler(Generic[S]):
    """Follows commands, each once, in the order in which they came."""

    recorder: Recorder[S]
    seen: set[CommandId] = field(default_factory=set[CommandId])

    async def handle_all(self, arrivals: Arrivals) -> None:
        """Follow commands as they arrive, until cancelled."""
        async for number, command in arrivals:
            await self.handle(number, command)

    async def handle_backlog(self, number: CommandId, command: Command, *, generation: int) -> None:
        """Follow a command that was there before this segment.

        An interrupt that names an earlier generation of the lease meant a segment that is over.
        """
        earlier = isinstance(command, Interrupt) and command.generation != generation
        if earlier and self.recorder.state.lifecycle.ended is None:
            await self._take(number, _ignored(command, "what it interrupts is over"))
        else:
            await self.handle(number, command)

    async def handle(self, number: CommandId, command: Command) -> None:
        """Follow one command."""
        await self._take(number, command)

    async def _take(self, number: CommandId, command: "Command | CommandIgnored") -> None:
        if number in self.seen:
            return
        self.seen.add(number)

        def choose(state: S) -> Sequence[Fact]:
            if isinstance(command, CommandIgnored):
                return [command]
            return [fact_of(command, number, state)]

        await self.recorder.decide(choose, actor="human", cause=f"command:{number}", taken=[number])


def fact_of(command: Command, number: CommandId, state: RunState) -> Fact:
    """What a command becomes in a run that stands so. Pure."""
    match command:
        case Answer() | Approve() | Deny():
            return _decide(command, state)
        case SendMessage():
            fact: Fact = MessageReceived(message=f"command:{number}", text=command.text)
        case Interrupt():
            fact = RunParked(why="interrupted", reason="interrupted by a person")
        case StopRun():
            reason = command.reason or "stopped by a person"
            fact = RunEnded(verdict="unverified", reason=reason, stopped=True)
        case RaiseCeiling():
            fact = CeilingRaised(max_time=command.max_time, budget=command.budget)
    return fact if state.lifecycle.ended is None else _ignored(command, "the run is over")


def _decide(command: Answer | Approve | Deny, state: RunState) -> Fact:
    request = _meant(command.request, state)
    if request is None:
        what = f"request {command.request!r}" if command.request else "a request"
        return _ignored(command, f"nothing waits as {what}")
    if isinstance(command, Answer) and request.kind == "permission":
        return _ignored(command, "a permission is approved or denied, not answered")
    text = "" if isinstance(command, Approve) else _text(command)
    allowed = not isinstance(command, Deny)
    return RequestDecided(
        decision=Decision(request=request.id, allowed=allowed, by="human", text=text)
    )


def _meant(key: str, state: RunState) -> Request | None:
    """The request that a command means: by its id, or the only one that waits."""
    waiting = state.dialogue.open_requests()
    if key:
        return next((request for request in waiting if request.id == key), None)
    return waiting[0] if len(waiting) == 1 else None


def _ignored(command: Command, reason: str) -> CommandIgnored:
    return CommandIgnored(command=command.kind, reason=reason)


def _text(command: Answer | Deny) -> str:
    return command.text if isinstance(command, Answer) else command.reason
