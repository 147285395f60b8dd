"""The memory of a project: when it is written, and what of a model's answer can be kept. Pure."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from agentproxy.conversation.base import CHAT
from agentproxy.conversation.state import Chat
from agentproxy.events.chat import UserTurnStarted
from agentproxy.events.conversation import AssistantMessage, Text, UserMessage
from agentproxy.events.memory import MemoryNoted, MemoryWanted
from agentproxy.text.sensitive import tells_a_secret
from agentproxy.text.unseen import has_unseen, visible

MAX_BYTES = 4096
MAX_LINE = 300  # characters
MIN_MESSAGES = 2
SHOWN_CHARACTERS = 300  # of one message
MAX_CHARACTERS = 20_000  # of the conversation
BULLETS = ("- ", "* ")
NOTHING = "none"
END = "</memory>"  # behind the notes in a prompt


@dataclass(frozen=True, slots=True)
class Remember:
    """Note what the conversation brought for later ones."""


@dataclass(frozen=True, slots=True)
class Notes:
    """The lines that can be kept, and how many cannot."""

    lines: Sequence[str]
    left_out: int

    @property
    def text(self) -> str:
        return "".join(f"- {line}\n" for line in self.lines)


@CHAT.fold(MemoryWanted)
def fold_wanted(state: Chat, fact: MemoryWanted) -> None:
    state.to_remember = fact.turn


@CHAT.fold(MemoryNoted)
def fold_noted(state: Chat, _fact: MemoryNoted) -> None:
    state.remembered, state.to_remember = max(state.remembered, state.to_remember), 0


@CHAT.fold(UserTurnStarted)
def fold_goes_on(state: Chat, _fact: UserTurnStarted) -> None:
    # A new session began before the notes of the last one were made: they are made once, later.
    state.to_remember = 0


def wanted_at_the_end(state: Chat) -> Sequence[MemoryWanted]:
    """Returns the wish for notes at the end of a session, where there is something new."""
    new = state.turn > max(state.remembered, state.to_remember)
    if not (state.keeps_memory and new) or state.child_order or state.active:
        return ()
    return [MemoryWanted(turn=state.turn)] if len(state.messages) >= MIN_MESSAGES else ()


def memory_due(state: Chat) -> Mapping[str, object]:
    if not state.to_remember or not state.keeps_memory:
        return {}
    return {f"memory:{state.to_remember}": Remember()}


def told(state: Chat) -> str:
    """Returns what of the conversation the notes are made from: no results of tools."""
    lines: list[str] = []
    for message in state.messages:
        who = "AGENT" if isinstance(message, AssistantMessage) else "USER"
        text = _text(message).strip()
        if text:
            # What stands around the conversation cannot be ended from within.
            lines.append(f"{who}: {text[:SHOWN_CHARACTERS].replace('</', '< /')}")
    return "\n".join(lines)[-MAX_CHARACTERS:]


def notes_of(reply: str, redact: Callable[[str], str]) -> Notes:
    """Returns the lines of a reply that can be kept, up to the bound. The others are left out.

    A line is short, visible, has no secret, and is an item of a list.
    """
    kept: list[str] = []
    left_out = size = 0
    for written in reply.splitlines():
        line = written.strip()
        if not line or line.casefold().strip(".") == NOTHING:
            continue
        text = visible(line[2:]).strip()
        item = f"- {text}\n".encode("utf-8", "surrogatepass")
        fits = size + len(item) <= MAX_BYTES
        fine = not has_unseen(line) and _is_fine(text, redact)
        if not (line.startswith(BULLETS) and fits and fine):
            left_out += 1
        elif text not in kept:
            kept.append(text)
            size += len(item)
    return Notes(kept, left_out)


def readable(stored: str) -> str:
    """Returns stored notes as a prompt may have them: a person may have edited the file."""
    # A space more, and nothing less: what is left out could join what stands around it.
    inside = visible(stored).replace(END, f"< {END[1:]}")
    data = inside.encode("utf-8", "surrogatepass")[:MAX_BYTES]
    return data.decode("utf-8", "ignore").strip()


def _is_fine(text: str, redact: Callable[[str], str]) -> bool:
    if not text or len(text) > MAX_LINE or END in text:
        return False
    return redact(text) == text and not tells_a_secret(text)


def _text(message: UserMessage | AssistantMessage) -> str:
    return " ".join(part.text for part in message.parts if isinstance(part, Text))
