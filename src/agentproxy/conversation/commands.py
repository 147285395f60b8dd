"""Turns what a conversation's user does into facts: commands, and leaving. Pure."""

from collections.abc import Sequence

from agentproxy.conversation.mail import taken_mail
from agentproxy.conversation.memory import wanted_at_the_end
from agentproxy.conversation.state import Chat
from agentproxy.engine.commands import fact_of, ignored
from agentproxy.events.background import BackgroundEnded
from agentproxy.events.chat import (
    FeatureChanged,
    PlanDecided,
    TurnEnding,
    UserTurnEnded,
    UserTurnStarted,
)
from agentproxy.events.commands import (
    Approve,
    CancelTurn,
    ChangeFeature,
    Command,
    DecidePlan,
    DeliverMail,
    Interrupt,
    Redirect,
    SendMessage,
)
from agentproxy.events.envelope import CommandId, Fact
from agentproxy.events.requests import MessageReceived, RequestDecided
from agentproxy.events.team import StopWanted

MAX_WAITING = 100  # messages
APPROVED = "Plan approved. Now execute the plan above step by step."
SESSION_ENDED = "Error: Cancelled: the session ended"
REJECTED = "Plan rejected. Feedback:\n{feedback}\n\nRevise the plan."


def facts_of(command: Command, number: CommandId, state: Chat) -> Sequence[Fact]:
    """Returns the facts that a command becomes in this state of the conversation."""
    usual = fact_of(command, number, state)
    if state.lifecycle.ended is not None:
        return [usual]
    if isinstance(command, Redirect):
        message = MessageReceived(message=f"command:{number}", text=command.text, first=True)
        return [*_cut(state, "interrupted"), message]
    if isinstance(command, DecidePlan):
        return _decided(command, number, state)
    if isinstance(command, DeliverMail):
        return taken_mail(command.mail, state)
    return _own(command, state, usual=usual)


def _own(command: Command, state: Chat, *, usual: Fact) -> Sequence[Fact]:
    match command:
        case SendMessage() if len(state.dialogue.messages) >= MAX_WAITING:
            return [ignored(command, f"{MAX_WAITING} messages wait already: send it later")]
        case CancelTurn() | Interrupt():
            stopped = [StopWanted(for_good=False)] if state.team.at_work else []
            cut = [*_cancelled(state), *stopped]
            return cut or [ignored(command, "no turn is under way")]
        case ChangeFeature():
            changed = _changed(command, state)
            ends = command.feature == "teams" and not command.enabled and state.team.active
            return [changed, StopWanted(for_good=True)] if ends else [changed]
        case Approve(rest=True) if isinstance(usual, RequestDecided):
            return [usual, FeatureChanged(feature="approval", enabled=False, session=True)]
        case _:
            return [usual]


def _decided(command: DecidePlan, number: CommandId, state: Chat) -> list[Fact]:
    if state.plan is None or state.active:
        return [ignored(command, "no plan waits for a decision")]
    facts: list[Fact] = [PlanDecided(approved=command.approved, feedback=command.feedback)]
    if command.approved:
        facts.append(FeatureChanged(feature="plan_mode", enabled=False))
    text = APPROVED if command.approved else REJECTED.format(feedback=command.feedback)
    if command.approved or command.feedback.strip():
        facts.append(MessageReceived(message=f"command:{number}", text=text, first=True))
    return facts


def _changed(command: ChangeFeature, state: Chat) -> Fact:
    # A teammate follows its lead at once.
    if state.active and state.child_order is None:
        return ignored(command, "a turn is under way: change it after the turn")
    return FeatureChanged(feature=command.feature, enabled=command.enabled)


def _cancelled(state: Chat) -> list[Fact]:
    # A message whose turn has not begun yet is cancelled with it.
    waiting = next(iter(state.dialogue.messages.items()), None)
    if state.active or waiting is None:
        return _cut(state, "cancelled")
    started = UserTurnStarted(message=waiting[0], text=waiting[1])
    return [started, UserTurnEnded(ending="cancelled")]


def _cut(state: Chat, ending: TurnEnding) -> list[Fact]:
    return [UserTurnEnded(ending=ending)] if state.active else []


def ends_with_session(state: Chat) -> Sequence[Fact]:
    """Returns the facts of the end of a session."""
    facts: list[Fact] = [
        BackgroundEnded(task=task.id, status="cancelled", result=SESSION_ENDED)
        for task in state.background.running
    ]
    if state.approved_rest:
        facts.append(FeatureChanged(feature="approval", enabled=True, session=True))
    return [*facts, *wanted_at_the_end(state)]
