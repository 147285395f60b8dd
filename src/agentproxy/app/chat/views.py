"""Shows conversations from the journal; changes nothing."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from agentproxy.app.context import App
from agentproxy.conversation.face import CHAT
from agentproxy.conversation.state import Chat
from agentproxy.events.agent import ModelAnswered
from agentproxy.events.chat import AnswerCutOff, UserTurnStarted
from agentproxy.events.envelope import Event, RunId
from agentproxy.events.run import AgentOrder, ChatOrder, RunCreated
from agentproxy.journal.port import UnknownRun

PAGE = 500


@dataclass(frozen=True, slots=True)
class ChatMessage:
    """A text of the user or of the agent. `time` is a Unix time."""

    role: Literal["user", "assistant"]
    text: str
    time: float


@dataclass(frozen=True, slots=True)
class ChatRow:
    """A conversation in a list. `created` is a Unix time."""

    run: RunId
    title: str
    created: float
    messages: int


@dataclass(frozen=True, slots=True)
class ChatView:
    """A conversation, whole."""

    row: ChatRow
    order: AgentOrder
    state: Chat
    messages: Sequence[ChatMessage]
    sequence: int  # of the last event that it was read from


async def read_chat(app: App, run: RunId) -> ChatView:
    """Raises UnknownRun, also where the run is no conversation."""
    state, after, created = CHAT.new_state(), 0, 0.0
    messages: list[ChatMessage] = []
    while page := await app.journal.read(run, after=after, limit=PAGE):
        if not after:
            created = page[0].time
            _require_chat(page[0])
        for event in page:
            CHAT.reduce(state, event)
            messages += texts_of(event)
        after = page[-1].seq
        if len(page) < PAGE:
            break
    row = ChatRow(run, state.title, created, len(messages))
    return ChatView(row, state.require_order(), state, messages, after)


async def read_order(app: App, run: RunId) -> ChatOrder:
    """Returns what a conversation was made with.

    Raises UnknownRun, also where the run is no conversation.
    """
    (first,) = await app.journal.read(run, limit=1)
    return _require_chat(first)


def _require_chat(first: Event) -> ChatOrder:
    fact = first.fact
    if isinstance(fact, RunCreated) and isinstance(fact.request, ChatOrder):
        return fact.request
    raise UnknownRun(f"run {first.run} is no conversation")


def texts_of(event: Event) -> list[ChatMessage]:
    """Returns what an event adds to the messages of a conversation."""
    match event.fact:
        case UserTurnStarted(text=text):
            return [ChatMessage("user", text, event.time)]
        case ModelAnswered(message=message) if message.text:
            return [ChatMessage("assistant", message.text, event.time)]
        case AnswerCutOff(text=text):
            return [ChatMessage("assistant", text, event.time)]
        case _:
            return []
