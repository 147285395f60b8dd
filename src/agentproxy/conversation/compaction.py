"""What of a long conversation a model is still shown. The journal keeps everything. Pure.

Three layers, as the checklist has them (OA-134 to OA-137): old results of tools are named instead
of shown; at a share of the context older messages become a summary; the agent may ask for one.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from agentproxy.conversation.state import Chat
from agentproxy.events.chat import Compacted
from agentproxy.events.conversation import (
    AssistantMessage,
    Message,
    Text,
    ToolResult,
    UserMessage,
)

KEPT_RESULTS = 3  # of the newest ones
MIN_RESULT_CHARACTERS = 100
KEPT_MESSAGES = 8
MIN_MESSAGES = 10  # no more than these are not summarised
MAX_LEDGER = 100  # lines
LEDGER_MARKS = ("DECISION:", "DEAD END:")
TAKEN_IN = "Understood. I have the context from the conversation summary. Continuing with the task."
DROPPED = (
    "[Earlier conversation context was dropped due to length. "
    "Approximately {count} messages were removed.]"
)


def needs_summary(state: Chat) -> bool:
    """Returns whether the next question to the model comes after a summary."""
    if len(state.messages) <= MIN_MESSAGES or state.compacted_at == state.turn:
        return False
    asked_for = state.wanted is not None or state.too_long
    return asked_for or state.last_input >= state.summarise_at


def first_kept(messages: Sequence[Message]) -> int:
    """Returns where the newest whole part begins: at a text of the user, not at results of tools.

    At least the newest 8 messages are kept. 0 where no cut is possible.
    """
    newest = len(messages) - KEPT_MESSAGES
    # Not too far back: within one long turn nothing would be gained.
    for place in range(newest, newest // 2, -1):
        message = messages[place]
        if isinstance(message, AssistantMessage):
            # Its own question stays in front of the cut: the summary ends with a word of the agent.
            continue
        if not any(isinstance(part, ToolResult) for part in message.parts):
            return place
    # One long turn: cut before an answer, whose results follow it.
    for place in range(newest, 0, -1):
        if isinstance(messages[place], AssistantMessage):
            return place
    return 0


def summary_messages(fact: Compacted) -> list[Message]:
    """Returns the messages that stand in place of the older ones."""
    if not fact.summary:
        said = DROPPED.format(count=fact.removed)
    else:
        said = f"[Conversation summary]\n{fact.summary}"
    parts = [f"[Transcript: {fact.transcript}]"] if fact.transcript else []
    parts.append(said)
    if fact.ledger:
        parts.append("[Decisions and dead ends so far]\n" + "\n".join(fact.ledger))
    user = UserMessage(parts=(Text(text="\n".join(parts)),))
    if fact.cut_before_answer:
        return [user]
    return [user, AssistantMessage(parts=(Text(text=TAKEN_IN),))]


def ledger_after(ledger: Sequence[str], summary: str) -> tuple[str, ...]:
    """Returns the ledger with the decisions and dead ends of a summary. The oldest go first."""
    found = (line.strip().lstrip("-* ") for line in summary.splitlines())
    new = [line for line in found if line.upper().startswith(LEDGER_MARKS)]
    return tuple(dict.fromkeys([*ledger, *new]))[-MAX_LEDGER:]


@dataclass
class OldResults:
    """Names old results instead of showing them. What no model has seen yet is always shown.

    A message is shortened once, and is the same object from then on.
    """

    _seen: int = 0
    _made: dict[int, tuple[Message, Message]] = field(
        default_factory=dict[int, tuple[Message, Message]]
    )

    def __call__(self, messages: Sequence[Message]) -> Sequence[Message]:
        if len(messages) < self._seen:
            # After a summary the older messages are gone.
            self._made.clear()
        self._seen = len(messages)
        shown = list(messages)
        names: dict[str, str] = {}
        for message in messages:
            if isinstance(message, AssistantMessage):
                names.update((call.id, call.name) for call in message.calls)
        left = KEPT_RESULTS
        newest = len(messages) - 1
        for place in range(newest, -1, -1):
            message = messages[place]
            if not isinstance(message, UserMessage):
                continue
            results = [part for part in message.parts if isinstance(part, ToolResult)]
            if not results:
                continue
            if place != newest and left <= 0:
                shown[place] = self._named(message, names)
            left -= len(results)
        return shown

    def _named(self, message: UserMessage, names: Mapping[str, str]) -> Message:
        known = self._made.get(id(message))
        if known is not None and known[0] is message:
            return known[1]
        parts = tuple(
            part.model_copy(update={"text": f"[Previous: used {names.get(part.call, 'a tool')}]"})
            if isinstance(part, ToolResult) and len(part.text) > MIN_RESULT_CHARACTERS
            else part
            for part in message.parts
        )
        short = message.model_copy(update={"parts": parts})
        self._made[id(message)] = (message, short)
        return short
