"""Tells the messages of Claude Code as facts. Pure."""

from collections.abc import Iterable, Iterator, Mapping, Sequence, Set
from dataclasses import dataclass, field
from typing import Any, Final, cast

from claude_agent_sdk import (
    AssistantMessage as Answered,
)
from claude_agent_sdk import (
    ContentBlock,
    Message,
    ResultMessage,
    SystemMessage,
    TextBlock,
    ThinkingBlock,
    ToolResultBlock,
    ToolUseBlock,
    UserMessage,
)

from agentproxy.events.agent import ModelAnswered, ToolFinished
from agentproxy.events.conversation import (
    AssistantMessage,
    StopReason,
    Text,
    Thinking,
    ToolCall,
    Usage,
)
from agentproxy.events.envelope import Fact
from agentproxy.events.work import SessionOpened

MAX_RESULT_CHARACTERS: Final = 16_000
MAX_TOKENS: Final = 10**9  # of one answer; a larger number is none
_STOPS: Final[Mapping[str, StopReason]] = {
    "tool_use": "tools",
    "max_tokens": "length",
    "refusal": "refused",
}
Part = Text | Thinking | ToolCall


@dataclass
class Narration:
    """Folds the messages of one attempt, and tells what is to be recorded."""

    session: str = ""
    turn: int = 0
    state: str = ""  # "idle" once no further turn is owed; "" if the program says nothing
    result: ResultMessage | None = None  # of the last turn
    taken: set[str] = field(default_factory=set[str])  # the ids of our messages in ended turns
    _parts: list[Part] = field(default_factory=list[Part])
    _model: str = ""
    _stop: StopReason = "end"
    _told: Usage = field(default_factory=Usage)  # of answers that are not recorded yet
    _asked: Usage = field(default_factory=Usage)  # of the question whose answer is coming

    @property
    def idle(self) -> bool:
        return self.result is not None and self.state in ("", "idle")

    def has_taken(self, sent: Set[str]) -> bool:
        """Whether turns that have ended took all these messages of ours."""
        # Older versions, and some results of errors, do not say which.
        return self.result is not None and (not self.taken or sent <= self.taken)

    def told(self, message: Message) -> Iterator[Fact]:
        """Returns the facts that a message completes."""
        match message:
            case SystemMessage():
                yield from self._system(message)
            case Answered():
                self._answered(message)
            case UserMessage():
                yield from self._returned(message)
            case ResultMessage():
                yield from self.complete()
                self.result = message
                self.taken.update(message.user_message_uuids or ())
                self.taken.update(filter(None, (message.user_message_uuid,)))
            case _:
                pass

    def complete(self) -> Iterator[Fact]:
        """Returns the answer that has come so far: it has ended, or a tool of it begins."""
        if self._parts:
            yield ModelAnswered(
                turn=self.turn,
                message=AssistantMessage(parts=tuple(self._parts)),
                stop=self._stop,
                usage=self._told,
                model=self._model,
            )
            self._parts, self._stop, self._told = [], "end", Usage()

    def _system(self, message: SystemMessage) -> Iterator[Fact]:
        match message.subtype:
            case "session_state_changed":
                self.state = str(message.data.get("state", ""))
            case "init":
                session = str(message.data.get("session_id", ""))
                # Each turn begins with such a message.
                if session and session != self.session:
                    self.session = session
                    yield SessionOpened(session=session)
            case _:
                pass

    def count(self, event: Mapping[str, Any]) -> None:
        """Counts the tokens that an event of the vendor's stream tells."""
        if event.get("type") == "message_start":
            self.turn += 1
            self._asked = _usage(_table(_table(event.get("message")).get("usage")))
            self._told = self._told.plus(self._asked)
        elif event.get("type") == "message_delta":
            # Its numbers are those of the whole answer so far: they never fall.
            told, before = _table(event.get("usage")), _as_vendor(self._asked)
            whole = _usage({name: max(_count(told, name), before[name]) for name in before})
            self._told = self._told.plus(_less(whole, self._asked))
            self._asked = whole

    def _answered(self, message: Answered) -> None:
        # Blocks of one answer come one by one.
        self._model = message.model
        self._parts += _parts(message.content)
        called = any(isinstance(part, ToolCall) for part in self._parts)
        told: StopReason = _STOPS.get(message.stop_reason or "", "end")
        self._stop = "tools" if called and told == "end" else told

    def _returned(self, message: UserMessage) -> Iterator[Fact]:
        results = [each for each in _blocks(message.content) if isinstance(each, ToolResultBlock)]
        if results:
            yield from self.complete()
        for each in results:
            yield ToolFinished(
                call=each.tool_use_id,
                text=_text_of(each.content)[:MAX_RESULT_CHARACTERS],
                failed=bool(each.is_error),
            )


def fragment_of(event: Mapping[str, Any]) -> str:
    """Returns the text that an event of the vendor's stream brings to the screen, or ""."""
    if event.get("type") == "content_block_stop":
        return "\n"
    delta = _table(event.get("delta"))
    piece = delta.get("text") or delta.get("thinking") or ""
    return piece if isinstance(piece, str) else ""


def _blocks(content: str | list[ContentBlock]) -> Sequence[ContentBlock]:
    return [] if isinstance(content, str) else content


def _parts(blocks: Iterable[ContentBlock]) -> Iterator[Part]:
    for block in blocks:
        match block:
            case TextBlock(text=text):
                yield Text(text=text)
            case ThinkingBlock(thinking=text):
                yield Thinking(text=text)
            case ToolUseBlock(id=key, name=name, input=given):
                yield ToolCall(id=key, name=name, arguments=given)
            case _:
                pass


def _text_of(content: object) -> str:
    match content:
        case str():
            return content
        case list():
            return "\n".join(_text_of(each) for each in cast("list[object]", content))
        case {"type": "text", "text": str() as text}:
            return text
        case {"type": str() as kind}:
            return f"[{kind}]"
        case _:
            return ""


def _usage(told: Mapping[str, Any]) -> Usage:
    read, written = (
        _count(told, "cache_read_input_tokens"),
        _count(told, "cache_creation_input_tokens"),
    )
    return Usage(
        # The vendor counts the tokens of the cache beside the others.
        input=_count(told, "input_tokens") + read + written,
        output=_count(told, "output_tokens"),
        cache_read=read,
        cache_write=written,
    )


def _as_vendor(usage: Usage) -> dict[str, int]:
    return {
        "input_tokens": usage.input - usage.cache_read - usage.cache_write,
        "output_tokens": usage.output,
        "cache_read_input_tokens": usage.cache_read,
        "cache_creation_input_tokens": usage.cache_write,
    }


def _less(whole: Usage, part: Usage) -> Usage:
    return Usage(
        input=whole.input - part.input,
        output=whole.output - part.output,
        cache_read=whole.cache_read - part.cache_read,
        cache_write=whole.cache_write - part.cache_write,
    )


def _table(value: object) -> Mapping[str, Any]:
    return cast("Mapping[str, Any]", value) if isinstance(value, dict) else {}


def _count(told: Mapping[str, Any], name: str) -> int:
    value = told.get(name)
    if not isinstance(value, int) or isinstance(value, bool):
        return 0
    return value if 0 <= value <= MAX_TOKENS else 0
