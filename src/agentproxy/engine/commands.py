"""Turns the commands in a run's inbox into facts. Each leaves the inbox together with its fact."""

from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass, field
from typing import Generic, TypeVar

from agentproxy.engine.recorder import Recorder
from agentproxy.engine.state import RunState
from agentproxy.events.commands import (
    Answer,
    Approve,
    CancelTurn,
    ChangeFeature,
    Command,
    DecidePlan,
    DeliverMail,
    Deny,
    Interrupt,
    RaiseCeiling,
    Redirect,
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
    """Follows each command once, in the order of arrival."""

    recorder: Recorder[S]
    # Gives the facts that a command becomes in the state at its turn; None is `fact_of`.
    translate: Callable[[Command, CommandId, S], Sequence[Fact]] | None = None
    seen: set[CommandId] = field(default_factory=set[CommandId])

    async def handle_all(self, arrivals: Arrivals) -> None:
        async for number, command in arrivals:
            await self.handle(number, command)
            del number, command  # they need not stay while nothing comes

    async def handle_backlog(self, number: CommandId, command: Command, *, generation: int) -> None:
        """Follow a command that was in the inbox before this segment began."""
        # An interrupt that names an earlier generation of the lease meant a segment that has ended.
        # It must not stop this one.
        earlier = isinstance(command, Interrupt) and command.generation != generation
        if earlier and self.recorder.state.lifecycle.ended is None:
            await self._take(number, ignored(command, "the segment that it interrupts is over"))
        else:
            await self.handle(number, command)

    async def handle(self, number: CommandId, command: Command) -> None:
        await self._take(number, command)

    async def _take(self, number: CommandId, command: "Command | CommandIgnored") -> None:
        # The commands of the backlog come again as arrivals.
        if number in self.seen:
            return
        self.seen.add(number)

        def choose(state: S) -> Sequence[Fact]:
            if isinstance(command, CommandIgnored):
                return [command]
            if self.translate is not None:
                return self.translate(command, number, state)
            return [fact_of(command, number, state)]

        await self.recorder.decide(choose, actor="human", cause=f"command:{number}", taken=[number])


def fact_of(command: Command, number: CommandId, state: RunState) -> Fact:
    """Returns the fact that a command becomes in this state of the run. Pure."""
    match command:
        case Answer() | Approve() | Deny():
            return _decide(command, state)
        case SendMessage():
            fact: Fact = MessageReceived(message=f"command:{number}", text=command.text)
        case Interrupt():
            reason = command.reason or "interrupted by a person"
            fact = RunParked(why="interrupted", reason=reason)
        case StopRun():
            reason = command.reason or "stopped by a person"
            fact = RunEnded(verdict="unverified", reason=reason, stopped=True)
        case RaiseCeiling():
            fact = CeilingRaised(max_time=command.max_time, budget=command.budget)
        case Redirect() | CancelTurn() | ChangeFeature() | DecidePlan() | DeliverMail():
            return ignored(command, "only a conversation takes this command")
    return fact if state.lifecycle.ended is None else ignored(command, "the run is over")


def _decide(command: Answer | Approve | Deny, state: RunState) -> Fact:
    request = _find_request(command.request, state)
    if request is None:
        return ignored(command, _why_not_found(command.request, state))
    if isinstance(command, Answer) and request.kind == "permission":
        return ignored(command, "a permission needs pa approve or pa deny, not an answer")
    text = "" if isinstance(command, Approve) else _text(command)
    allowed = not isinstance(command, Deny)
    return RequestDecided(
        decision=Decision(request=request.id, allowed=allowed, by="human", text=text)
    )


def _find_request(key: str, state: RunState) -> Request | None:
    waiting = state.dialogue.open_requests()
    if key:
        return next((request for request in waiting if request.id == key), None)
    # Among several open requests a guess could approve the wrong one.
    return waiting[0] if len(waiting) == 1 else None


def _why_not_found(key: str, state: RunState) -> str:
    if key:
        return f"request {key!r} is not open"
    several = state.dialogue.open_requests()
    return "several requests are open: name one" if several else "no request is open"


def ignored(command: Command, reason: str) -> CommandIgnored:
    """Returns the fact that a command had no effect."""
    return CommandIgnored(command=command.kind, reason=reason)


def _text(command: Answer | Deny) -> str:
    return command.text if isinstance(command, Answer) else command.reason
