"""The commands that others send to a run's owner: the entries of its inbox."""

from typing import Annotated, Literal

from pydantic import Field, TypeAdapter

from agentproxy.events.chat import Feature
from agentproxy.events.envelope import CommandBase
from agentproxy.events.team import Mail


class Answer(CommandBase):
    """Answer a worker's question."""

    kind: Literal["answer"] = "answer"
    text: str
    request: str = ""  # "" means the only open request


class Approve(CommandBase):
    """Allow what a worker asked for."""

    kind: Literal["approve"] = "approve"
    request: str = ""
    rest: bool = False  # in a conversation: allow the rest of the session too


class Deny(CommandBase):
    """Refuse what a worker asked for. The worker gets the reason."""

    kind: Literal["deny"] = "deny"
    request: str = ""
    reason: str = ""


class SendMessage(CommandBase):
    """Send the worker a message, now or in its next brief."""

    kind: Literal["message"] = "message"
    text: str


class Interrupt(CommandBase):
    """Park the run for now; it can be resumed."""

    kind: Literal["interrupt"] = "interrupt"
    generation: int = 0  # the lease that is meant; 0 is the one at arrival
    reason: str = ""


class StopRun(CommandBase):
    """End the run. The claims so far stay on their refs."""

    kind: Literal["stop"] = "stop"
    reason: str = ""


class RaiseCeiling(CommandBase):
    """Allow more for the whole run."""

    kind: Literal["raise_ceiling"] = "raise_ceiling"
    max_time: float | None = Field(default=None, gt=0)  # seconds
    budget: float | None = Field(default=None, gt=0)  # US dollars


class Redirect(CommandBase):
    """Cut the present turn of a conversation off, and go on with this message."""

    kind: Literal["redirect"] = "redirect"
    text: str


class CancelTurn(CommandBase):
    """Cut the present turn of a conversation off."""

    kind: Literal["cancel_turn"] = "cancel_turn"


class DecidePlan(CommandBase):
    """Approve the plan of a conversation, or say what to change."""

    kind: Literal["decide_plan"] = "decide_plan"
    approved: bool
    feedback: str = ""


class ChangeFeature(CommandBase):
    """Switch a feature of a conversation on or off, between two turns."""

    kind: Literal["change_feature"] = "change_feature"
    feature: Feature
    enabled: bool


class DeliverMail(CommandBase):
    """A message from another agent of the team."""

    kind: Literal["deliver_mail"] = "deliver_mail"
    mail: Mail


Command = Annotated[
    Answer
    | Approve
    | Deny
    | SendMessage
    | Interrupt
    | StopRun
    | RaiseCeiling
    | Redirect
    | CancelTurn
    | ChangeFeature
    | DecidePlan
    | DeliverMail,
    Field(discriminator="kind"),
]
COMMAND: TypeAdapter[Command] = TypeAdapter(Command)
