"""What a conversation is told of the agents that work for it. Pure."""

import json
from collections.abc import Mapping, Sequence

from pydantic import JsonValue

from agentproxy.conversation.base import CHAT
from agentproxy.conversation.state import Chat, Child
from agentproxy.events.agent import ModelAnswered, ToolFinished
from agentproxy.events.board import BoardSeen
from agentproxy.events.children import ChildCalled, ChildEnded, ChildReturned, ChildStarted
from agentproxy.events.cost import ModelAsked, ModelSettled
from agentproxy.events.envelope import Event, Fact
from agentproxy.events.run import ChildRole

SHOWN_CHARACTERS = 2000  # of an argument or a result


@CHAT.fold(ChildStarted)
def fold_started(state: Chat, fact: ChildStarted) -> None:
    state.children[fact.child] = Child(
        fact.child, fact.role, fact.name, duty=fact.duty, task=fact.task
    )


@CHAT.fold(ChildCalled, ChildReturned)
def fold_seen(state: Chat, fact: ChildCalled | ChildReturned) -> None:
    child = state.children[fact.child]
    child.seen = fact.seen
    child.tools += isinstance(fact, ChildReturned)


@CHAT.fold(ChildEnded)
def fold_ended(state: Chat, fact: ChildEnded) -> None:
    state.children[fact.child].ended = True


def adds_tokens(fact: ModelSettled) -> bool:
    """Returns whether no other event tells these tokens: an answer brings its own."""
    return fact.purpose != "work" or bool(fact.error)


@CHAT.fold(ModelSettled)
def fold_settled(state: Chat, fact: ModelSettled) -> None:
    if adds_tokens(fact):
        state.used = state.used.plus(fact.usage)


def told_of(event: Event, child: Child) -> Sequence[Fact]:
    """Returns what a conversation records of an event in the run of its child."""
    match event.fact:
        case ModelAnswered(message=message):
            return [
                ChildCalled(
                    child=child.run,
                    seen=event.seq,
                    call=call.id,
                    tool=call.name,
                    arguments=_shortened(call.arguments),
                )
                for call in message.calls
            ]
        case ToolFinished(call=call, text=text, failed=failed):
            return [
                ChildReturned(
                    child=child.run, seen=event.seq, call=call, text=_short(text), failed=failed
                )
            ]
        case BoardSeen():
            return [event.fact]
        case _:
            return []


def paid_for(fact: Fact, role: ChildRole) -> Fact:
    """Returns what the conversation records of a model call of its child, which it pays for."""
    if isinstance(fact, ModelAsked | ModelSettled):
        return fact.model_copy(update={"purpose": role})
    return fact


def _shortened(arguments: Mapping[str, JsonValue]) -> dict[str, JsonValue]:
    return {
        name: value if len(text := _text(value)) <= SHOWN_CHARACTERS else _short(text)
        for name, value in arguments.items()
    }


def _text(value: JsonValue) -> str:
    return value if isinstance(value, str) else json.dumps(value)


def _short(text: str) -> str:
    return text if len(text) <= SHOWN_CHARACTERS else f"{text[:SHOWN_CHARACTERS]}..."
