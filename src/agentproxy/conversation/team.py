"""A team: when teammates are followed, mail is carried, and approvals are passed on. Pure."""

import json
from collections.abc import Mapping
from dataclasses import dataclass

from agentproxy.conversation.base import CHAT, TURN
from agentproxy.conversation.injected import put_before, within
from agentproxy.conversation.state import Chat
from agentproxy.events.board import BoardTask
from agentproxy.events.children import ChildStarted
from agentproxy.events.requests import Request
from agentproxy.events.team import Mail, MailRead, TeammateAnswered, TeammateAsked, TeammateChanged
from agentproxy.tools.team.mailing import mail_for_model
from agentproxy.tools.team.roster import Asked

# How the ids of effects begin.
TEAMMATE = "teammate:"
MAIL = "mail:"
NOTED = "Noted inbox messages from teammates."


@dataclass(frozen=True, slots=True)
class FollowTeammate:
    """Keep a teammate at work, and record what this conversation is told of it."""

    child: str


@dataclass(frozen=True, slots=True)
class DeliverToRun:
    """Put a message into the inbox of its receiver's run."""

    mail: Mail


@dataclass(frozen=True, slots=True)
class TellMail:
    """Put messages before the agent."""

    mails: tuple[Mail, ...]


@dataclass(frozen=True, slots=True)
class WakeForMail:
    """Begin to work on messages."""

    mails: tuple[Mail, ...]


@dataclass(frozen=True, slots=True)
class WaitForWork:
    """Wait for a message or an open task, up to the limit."""


@dataclass(frozen=True, slots=True)
class AnswerTeammate:
    """Send a teammate the decision on its calls."""

    request: str
    asked: Asked


@dataclass(frozen=True, slots=True)
class TellFeatures:
    """Tell a teammate whether its calls need an approval, and whether its lead plans."""

    child: str
    approval: bool
    plan_mode: bool


@dataclass(frozen=True, slots=True)
class StopTeammate:
    """Stop the turn of a teammate, or the teammate for good."""

    child: str
    for_good: bool


@CHAT.fold(ChildStarted, TeammateChanged, TeammateAsked)
def fold_seen(state: Chat, fact: ChildStarted | TeammateChanged | TeammateAsked) -> None:
    child = state.children.get(fact.child)
    if child is not None and not isinstance(fact, ChildStarted):
        child.seen = max(child.seen, fact.seen)
        child.ended = isinstance(fact, TeammateChanged) and fact.status == "shutdown"


@CHAT.fold(TeammateAsked)
def fold_asked(state: Chat, fact: TeammateAsked) -> None:
    names = ", ".join(call.name for call in fact.calls)
    name = state.children[fact.child].name
    # The texts of open requests differ: an equal one would count as repeated.
    text = f"{name} wants to run {names} ({fact.own_request})"
    request = Request(id=fact.request, kind="permission", text=text, action="run")
    state.dialogue.requests[fact.request] = request


@CHAT.fold(TeammateAnswered)
def fold_answered(state: Chat, fact: TeammateAnswered) -> None:
    state.dialogue.requests.pop(fact.request, None)


@CHAT.fold(MailRead)
def fold_read(state: Chat, fact: MailRead) -> None:
    if fact.text:
        put_before(state, fact.text, NOTED)


@CHAT.due_at(TURN)
def team_due(state: Chat) -> Mapping[str, object]:
    """Returns what a team needs, whether or not a turn is under way."""
    team = state.team
    found: dict[str, object] = {
        f"{MAIL}{key}": DeliverToRun(mail) for key, mail in team.outbox.items()
    }
    asks = asks_teammates(state)
    for member in team.active:
        found[f"{TEAMMATE}{member.run}"] = FollowTeammate(member.run)
        if (member.approval, member.plan_mode) != (asks, state.plan_mode):
            key = f"features:{member.run}:{asks}:{state.plan_mode}"
            found[key] = TellFeatures(member.run, asks, state.plan_mode)
    for run, for_good in team.stopping.items():
        found[f"stop:{run}"] = StopTeammate(run, for_good)
    for key, asked in team.asked.items():
        if asked.allowed is not None or not asks:
            found[f"answer:{key}"] = AnswerTeammate(key, asked)
    return found


def asks_teammates(state: Chat) -> bool:
    """Returns whether the calls of teammates need an approval."""
    return state.approval and not state.approved_rest


def mail_due(state: Chat) -> Mapping[str, TellMail]:
    """Returns the messages that the agent reads before the next question to its model."""
    mails = tuple(state.team.inbox.values())
    return {f"inbox:{mails[0].id}:{len(mails)}": TellMail(mails)} if mails else {}


def rest_due(state: Chat) -> Mapping[str, WakeForMail | WaitForWork]:
    """Returns what a teammate does between two turns."""
    order, team = state.child_order, state.team
    if order is None or order.role != "teammate" or team.retired:
        return {}
    mails = tuple(team.inbox.values())
    if mails:
        return {f"wake:{mails[0].id}": WakeForMail(mails)}
    return {f"rest:{state.turn}": WaitForWork()}


def claim_text(task: BoardTask) -> str:
    """Returns a task of the board as the teammate that takes it is told."""
    text = within("auto-claimed", f"Task #{task.id}: {task.subject}\n{task.description}".rstrip())
    end = "When it is done, set its status to completed with task_update."
    return f"<auto-claimed>{text}</auto-claimed>\n{end}"


def inbox_text(mails: tuple[Mail, ...]) -> str:
    """Returns messages as the agent reads them."""
    told = json.dumps([mail_for_model(each) for each in mails], ensure_ascii=False)
    return f"<inbox>{within('inbox', told)}</inbox>"
