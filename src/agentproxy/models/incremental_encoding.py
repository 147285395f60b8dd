"""Maps and encodes only the new messages of a conversation, and keeps the bytes of the others."""

import json
from collections.abc import Generator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Any, cast

from agentproxy.events.conversation import AssistantMessage, Message, Text, Thinking, ToolCall
from agentproxy.models.names import Wire as Form
from agentproxy.models.port import Prompt

Body = dict[str, Any]
# The vendors' libraries walk the whole conversation several times at every turn. So they get the
# new messages only, and their client's `post` puts the kept bytes of the older ones in front.
# Gemini's conversations are always sent whole. The hot wires have encoders of their own.
PLACES: dict[Form, str] = {
    "openai chat": "messages",
    "openai responses": "input",
}
INSTRUCTING = frozenset({"system", "developer"})
_UNDER_WAY: ContextVar["_Request | None"] = ContextVar("_UNDER_WAY", default=None)


@dataclass(frozen=True, slots=True)
class _Sent:
    messages: tuple[Message, ...] = ()
    shape: tuple[object, ...] = ()  # the other values that decide how a message is encoded
    encoded: bytes = b""


@dataclass(slots=True)
class _Request:
    place: str  # the field of the body that holds the messages
    before: bytes
    fresh: bytes = b""

    def encode(self, body: Body) -> bytes:
        mapped = cast("list[Body]", body.pop(self.place))
        first = next((n for n, each in enumerate(mapped) if not _instructs(each)), len(mapped))
        self.fresh = b",".join(_encoded(each) for each in mapped[first:])
        now = [_encoded(each) for each in mapped]
        before = [self.before] if self.before else []
        said = b",".join([*now[:first], *before, *now[first:]])
        return b'%s,"%s":[%s]}' % (_encoded(body)[:-1], self.place.encode(), said)


@dataclass
class EncodedHistory:
    """The bytes of the newest conversation of a model.

    Messages are compared by identity. A conversation with another past is sent whole.
    """

    form: Form
    profile: Mapping[str, object]
    _sent: _Sent = field(default_factory=_Sent)

    @contextmanager
    def sending(self, prompt: Prompt) -> Generator[Sequence[Message]]:
        """Yields the messages that the library has to map. Their bytes are kept on success."""
        place = PLACES.get(self.form)
        if place is None or not self._safe(prompt.messages):
            yield prompt.messages
            return
        shape = (prompt.effort, tuple(tool.name for tool in prompt.tools))
        sent = self._sent if _continues(prompt.messages, self._sent, shape) else _Sent()
        new = prompt.messages[len(sent.messages) :]
        request = _Request(place, sent.encoded)
        token = _UNDER_WAY.set(request)
        try:
            yield new
        finally:
            _UNDER_WAY.reset(token)
        if request.fresh:
            encoded = b",".join(each for each in (sent.encoded, request.fresh) if each)
            self._sent = _Sent((*sent.messages, *new), shape, encoded)

    def _safe(self, messages: Sequence[Message]) -> bool:
        # A message is safe when its encoding does not depend on the messages around it.
        if self.form != "openai chat":
            return True
        # Vendors of this wire want thoughts back in ways that depend on the messages after them.
        return self.profile.get("openai_system_prompt_role") != "user" and not any(
            isinstance(part, Thinking) for message in messages for part in message.parts
        )


def with_encoded_body(arguments: Mapping[str, Any]) -> dict[str, Any]:
    """Returns the arguments of a client's `post`, with the finished bytes of the body if known."""
    request = _UNDER_WAY.get()
    body = arguments.get("body")
    if request is None or not isinstance(body, dict) or request.place not in body:
        return dict(arguments)
    options = cast("Body", arguments.get("options") or {})
    whole = _given({**cast("Body", body), **options.get("extra_json", {})})
    rest = {name: value for name, value in options.items() if name != "extra_json"}
    kept = {name: value for name, value in arguments.items() if name != "body"}
    return {**kept, "content": request.encode(whole), "options": rest}


def _continues(messages: Sequence[Message], sent: _Sent, shape: tuple[object, ...]) -> bool:
    count = len(sent.messages)
    if sent.shape != shape or count >= len(messages):
        return False
    # The new part begins with an answer: the results of its calls need the calls beside them.
    answer = messages[count]
    said = isinstance(answer, AssistantMessage) and any(
        (isinstance(part, Text) and part.text) or isinstance(part, ToolCall)
        for part in answer.parts
    )
    pairs = zip(sent.messages, messages, strict=False)
    return said and all(old is new for old, new in pairs)


def _instructs(mapped: Body) -> bool:
    return mapped.get("role") in INSTRUCTING


def _given(body: Body) -> Body:
    # anthropic 2.11 and openai 3.52 fill absent fields with objects of these classes.
    return {
        name: value
        for name, value in body.items()
        if type(value).__name__ not in ("Omit", "NotGiven")
    }


def _encoded(value: Body) -> bytes:
    text = json.dumps(value, separators=(",", ":"), ensure_ascii=False, allow_nan=False)
    return text.encode()
