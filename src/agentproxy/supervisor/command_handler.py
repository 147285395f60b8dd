"""Turns the commands of a run's inbox into events."""

from dataclasses import dataclass, field

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
from agentproxy.supervisor.loop import Recorder
from agentproxy.supervisor.request_desk import Desk
from agentproxy.workers.port import Worker


@dataclass
class CommandHandler:
    """Follows commands; each leaves the inbox together with the event that it became."""

    recorder: Recorder
    desk: Desk
    worker: Worker
    seen: set[CommandId] = field(default_factory=set[CommandId])

    async def handle_backlog(self, number: CommandId, command: Command, *, generation: int) -> None:
        """Follow a command that was there before this segment; an interrupt was often meant for an
        earlier one, which is over.
        """
        earlier = isinstance(command, Interrupt) and command.generation != generation
        if earlier and self.recorder.state.ended is None:
            self.seen.add(number)
            reason = "what it interrupts is over"
            await self._take(number, CommandIgnored(command=command.kind, reason=reason))
        else:
            await self.handle(number, command)

    async def handle(self, number: CommandId, command: Command) -> None:
        """Follow one command, once."""
        if number not in self.seen:
            self.seen.add(number)
            await self._take(number, await self._fact(command))

    async def _take(self, number: CommandId, fact: Fact) -> None:
        await self.recorder.record(fact, actor="human", cause=f"command:{number}", taken=[number])
        if isinstance(fact, RequestDecided):
            self.desk.settle(fact.decision.request)

    async def _fact(self, command: Command) -> Fact:
        match command:
            case Answer() | Approve() | Deny():
                return self._decision(command)
            case SendMessage():
                heard = await self.worker.message(command.text)
                return MessageReceived(text=command.text, heard=heard)
            case Interrupt():
                parked = RunParked(why="interrupted", reason="interrupted by a person")
                return self._unless_over(command, parked)
            case StopRun():
                reason = command.reason or "stopped by a person"
                ended = RunEnded(verdict="unverified", reason=reason, stopped=True)
                return self._unless_over(command, ended)
            case RaiseCeiling():
                raised = CeilingRaised(max_time=command.max_time, budget=command.budget)
                return self._unless_over(command, raised)

    def _decision(self, command: Answer | Approve | Deny) -> Fact:
        request = self._meant(command.request)
        if request is None:
            what = f"request {command.request!r}" if command.request else "a request"
            return CommandIgnored(command=command.kind, reason=f"nothing waits as {what}")
        if isinstance(command, Answer) and request.kind == "permission":
            return CommandIgnored(
                command=command.kind, reason="a permission is approved or denied, not answered"
            )
        text = "" if isinstance(command, Approve) else _text(command)
        return RequestDecided(
            decision=Decision(
                request=request.id,
                allowed=not isinstance(command, Deny),
                by="human",
                text=text,
            )
        )

    def _meant(self, key: str) -> Request | None:
        """The request that a command means: by its id, or the only one that waits."""
        waiting = self.recorder.state.waiting()
        if key:
            return next((request for request in waiting if request.id == key), None)
        return waiting[0] if len(waiting) == 1 else None

    def _unless_over(self, command: Interrupt | StopRun | RaiseCeiling, fact: Fact) -> Fact:
        """A run that is over stays as it ended."""
        if self.recorder.state.ended is None:
            return fact
        return CommandIgnored(command=command.kind, reason="the run is over")


def _text(command: Answer | Deny) -> str:
    return command.text if isinstance(command, Answer) else command.reason
