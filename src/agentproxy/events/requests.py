"""Requests of workers, and how they were decided."""

from typing import Literal

from agentproxy.events.envelope import Fact, FrozenModel

RequestKind = Literal["permission", "question"]
DecidedBy = Literal["policy", "context", "human"]


class Request(FrozenModel):
    """What a worker asks: permission to do something, or an answer. `id` is unique within the run.

    For a permission, `subject` is the command line or the path, and `action` what it wants with it.
    `told` says that events of the worker's own tell what it asks for.
    """

    id: str
    kind: RequestKind
    text: str
    action: Literal["run", "read", "write", "network", ""] = ""
    subject: str = ""
    options: tuple[str, ...] = ()
    told: bool = False


class Decision(FrozenModel):
    """The answer to a request. `text` is the answer, or the reason of a refusal; `source` is the
    passage of a document that gives the answer, and `confidence` from 0 to 1 how sure it is.
    """

    request: str
    allowed: bool
    by: DecidedBy
    text: str = ""
    source: str = ""
    confidence: float | None = None


class RequestMade(Fact):
    """A worker asked."""

    kind: Literal["request_made"] = "request_made"
    request: Request


class RequestReferred(Fact):
    """Neither policy nor contexts could decide; a human is asked."""

    kind: Literal["request_referred"] = "request_referred"
    request: str
    reason: str


class RequestDecided(Fact):
    """A worker got its answer."""

    kind: Literal["request_decided"] = "request_decided"
    decision: Decision


class MessageReceived(Fact):
    """A person told the worker something. `message` is its id."""

    kind: Literal["message_received"] = "message_received"
    message: str
    text: str


class MessageDelivered(Fact):
    """A worker was told a message. One that it cannot hear while it works is in its next brief."""

    kind: Literal["message_delivered"] = "message_delivered"
    message: str
    heard: bool


class CommandIgnored(Fact):
    """A command could not be followed, and why."""

    kind: Literal["command_ignored"] = "command_ignored"
    command: str
    reason: str
