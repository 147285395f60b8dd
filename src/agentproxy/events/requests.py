"""Requests of workers, and the decisions on them."""

from typing import Literal

from agentproxy.events.envelope import Fact, FrozenModel

RequestKind = Literal["permission", "question"]
DecidedBy = Literal["policy", "context", "human"]


class Request(FrozenModel):
    """A worker asks for a permission or an answer."""

    id: str  # unique within the run
    kind: RequestKind
    text: str
    # Both only for a permission.
    action: Literal["run", "read", "write", "network", ""] = ""
    subject: str = ""  # the command line or the path
    options: tuple[str, ...] = ()
    calls: tuple[str, ...] = ()  # the ids of the calls that it is about
    told: bool = False  # the worker's own events already say what it asks for


class Decision(FrozenModel):
    """The decision on a request."""

    request: str
    allowed: bool
    by: DecidedBy
    text: str = ""  # the answer, or the reason of a refusal
    source: str = ""  # the passage of a document that gives the answer
    confidence: float | None = None  # from 0 to 1


class RequestMade(Fact):
    """A worker made a request."""

    kind: Literal["request_made"] = "request_made"
    request: Request


class RequestReferred(Fact):
    """Neither policy nor contexts could decide: a human is asked."""

    kind: Literal["request_referred"] = "request_referred"
    request: str
    reason: str


class RequestDecided(Fact):
    """A request was decided."""

    kind: Literal["request_decided"] = "request_decided"
    decision: Decision


class MessageReceived(Fact):
    """A person sent the worker a message."""

    kind: Literal["message_received"] = "message_received"
    message: str  # its id
    text: str
    first: bool = False  # before those that wait already


class MessageDelivered(Fact):
    """A message was offered to the worker at work."""

    kind: Literal["message_delivered"] = "message_delivered"
    message: str
    heard: bool  # where false, the next brief carries the message


class CommandIgnored(Fact):
    """A command had no effect."""

    kind: Literal["command_ignored"] = "command_ignored"
    command: str
    reason: str
