"""The largest number of tokens that a vendor may read as the bound of its answers; pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final, cast

from agentproxy.models.relay.request_allowlist import JsonObject, RequestRefused, fold
from agentproxy.models.relay.usage import WireFormat

OUTPUT: Final = 8192  # tokens that are reserved for a request without a bound
MAX_OUTPUT: Final = 10_000_000

Path = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _Places:
    # The paths, of folded names, at which a request says each of these numbers.
    answer: Sequence[Path]
    thoughts: Sequence[Path] = ()
    answers: Sequence[Path] = ()


_PLACES: Final[Mapping[WireFormat, _Places]] = {
    "messages": _Places(answer=[("maxtokens",)], thoughts=[("thinking", "budgettokens")]),
    "chat": _Places(
        answer=[("maxcompletiontokens",), ("maxtokens",), ("options", "numpredict")],
        thoughts=[
            ("thinkingbudget",),
            ("thinking", "budgettokens"),
            ("reasoning", "maxtokens"),
            ("chattemplatekwargs", "thinkingbudget"),
        ],
        answers=[("n",)],
    ),
    "responses": _Places(answer=[("maxoutputtokens",)], thoughts=[("reasoning", "maxtokens")]),
    "gemini": _Places(
        answer=[("generationconfig", "maxoutputtokens")],
        thoughts=[("generationconfig", "thinkingconfig", "thinkingbudget")],
        answers=[("generationconfig", "candidatecount")],
    ),
}


def output_tokens(form: WireFormat, body: JsonObject, *, vendor: str) -> int:
    """Returns the tokens that all answers to a request may have together.

    Raises:
        RequestRefused: a bound is not a whole number above 0, or has two spellings.
    """
    places = _PLACES[form]
    bounds = {path: found for path in places.answer if (found := _count(body, path)) is not None}
    answer = max(bounds.values(), default=OUTPUT)
    if form == "chat" and vendor != "openai" and ("maxtokens",) not in bounds:
        answer = max(answer, OUTPUT)  # many servers of this wire read `max_tokens` only
    thoughts = max((_thoughts(body, path) for path in places.thoughts), default=0)
    # Some servers of the chat wire count thoughts beside the answer. All others count them in it.
    answer = answer + thoughts if form == "chat" else max(answer, thoughts)
    answers = max((_count(body, path) or 1 for path in places.answers), default=1)
    return min(answer * answers, MAX_OUTPUT)


def _count(body: JsonObject, path: Path) -> int | None:
    found = _find(body, path)
    if found is None:
        return None
    name, value = found
    if type(value) is not int or value < 1:
        raise RequestRefused(400, f"{name} must be a whole number above 0, or absent")
    return value


def _thoughts(body: JsonObject, path: Path) -> int:
    # For some servers 0, null and numbers below 0 have a meaning of their own.
    found = _find(body, path)
    if found is None or found[1] is None:
        return 0
    name, value = found
    if type(value) is not int:
        raise RequestRefused(400, f"{name} must be a whole number, or absent")
    return max(value, 0)


def _find(body: JsonObject, path: Path) -> tuple[str, object] | None:
    first, *rest = path
    names = [name for name in body if fold(name) == first]
    if len(names) > 1:
        raise RequestRefused(400, f"{names[0]} is given twice: also as {names[1]}")
    if not names:
        return None
    value = body[names[0]]
    if not rest:
        return names[0], value
    if value is None:
        return None
    if not isinstance(value, dict):
        raise RequestRefused(400, f"{names[0]} must be an object")
    return _find(cast("JsonObject", value), tuple(rest))
