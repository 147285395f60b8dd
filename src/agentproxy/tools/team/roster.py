"""A team as one of its agents sees it: who belongs to it, mail, and open requests. Pure."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from agentproxy.events.children import ChildStarted
from agentproxy.events.conversation import ToolCall
from agentproxy.events.envelope import Fact, RunId
from agentproxy.events.requests import MessageReceived, RequestDecided
from agentproxy.events.run import ChildOrder, RunCreated
from agentproxy.events.team import (
    LEAD,
    Mail,
    MailDelivered,
    MailRead,
    MailReceived,
    MailSent,
    ProtocolDecided,
    ProtocolOpened,
    ProtocolType,
    RestWanted,
    Retired,
    StopTold,
    StopWanted,
    TeammateAnswered,
    TeammateAsked,
    TeammateChanged,
    TeammateStatus,
    TeammateTold,
)

MAX_UNREAD = 100
CLAIM = "task:"  # how the ids of messages begin that give a teammate a task
MAX_KNOWN = 1000  # ids of messages that came, so that none is taken twice


def child_run(parent: str, key: str) -> RunId:
    """Returns the id of the run that a call makes: the same call makes the same run."""
    return RunId(hashlib.sha256(f"{parent}\n{key}".encode()).hexdigest()[:12])


def short_id(run: str, key: str) -> str:
    """Returns an id that the same call of the same run has in every process."""
    return hashlib.sha256(f"{run}/{key}".encode()).hexdigest()[:8]


@dataclass(frozen=True, slots=True)
class Member:
    """A teammate. `approval` and `plan_mode` are what it was told last."""

    run: str
    name: str
    duty: str
    status: TeammateStatus = "working"
    approval: bool = False
    plan_mode: bool = False


@dataclass(frozen=True, slots=True)
class ProtocolState:
    type: ProtocolType
    target: str
    status: str = "pending"


@dataclass(frozen=True, slots=True)
class Asked:
    """Calls of a teammate that wait for a decision. `allowed` is None before it."""

    child: str
    own_request: str
    calls: Sequence[ToolCall]
    allowed: bool | None = None
    text: str = ""


@dataclass(slots=True)
class Roster:
    """Folds in place."""

    me: str = LEAD
    duty: str = ""
    run: str = ""
    members: dict[str, Member] = field(default_factory=dict[str, Member])  # the newest of a name
    inbox: dict[str, Mail] = field(default_factory=dict[str, Mail])
    outbox: dict[str, Mail] = field(default_factory=dict[str, Mail])
    protocols: dict[str, ProtocolState] = field(default_factory=dict[str, ProtocolState])
    shutdowns: dict[str, None] = field(default_factory=dict[str, None])  # that wait for my answer
    asked: dict[str, Asked] = field(default_factory=dict[str, Asked])
    stopping: dict[str, bool] = field(default_factory=dict[str, bool])  # runs; whether for good
    rests: bool = False  # has said that it has no work
    retired: str = ""  # why a teammate has ended
    claimed: set[int] = field(default_factory=set[int])  # tasks of the board that it was given
    known: dict[str, None] = field(default_factory=dict[str, None])

    @property
    def active(self) -> Sequence[Member]:
        return [each for each in self.members.values() if each.status != "shutdown"]

    @property
    def at_work(self) -> bool:
        return any(each.status == "working" for each in self.active)

    def active_named(self, name: str) -> Member | None:
        member = self.members.get(name)
        return member if member is not None and member.status != "shutdown" else None

    def with_run(self, run: str) -> Member | None:
        return next((each for each in self.members.values() if each.run == run), None)

    def fold(self, fact: Fact) -> None:
        match fact:
            case RunCreated(request=ChildOrder(role="teammate") as order):
                self.me, self.duty = order.name, order.duty
            case MessageReceived(message=message) if message.startswith(CLAIM):
                self.claimed.add(int(message.removeprefix(CLAIM)))
            case RestWanted():
                self.rests = True
            case Retired():
                self.retired = fact.reason
            case _:
                self._fold_members(fact)
                self._fold_protocols(fact)
                self._fold_mail(fact)
                self._fold_asked(fact)

    def _fold_members(self, fact: Fact) -> None:
        match fact:
            case ChildStarted(role="teammate"):
                self.members[fact.name] = Member(fact.child, fact.name, fact.duty)
            case TeammateChanged():
                self._change(fact)
            case TeammateTold():
                self._tell(fact)
            case StopWanted():
                self.stopping |= {each.run: fact.for_good for each in self.active}
            case StopTold():
                self.stopping.pop(fact.child, None)
            case _:
                pass

    def _fold_protocols(self, fact: Fact) -> None:
        match fact:
            case ProtocolOpened():
                self.protocols[fact.request] = ProtocolState(fact.type, fact.target)
            case ProtocolDecided() if fact.request in self.protocols:
                word = "approved" if fact.approved else "rejected"
                self.protocols[fact.request] = replace(self.protocols[fact.request], status=word)
            case _:
                pass

    def _fold_mail(self, fact: Fact) -> None:
        match fact:
            case MailSent(mail=mail):
                self.outbox[mail.id] = mail
                if mail.type == "shutdown_response":
                    self.shutdowns.pop(mail.request, None)
            case MailDelivered():
                self.outbox.pop(fact.mail, None)
            case MailReceived(mail=mail):
                self.inbox[mail.id] = mail
                if mail.type == "shutdown_request":
                    self.shutdowns[mail.request] = None
                self.known[mail.id] = None
                while len(self.known) > MAX_KNOWN:
                    del self.known[next(iter(self.known))]
            case MailRead():
                for key in fact.mails:
                    self.inbox.pop(key, None)
            case _:
                pass

    def _fold_asked(self, fact: Fact) -> None:
        match fact:
            case TeammateAsked():
                self.asked[fact.request] = Asked(fact.child, fact.own_request, fact.calls)
            case RequestDecided(decision=decision) if decision.request in self.asked:
                self.asked[decision.request] = replace(
                    self.asked[decision.request], allowed=decision.allowed, text=decision.text
                )
            case TeammateAnswered():
                self.asked.pop(fact.request, None)
            case _:
                pass

    def _change(self, fact: TeammateChanged) -> None:
        member = self.with_run(fact.child)
        if member is None:
            return
        self.members[member.name] = replace(member, status=fact.status)
        if fact.status != "shutdown":
            return
        self.stopping.pop(fact.child, None)
        # Who is gone answers nothing any more.
        for key, protocol in self.protocols.items():
            if protocol.target == member.name and protocol.status == "pending":
                done = "approved" if protocol.type == "shutdown" else "rejected"
                self.protocols[key] = replace(protocol, status=done)

    def _tell(self, fact: TeammateTold) -> None:
        member = self.with_run(fact.child)
        if member is not None:
            told = replace(member, approval=fact.approval, plan_mode=fact.plan_mode)
            self.members[member.name] = told
