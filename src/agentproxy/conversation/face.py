"""Which effects of a conversation are due. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass

from agentproxy.agent.face import AskModel, RunTool
from agentproxy.agent.face import due as agent_due

# Imported to register their folds.
from agentproxy.conversation import children as children
from agentproxy.conversation import folds as folds
from agentproxy.conversation.background import notices_due
from agentproxy.conversation.base import CHAT as CHAT
from agentproxy.conversation.base import TURN
from agentproxy.conversation.compaction import needs_summary
from agentproxy.conversation.memory import memory_due
from agentproxy.conversation.safe_tools import ONE_AT_A_TIME
from agentproxy.conversation.state import Chat
from agentproxy.conversation.team import mail_due, rest_due
from agentproxy.events.conversation import ToolCall


@dataclass(frozen=True, slots=True)
class StartTurn:
    """Begin to work on a message of the user."""

    message: str
    text: str


@dataclass(frozen=True, slots=True)
class EndTurn:
    """Tell why the turn is over."""

    error: str = ""


@dataclass(frozen=True, slots=True)
class HandOverPlan:
    """Take what the agent said as its plan."""

    plan: str


@dataclass(frozen=True, slots=True)
class Summarise:
    """Replace the older messages by a summary. `focus` is set where the agent asked for it."""

    focus: str | None


@dataclass(frozen=True, slots=True)
class AskApproval:
    """Ask the user whether these calls may run."""

    request: str
    calls: tuple[ToolCall, ...]


@dataclass(frozen=True, slots=True)
class AwaitApproval:
    """Wait for the user's decision, up to the limit."""

    request: str


@CHAT.due_at(TURN)
def due(state: Chat) -> Mapping[str, object]:
    """Returns what the present turn needs next, or the start of the next one."""
    if not state.active:
        waiting = next(iter(state.dialogue.messages.items()), None)
        if waiting is None:
            return rest_due(state) or memory_due(state)
        told = notices_due(state) or mail_due(state)
        return told or {f"user:{waiting[0]}": StartTurn(*waiting)}
    end = f"end:{state.active}"
    # Checked before the tools run: what they would do costs more tokens.
    unfinished = state.open or state.ending in (None, "budget")
    if state.out_of_tokens and not state.asking and unfinished:
        return {end: EndTurn("Token budget exceeded")}
    return (
        _approval_due(state)
        or _before_the_next_question(state)
        or _in_order(agent_due(state))
        or _last_words_due(state)
        or {end: EndTurn(_why_ended(state))}
    )


def _in_order(effects: Mapping[str, object]) -> Mapping[str, object]:
    """Leaves out all but the first of the calls that wait for one another."""
    found: dict[str, object] = {}
    ordered = False
    for key, effect in effects.items():
        waits = isinstance(effect, RunTool) and effect.call.name in ONE_AT_A_TIME
        if not (waits and ordered):
            found[key] = effect
        ordered = ordered or waits
    return found


def _approval_due(state: Chat) -> Mapping[str, object]:
    calls = state.unsafe_calls()
    if calls and not state.asked:
        request = f"approval-{state.turn}"
        return {f"ask:{state.turn}": AskApproval(request, tuple(calls))}
    if calls and state.waits_for_approval:
        return {f"await:{state.asked}": AwaitApproval(state.asked)}
    return {}


def _before_the_next_question(state: Chat) -> Mapping[str, object]:
    if state.open or state.asking:
        return {}
    if state.plan is not None or state.team.rests or state.team.retired:
        return {f"end:{state.active}": EndTurn()}
    # A natural end in plan mode hands over what was said as the plan. A teammate follows its lead,
    # and its own words are no plan of the user's.
    if state.plan_mode and state.child_order is None and state.ending == "finished" and state.said:
        return {f"plan:{state.turn}": HandOverPlan("\n\n".join(state.said))}
    if state.ending is None and needs_summary(state):
        return {f"compact:{state.turn}": Summarise(state.wanted)}
    # Not between a cut answer and the word to continue it.
    asks = state.ending is None and state.stop != "length"
    return (notices_due(state) or mail_due(state)) if asks else {}


def _last_words_due(state: Chat) -> Mapping[str, AskModel]:
    """Asks for words, without tools, where the agent has ended a turn of the user without any."""
    turn = state.turn + 1
    asks = _is_silent(state) and state.ending == "finished" and not state.plan_mode
    return {f"model:{turn}": AskModel(turn, final=True)} if asks else {}


def _is_silent(state: Chat) -> bool:
    # The results of subagents and the mail of teammates say by themselves that there are no words.
    return not state.said and state.child_order is None


def _why_ended(state: Chat) -> str:
    match state.ending:
        case "finished" | "turns" if _is_silent(state):
            return "the model gave no answer"
        case "cut_off":
            return "the answer was cut off at the output limit too often"
        case "refused":
            return "the model refused to continue"
        case _:
            return ""
