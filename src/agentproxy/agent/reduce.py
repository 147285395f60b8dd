"""The agent's decisions as a function of the past: facts in, state out; and what is due now."""

from collections.abc import Iterable, Sequence

from agentproxy.agent.state import (
    AgentEnding,
    AgentLimits,
    AskModel,
    Continue,
    Conversation,
    Effect,
    Finish,
    RunTool,
)
from agentproxy.events.agent import AgentTold, ModelAnswered, ToolFinished, ToolStarted
from agentproxy.events.conversation import Text, ToolResult, UserMessage
from agentproxy.events.envelope import Fact

CUT_OFF = "Error: the call was cut off at the output limit and did not run; send it whole"


def reduce(state: Conversation, fact: Fact) -> Conversation:
    """The conversation after a fact; facts of others leave it as it was."""
    match fact:
        case AgentTold():
            state.say(UserMessage(parts=(Text(text=fact.text),)))
            state.continued += fact.why == "continue"
            state.stop = None
        case ModelAnswered():
            _answered(state, fact)
        case ToolStarted():
            state.started.add(fact.call)
        case ToolFinished():
            _finished(state, fact)
        case _:
            pass
    return state


def replay(facts: Iterable[Fact]) -> Conversation:
    """The conversation after all of these."""
    state = Conversation()
    for fact in facts:
        reduce(state, fact)
    return state


def _answered(state: Conversation, fact: ModelAnswered) -> None:
    state.messages.append(fact.message)
    state.turn += 1
    state.used = state.used.plus(fact.usage)
    state.stop, state.final = fact.stop, fact.final
    state.results, state.started = {}, set()
    state.open = {call.id: call for call in fact.message.calls}
    if fact.stop == "length" or fact.final:
        # Nobody knows whether the last of them is whole, and an answer without tools has none.
        for call in fact.message.calls:
            _finished(state, ToolFinished(call=call.id, text=CUT_OFF, failed=True))


def _finished(state: Conversation, fact: ToolFinished) -> None:
    if fact.call not in state.open:
        return
    state.results[fact.call] = ToolResult(call=fact.call, text=fact.text, failed=fact.failed)
    if len(state.results) == len(state.open):
        state.say(UserMessage(parts=tuple(state.results[call] for call in state.open)))
        state.open = {}


def due(state: Conversation, limits: AgentLimits) -> Sequence[Effect]:
    """What should be under way now: tools side by side, everything else alone."""
    if state.open:
        waiting = [call for key, call in state.open.items() if key not in state.results]
        return [RunTool(call) for call in waiting]
    ending = _ending(state, limits)
    if ending is not None:
        return [Finish(ending)]
    if state.stop == "length":
        return [Continue()]
    if state.turn >= limits.turns:
        return [AskModel(state.turn + 1, final=True)]
    left = limits.turns - state.turn
    return [AskModel(state.turn + 1, hurry=left <= limits.wrap_up)]


def _ending(state: Conversation, limits: AgentLimits) -> AgentEnding | None:
    """How the conversation is over, if it is."""
    if state.final:
        return "turns"
    if state.stop == "end":
        return "finished"
    if state.stop == "refused":
        return "refused"
    if state.used.total >= limits.tokens:
        return "budget"
    spent = state.stop == "length" and state.continued >= limits.continuations
    return "cut_off" if spent else None
