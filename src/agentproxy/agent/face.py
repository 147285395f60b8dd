"""The conversation with our own agent as a face: folds, and which effects are due."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from agentproxy.agent.state import Conversation
from agentproxy.engine.face import Face
from agentproxy.events.agent import (
    AgentTold,
    ModelAnswered,
    ToolFinished,
    ToolStarted,
    TurnStarted,
)
from agentproxy.events.conversation import Text, ToolCall, ToolResult, UserMessage

if TYPE_CHECKING:
    from agentproxy.agent.parts import AgentParts

AGENT: "Face[Conversation, AgentParts]" = Face(Conversation, actor="agent")
CUT_OFF = (
    "Error: the call was cut off at the output limit and did not run. Send the whole call again."
)
TURN = 1  # the one stage of a conversation


@dataclass(frozen=True, slots=True)
class AskModel:
    """Ask the model for its next answer."""

    turn: int
    final: bool = False  # the last answer, without tools
    hurry: bool = False  # with the hint to finish


@dataclass(frozen=True, slots=True)
class RunTool:
    call: ToolCall


@dataclass(frozen=True, slots=True)
class Continue:
    """Tell the model to continue an answer that was cut off."""


@AGENT.fold(AgentTold)
def fold_told(state: Conversation, fact: AgentTold) -> None:
    if fact.message:
        state.told.add(fact.message)
    state.continued += fact.why == "continue"
    # Vendors want results directly after their calls, so the text waits for the answer and its
    # results.
    if state.asking or state.open:
        state.queued.append(fact.text)
    else:
        state.say(UserMessage(parts=(Text(text=fact.text),)))


@AGENT.fold(TurnStarted)
def fold_turn(state: Conversation, _fact: TurnStarted) -> None:
    state.asking = True


@AGENT.fold(ModelAnswered)
def fold_answer(state: Conversation, fact: ModelAnswered) -> None:
    # Vendors are not sent a message without parts, so two of the user would follow each other.
    if fact.message.parts:
        state.messages.append(fact.message)
    state.turn += 1
    state.asking = False
    state.used, state.last_input = state.used.plus(fact.usage), fact.usage.input
    state.stop, state.final = fact.stop, fact.final
    state.results, state.started = {}, frozenset()
    state.open = {call.id: call for call in fact.message.calls}
    if fact.stop == "length" or fact.final:
        # The last call may be incomplete. A final answer was asked for without tools.
        stop = state.stop
        for call in fact.message.calls:
            fold_finished(state, ToolFinished(call=call.id, text=CUT_OFF, failed=True))
        state.stop = stop
    if not state.open:
        state.say_queued()


@AGENT.fold(ToolStarted)
def fold_started(state: Conversation, fact: ToolStarted) -> None:
    state.started |= {fact.call}


@AGENT.fold(ToolFinished)
def fold_finished(state: Conversation, fact: ToolFinished) -> None:
    if fact.call not in state.open:
        return
    state.results[fact.call] = ToolResult(call=fact.call, text=fact.text, failed=fact.failed)
    # All results go back together, in the order of the calls.
    if len(state.results) == len(state.open):
        state.say(UserMessage(parts=tuple(state.results[call] for call in state.open)))
        state.open = {}
        state.say_queued()


@AGENT.due_at(TURN)
def due(state: Conversation) -> Mapping[str, AskModel | RunTool | Continue]:
    """Returns all open tools together, else one effect; nothing when the conversation is over."""
    if state.open:
        waiting = [call for key, call in state.open.items() if key not in state.results]
        return {f"tool:{state.turn}:{call.id}": RunTool(call) for call in waiting}
    if state.ending is not None:
        return {}
    if state.stop == "length":
        return {f"continue:{state.turn}": Continue()}
    turn, left = state.turn + 1, state.turns_left
    if left <= 0:
        return {f"model:{turn}": AskModel(turn, final=True)}
    return {f"model:{turn}": AskModel(turn, hurry=left <= state.limits.wrap_up)}
