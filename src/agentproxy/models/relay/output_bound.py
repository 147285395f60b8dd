"""The largest number of tokens that a vendor may read as the bound of its answers; pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final, cast

from agentproxy.models.names import ModelAddress
from agentproxy.models.relay.request_allowlist import JsonObject, RequestRefused, fold
from agentproxy.models.relay.usage import WireFormat

OUTPUT: Final = 8192  # tokens that are reserved for a request without a bound
MAX_OUTPUT: Final = 10_000_000
LEAST: Final = 1024  # tokens; a shorter answer is not worth the price of its question
# Tokens of an answer that a model cannot exceed. Some clients ask for more, which would reserve
# money for nothing; a vendor may refuse it too.
_OWN_LIMITS: Final = (("gpt-4o", 16_384), ("gpt-4.1", 32_768), ("gemini-2.5", 65_536))

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


def within_own_limit(
    form: WireFormat, body: dict[str, object], *, to: ModelAddress
) -> dict[str, object]:
    """Lowers bounds that are beyond what the model itself can answer. Raises RequestRefused."""
    limit = next((most for name, most in _OWN_LIMITS if to.model.startswith(name)), MAX_OUTPUT)
    asked = max((_count(body, path) or 0 for path in _PLACES[form].answer), default=0)
    return _lowered(body, _PLACES[form].answer, limit) if asked > limit else body


def least_output(form: WireFormat, body: JsonObject) -> int:
    """Returns the tokens below which a question is not worth its price."""
    places = _PLACES[form]
    answers = max((_count(body, path) or 1 for path in places.answers), default=1)
    thinks = any(_thoughts(body, path) > 0 for path in places.thoughts)
    return LEAST * answers * (2 if thinks else 1)


def bounded(
    form: WireFormat, body: dict[str, object], most: int, *, vendor: str
) -> dict[str, object]:
    """Returns a request whose answers have at most `most` tokens together."""
    places = _PLACES[form]
    answers = max((_count(body, path) or 1 for path in places.answers), default=1)
    each = max(most // answers, 1)
    # Thoughts get half of it. On the chat wire some servers count them beside the answer.
    half = max(each // 2, 1)
    thinks = any(_thoughts(body, path) > 0 for path in places.thoughts)
    body = _lowered(body, places.thoughts, half)
    body = _lowered(body, places.answer, half if thinks and form == "chat" else each)
    wanted = _bound_of(form, vendor)
    return body if _find(body, wanted) else _put(body, _NAMES[wanted], each)


def _bound_of(form: WireFormat, vendor: str) -> Path:
    # Many servers of the chat wire read `max_tokens` only; OpenAI's newer models refuse it.
    if form == "chat" and vendor != "openai":
        return ("maxtokens",)
    return _PLACES[form].answer[0]


_NAMES: Final[Mapping[Path, Sequence[str]]] = {
    ("maxtokens",): ("max_tokens",),
    ("maxcompletiontokens",): ("max_completion_tokens",),
    ("maxoutputtokens",): ("max_output_tokens",),
    ("generationconfig", "maxoutputtokens"): ("generationConfig", "maxOutputTokens"),
}


def _put(body: dict[str, object], names: Sequence[str], value: int) -> dict[str, object]:
    first, *rest = names
    if not rest:
        return {**body, first: value}
    # An object that is there keeps its own spelling.
    first = next((name for name in body if fold(name) == fold(first)), first)
    within = body.get(first)
    inner = cast("dict[str, object]", within) if isinstance(within, dict) else {}
    return {**body, first: _put(inner, rest, value)}


def _lowered(body: dict[str, object], paths: Sequence[Path], most: int) -> dict[str, object]:
    for first, *rest in paths:
        for name, value in list(body.items()):
            if fold(name) != first:
                continue
            if rest and isinstance(value, dict):
                inner = cast("dict[str, object]", value)
                body = {**body, name: _lowered(inner, [tuple(rest)], most)}
            elif not rest and type(value) is int and value > most:
                body = {**body, name: most}
    return body


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
