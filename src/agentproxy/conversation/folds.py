"""How facts change the state of a conversation. Pure."""

from agentproxy.agent.face import fold_finished
from agentproxy.conversation.base import CHAT
from agentproxy.conversation.compaction import summary_messages
from agentproxy.conversation.state import MAX_TITLE_CHARACTERS, Chat
from agentproxy.events.agent import ModelAnswered, ToolFinished, ToolStarted
from agentproxy.events.chat import (
    AnswerCutOff,
    Compacted,
    CompactionWanted,
    FeatureChanged,
    PlanDecided,
    PlanReady,
    UserTurnEnded,
    UserTurnStarted,
)
from agentproxy.events.conversation import AssistantMessage, Text, UserMessage
from agentproxy.events.requests import RequestMade
from agentproxy.events.run import AgentOrder, ChildOrder, RunCreated, SegmentStarted

NOT_RUN = "Error: {why}. This call did not run."
MAYBE_RUN = (
    "Error: {why} while this call ran. It may have done all, part or none of its work. Look before "
    "you go on."
)
FIRST = "task"  # the id of the message that an order brings
BY_THE_USER = "the user interrupted the turn"


def title_of(text: str) -> str:
    """Returns the title of a conversation whose first message is this."""
    return " ".join(text.split())[:MAX_TITLE_CHARACTERS]


@CHAT.fold(RunCreated)
def fold_created(state: Chat, fact: RunCreated) -> None:
    order = fact.request
    if isinstance(order, AgentOrder):
        state.order = order
        state.plan_mode, state.teams, state.approval = (
            order.plan_mode,
            order.teams,
            order.approval,
        )
    if isinstance(order, ChildOrder):
        state.dialogue.messages[FIRST] = order.task


@CHAT.fold(SegmentStarted)
def fold_segment(state: Chat, _fact: SegmentStarted) -> None:
    # A new process has other sessions: who said "all of the rest" may not be there any more.
    state.approved_rest = False


@CHAT.fold(UserTurnStarted)
def fold_started(state: Chat, fact: UserTurnStarted) -> None:
    state.dialogue.messages.pop(fact.message, None)
    state.active = fact.message
    state.since_turn, state.since_tokens = state.turn, state.used.total
    state.continued, state.final, state.plan, state.said = 0, False, None, []
    state.wanted, state.team.rests = None, False
    state.title = state.title or title_of(fact.text)
    state.say(UserMessage(parts=(Text(text=fact.text),)))


@CHAT.fold(AnswerCutOff)
def fold_cut_off(state: Chat, fact: AnswerCutOff) -> None:
    state.messages.append(AssistantMessage(parts=(Text(text=fact.text),)))


@CHAT.fold(UserTurnEnded)
def fold_ended(state: Chat, fact: UserTurnEnded) -> None:
    # The end of a turn that a person cut off meanwhile changes nothing.
    if not state.active:
        return
    state.active, state.asking = "", False
    state.failed = bool(fact.error)
    state.too_long = state.too_long or fact.too_long
    by_user = fact.ending in ("interrupted", "cancelled")
    _close_calls(state, why=BY_THE_USER if by_user else f"the turn ended ({fact.error})")
    for request in state.dialogue.open_requests():
        # The calls of a teammate belong to its own turn.
        if request.id in state.team.asked:
            continue
        del state.dialogue.requests[request.id]
    state.asked = ""


def _close_calls(state: Chat, *, why: str = BY_THE_USER) -> None:
    # Vendors refuse a call without a result.
    for key in [key for key in state.open if key not in state.results]:
        text = MAYBE_RUN if key in state.started else NOT_RUN
        fold_finished(state, ToolFinished(call=key, text=text.format(why=why), failed=True))


@CHAT.fold(FeatureChanged)
def fold_feature(state: Chat, fact: FeatureChanged) -> None:
    if fact.feature == "plan_mode":
        state.plan_mode = fact.enabled
    elif fact.feature == "teams":
        state.teams = fact.enabled
    elif fact.session:
        state.approved_rest = not fact.enabled
    else:
        state.approval, state.approved_rest = fact.enabled, False


@CHAT.fold(PlanReady)
def fold_plan(state: Chat, fact: PlanReady) -> None:
    state.plan = fact.plan


@CHAT.fold(PlanDecided)
def fold_plan_decided(state: Chat, _fact: PlanDecided) -> None:
    state.plan = None


@CHAT.fold(CompactionWanted)
def fold_wanted(state: Chat, fact: CompactionWanted) -> None:
    state.wanted = fact.focus


@CHAT.fold(Compacted)
def fold_compacted(state: Chat, fact: Compacted) -> None:
    if fact.removed:
        # From the front: something may have been said since the summary was asked for.
        state.messages[: fact.removed] = summary_messages(fact)
    state.wanted, state.ledger, state.compacted_at = None, fact.ledger, state.turn
    state.too_long = False


@CHAT.fold(RequestMade)
def fold_request(state: Chat, fact: RequestMade) -> None:
    # Nobody waits for a request whose turn was cut off while it was made.
    if not state.active:
        state.dialogue.requests.pop(fact.request.id, None)
        return
    state.asked = fact.request.id


@CHAT.fold(ModelAnswered)
def fold_answered(state: Chat, fact: ModelAnswered) -> None:
    state.asked = ""
    if fact.message.text:
        state.said.append(fact.message.text)
    # An answer that came together with an interrupt is kept, and its calls do not run.
    if not state.active:
        _close_calls(state)
    safe = state.safe if state.child_order is None else state.safe | {"send_message"}
    state.unsafe = {key: call for key, call in state.open.items() if call.name not in safe}


@CHAT.fold(ToolStarted, ToolFinished)
def fold_tool(state: Chat, _fact: ToolStarted | ToolFinished) -> None:
    # A request for approval belongs to the calls of one answer.
    if not state.open:
        state.asked, state.unsafe = "", {}
