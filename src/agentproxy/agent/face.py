"""The conversation with our own agent as a face: how facts change it, and what is due."""

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
CUT_OFF = "Error: the call was cut off at the output limit and did not run; send it whole"
TURN = 1  # the one stage of a conversation


@dataclass(frozen=True, slots=True)
class AskModel:
    """Ask for the next answer; `final` for the last one, without tools, `hurry` with the hint to
    finish.
    """

    turn: int
    final: bool = False
    hurry: bool = False


@dataclass(frozen=True, slots=True)
class RunTool:
    """Run a tool that the model called."""

    call: ToolCall


@dataclass(frozen=True, slots=True)
class Continue:
    """Tell the model to go on where its answer was cut off."""


@AGENT.fold(AgentTold)
def fold_told(state: Conversation, fact: AgentTold) -> None:
    """Say it now, or after the answer that is under way and its results."""
    if fact.message:
        state.told.add(fact.message)
    state.continued += fact.why == "continue"
    if state.asking or state.open:
        state.queued.append(fact.text)
    else:
        state.say(UserMessage(parts=(Text(text=fact.text),)))


@AGENT.fold(TurnStarted)
def fold_turn(state: Conversation, _fact: TurnStarted) -> None:
    """The model is being asked."""
    state.asking = True


@AGENT.fold(ModelAnswered)
def fold_answer(state: Conversation, fact: ModelAnswered) -> None:
    """Take in the answer. Calls of an answer that was cut off do not run."""
    state.messages.append(fact.message)
    state.turn += 1
    state.asking = False
    state.used = state.used.plus(fact.usage)
    state.stop, state.final = fact.stop, fact.final
    state.results, state.started = {}, set()
    state.open = {call.id: call for call in fact.message.calls}
    if fact.stop == "length" or fact.final:
        # Nobody knows whether the last call is whole, and an answer without tools has none.
        stop = state.stop
        for call in fact.message.calls:
            fold_finished(state, ToolFinished(call=call.id, text=CUT_OFF, failed=True))
        state.stop = stop
    if not state.open:
        state.say_queued()


@AGENT.fold(ToolStarted)
def fold_started(state: Conversation, fact: ToolStarted) -> None:
    """The tool runs."""
    state.started.add(fact.call)


@AGENT.fold(ToolFinished)
def fold_finished(state: Conversation, fact: ToolFinished) -> None:
    """Results go back together, in the order of the calls."""
    if fact.call not in state.open:
        return
    state.results[fact.call] = ToolResult(call=fact.call, text=fact.text, failed=fact.failed)
    if len(state.results) == len(state.open):
        state.say(UserMessage(parts=tuple(state.results[call] for call in state.open)))
        state.open = {}
        state.say_queued()


@AGENT.due_at(TURN)
def due(state: Conversation) -> Mapping[str, AskModel | RunTool | Continue]:
    """Tools side by side, everything else alone; nothing when the conversation is over."""
    if state.open:
        waiting = [call for key, call in state.open.items() if key not in state.results]
        return {f"tool:{state.turn}:{call.id}": RunTool(call) for call in waiting}
    if state.ending is not None:
        return {}
    if state.stop == "length":
        return {f"continue:{state.turn}": Continue()}
    turn, left = state.turn + 1, state.limits.turns - state.turn
    if left <= 0:
        return {f"model:{turn}": AskModel(turn, final=True)}
    return {f"model:{turn}": AskModel(turn, hurry=left <= state.limits.wrap_up)}
