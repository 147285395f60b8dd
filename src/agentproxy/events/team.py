"""Facts about the teammates of a conversation, and the mail between them and their lead."""

from typing import Literal

from agentproxy.events.conversation import ToolCall
from agentproxy.events.envelope import Fact, FrozenModel

LEAD = "lead"  # the name of the user's own agent in its team
MailType = Literal[
    "message",
    "broadcast",
    "shutdown_request",
    "shutdown_response",
    "plan_approval_request",
    "plan_approval_response",
    "status",
    "undelivered",
]
ProtocolType = Literal["shutdown", "plan"]
TeammateStatus = Literal["working", "idle", "shutdown"]


class Mail(FrozenModel):
    """A message between two agents."""

    id: str
    sender: str
    to: str
    type: MailType = "message"
    text: str = ""
    request: str = ""  # of a protocol
    approved: bool | None = None  # only where it decides on a request


class MailSent(Fact):
    """An agent sent a message, which is to be delivered."""

    kind: Literal["mail_sent"] = "mail_sent"
    mail: Mail


class MailDelivered(Fact):
    """A message stands in the inbox of its receiver's run."""

    kind: Literal["mail_delivered"] = "mail_delivered"
    mail: str  # its id


class MailReceived(Fact):
    """A message came."""

    kind: Literal["mail_received"] = "mail_received"
    mail: Mail


class MailRead(Fact):
    """The agent has read messages."""

    kind: Literal["mail_read"] = "mail_read"
    mails: tuple[str, ...]
    text: str = ""  # what was put before the agent that did not ask for it


class ProtocolOpened(Fact):
    """A teammate is asked to end, or asks for a decision on its plan."""

    kind: Literal["protocol_opened"] = "protocol_opened"
    request: str
    type: ProtocolType
    target: str  # the teammate


class ProtocolDecided(Fact):
    """A request between a lead and its teammate was decided."""

    kind: Literal["protocol_decided"] = "protocol_decided"
    request: str
    approved: bool
    reason: str = ""


class TeammateChanged(Fact):
    """A teammate works, waits for work, or is gone."""

    kind: Literal["teammate_changed"] = "teammate_changed"
    child: str
    seen: int  # the newest event of its run that this conversation was told of
    status: TeammateStatus
    reason: str = ""


class TeammateAsked(Fact):
    """A teammate wants to run calls that need an approval."""

    kind: Literal["teammate_asked"] = "teammate_asked"
    child: str
    seen: int
    request: str  # its id in this conversation
    own_request: str  # its id in the teammate's run
    calls: tuple[ToolCall, ...]


class TeammateAnswered(Fact):
    """A teammate was sent the decision on its calls, or waits for it no more."""

    kind: Literal["teammate_answered"] = "teammate_answered"
    request: str


class TeammateTold(Fact):
    """A teammate was told whether its calls need an approval, and whether its lead plans."""

    kind: Literal["teammate_told"] = "teammate_told"
    child: str
    approval: bool
    plan_mode: bool = False


class StopWanted(Fact):
    """The user stopped the teammates: their turns, or themselves for good."""

    kind: Literal["stop_wanted"] = "stop_wanted"
    for_good: bool


class StopTold(Fact):
    """A teammate was told to stop."""

    kind: Literal["stop_told"] = "stop_told"
    child: str


class RestWanted(Fact):
    """A teammate has no work."""

    kind: Literal["rest_wanted"] = "rest_wanted"


class Retired(Fact):
    """A teammate ends for good."""

    kind: Literal["retired"] = "retired"
    reason: str
