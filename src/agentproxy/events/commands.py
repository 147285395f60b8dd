"""What somebody else may ask of a run's owner: the entries of its inbox."""

from typing import Annotated, Literal

from pydantic import Field, TypeAdapter

from agentproxy.events.envelope import CommandBase


class Answer(CommandBase):
    """Answer a worker's question. An empty `request` means the one that waits."""

    kind: Literal["answer"] = "answer"
    text: str
    request: str = ""


class Approve(CommandBase):
    """Let a worker do what it asked for."""

    kind: Literal["approve"] = "approve"
    request: str = ""


class Deny(CommandBase):
    """Refuse what a worker asked for, with a reason that it is told."""

    kind: Literal["deny"] = "deny"
    request: str = ""
    reason: str = ""


class SendMessage(CommandBase):
    """Tell the worker something, now or in its next brief."""

    kind: Literal["message"] = "message"
    text: str


class Interrupt(CommandBase):
    """Stop working for now; the run can be resumed. `generation` is the lease's that is meant; 0 is
    whoever works when it arrives.
    """

    kind: Literal["interrupt"] = "interrupt"
    generation: int = 0


class StopRun(CommandBase):
    """End the run; what was claimed so far stays on its refs."""

    kind: Literal["stop"] = "stop"
    reason: str = ""


class RaiseCeiling(CommandBase):
    """Allow more for the whole run: working time in seconds, money in US dollars."""

    kind: Literal["raise_ceiling"] = "raise_ceiling"
    max_time: float | None = Field(default=None, gt=0)
    budget: float | None = Field(default=None, gt=0)


Command = Annotated[
    Answer | Approve | Deny | SendMessage | Interrupt | StopRun | RaiseCeiling,
    Field(discriminator="kind"),
]
COMMAND: TypeAdapter[Command] = TypeAdapter(Command)
