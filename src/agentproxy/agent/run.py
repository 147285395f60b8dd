"""Drives a conversation with our own agent inside an effect of another run."""

import time
from collections.abc import Awaitable, Callable, Sequence

# Imported to register their handlers.
from agentproxy.agent import calls as calls
from agentproxy.agent import turns as turns
from agentproxy.agent.face import AGENT
from agentproxy.agent.parts import AgentParts
from agentproxy.agent.state import Conversation
from agentproxy.engine.context import Context
from agentproxy.engine.loop import Engine
from agentproxy.engine.recorder import SCOPE, Recorder
from agentproxy.events.envelope import CommandId, Draft, Event, Fact, RunId


def resume_conversation(past: Sequence[Fact], state: Conversation) -> Conversation:
    """Returns the conversation after past facts, such as those of an earlier attempt."""
    for fact in past:
        AGENT.reduce(state, _event(Draft("", fact)))
    return state


def recorder_within(
    state: Conversation, record: Callable[[Fact], Awaitable[None]]
) -> Recorder[Conversation]:
    """Returns a recorder that writes to the surrounding run and folds into the conversation."""

    async def append(drafts: Sequence[Draft], _taken: Sequence[CommandId]) -> Sequence[Event]:
        for draft in drafts:
            await record(draft.fact)
        return [_event(draft) for draft in drafts]

    return Recorder(state, append, reduce=AGENT.reduce, actor=SCOPE.get().actor)


async def converse(
    recorder: Recorder[Conversation], parts: AgentParts, *, show: Callable[[str], None]
) -> None:
    """Continue the conversation until the model is done or a limit is reached.

    Raises:
        ModelError: the model does not answer.
    """
    scope = SCOPE.get()
    context = Context(
        state=recorder.state,
        parts=parts,
        record=recorder.record,
        until=recorder.until,
        show=lambda _source, text: show(text),
    )
    engine = Engine(
        face=AGENT,
        recorder=recorder,
        context=context,
        # Effect ids and actors are those of the surrounding run, whose journal takes the facts.
        prefix=f"{scope.effect}/" if scope.effect else "",
        actor=scope.actor,
    )
    await engine.drive()


def _event(draft: Draft) -> Event:
    # The conversation has no journal of its own: run and seq are not used.
    return Event(RunId(""), 0, time.time(), draft.actor, draft.fact, draft.cause)
