"""What a message of Claude Code must look like, before the SDK or we read it. Pure."""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, Final, cast

MAX_USD: Final = 1e6
_SESSION: Final = re.compile(r"[A-Za-z0-9._-]{1,200}")  # it becomes an argument
_VERSION: Final = re.compile(r"[A-Za-z0-9.+-]{1,40}")
Test = Callable[[object], bool]


def _is_text(value: object) -> bool:
    return isinstance(value, str)


def _is_object(value: object) -> bool:
    return isinstance(value, dict)


def _is_list(value: object) -> bool:
    return isinstance(value, list)


def _is_truth(value: object) -> bool:
    return isinstance(value, bool)


def _is_content(value: object) -> bool:
    return isinstance(value, str | list)


def _is_texts(value: object) -> bool:
    return isinstance(value, list) and all(map(_is_text, cast("list[object]", value)))


def _is_money(value: object) -> bool:
    # No comparison with NaN is true.
    known = isinstance(value, int | float) and not isinstance(value, bool)
    return known and abs(cast("float", value)) <= MAX_USD


def _is_session(value: object) -> bool:
    return isinstance(value, str) and _SESSION.fullmatch(value) is not None


_WORDS: Final[Mapping[Test, str]] = {
    _is_text: "a text",
    _is_object: "an object",
    _is_list: "a list",
    _is_truth: "true or false",
    _is_content: "a text or a list",
    _is_texts: "a list of texts",
    _is_money: "an amount in dollars",
    _is_session: "the id of a session",
}
# A name that ends in "?" may be absent or null. What is not here is not read, or read with care.
Shape = Mapping[str, Test]
_MESSAGES: Final[Mapping[str, Shape]] = {
    "assistant": {"message": _is_object},
    "user": {"message": _is_object},
    "system": {"subtype": _is_text, "session_id?": _is_session},
    "result": {
        "subtype": _is_text,
        "is_error": _is_truth,
        "session_id": _is_session,
        "result?": _is_text,
        "errors?": _is_texts,
        "total_cost_usd?": _is_money,
        "user_message_uuid?": _is_text,
        "user_message_uuids?": _is_texts,
    },
    "stream_event": {"event": _is_object},
    "control_request": {"request_id": _is_text, "request": _is_object},
    "control_response": {"response": _is_object},
}
_INNER: Final[Mapping[str, Shape]] = {
    "assistant": {"content": _is_list, "model": _is_text, "stop_reason?": _is_text},
    "user": {"content": _is_content},
    "can_use_tool": {"tool_name": _is_text, "input": _is_object, "tool_use_id?": _is_text},
    "hook_callback": {"callback_id": _is_text, "input": _is_object, "tool_use_id?": _is_text},
    "PreToolUse": {"tool_name": _is_text, "tool_input": _is_object},
}
_BLOCKS: Final[Mapping[str, Shape]] = {
    "text": {"text": _is_text},
    "thinking": {"thinking": _is_text, "signature": _is_text},
    "tool_use": {"id": _is_text, "name": _is_text, "input": _is_object},
    "tool_result": {"tool_use_id": _is_text, "is_error?": _is_truth},
}
_NONE: Final[Shape] = {}


def flaw_of(message: Mapping[str, Any]) -> str:
    """Returns what is wrong with a message, in words; "" for none, and for an unknown kind."""
    return next(_flaws(message), "")


def version_in(message: Mapping[str, Any]) -> str:
    """Returns the version that the program names when a turn begins, or ""."""
    said = message.get("claude_code_version") if message.get("type") == "system" else None
    return said if isinstance(said, str) and _VERSION.fullmatch(said) else ""


def _flaws(message: Mapping[str, Any]) -> Iterator[str]:
    kind = message.get("type")
    if not isinstance(kind, str):
        yield "type must be a text"
        return
    yield from _wrong(message, _MESSAGES.get(kind, _NONE), at=kind)
    if kind in ("assistant", "user"):
        inner = message["message"]
        yield from _wrong(inner, _INNER[kind], at=f"{kind}.message")
        yield from _in_blocks(inner["content"], at=f"{kind}.message.content")
    elif kind == "control_request":
        yield from _in_request(message["request"])


def _in_blocks(content: str | Sequence[object], *, at: str) -> Iterator[str]:
    for place, block in enumerate([] if isinstance(content, str) else content):
        here = f"{at}[{place}]"
        if not isinstance(block, dict):
            yield f"{here} must be an object"
            return
        known = cast("Mapping[str, Any]", block)
        yield from _wrong(known, {"type": _is_text}, at=here)
        yield from _wrong(known, _BLOCKS.get(known["type"], _NONE), at=here)


def _in_request(request: Mapping[str, Any]) -> Iterator[str]:
    yield from _wrong(request, {"subtype": _is_text}, at="request")
    yield from _wrong(request, _INNER.get(request["subtype"], _NONE), at="request")
    if request["subtype"] == "hook_callback":
        asked = request["input"]
        name = asked.get("hook_event_name")
        if name == "PreToolUse":
            yield from _wrong(asked, _INNER[name], at="request.input")


def _wrong(told: Mapping[str, Any], shape: Shape, *, at: str) -> Iterator[str]:
    for name, passes in shape.items():
        value = told.get(name.removesuffix("?"))
        if not (passes(value) or (name.endswith("?") and value is None)):
            yield f"{at}.{name.removesuffix('?')} must be {_WORDS[passes]}"
