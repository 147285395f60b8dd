"""How many tokens the answers to a request may have at most, by whichever bound in it a vendor may
read; pure.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final, cast

from agentproxy.models.relay.request_allowlist import JsonObject, RequestRefused, fold
from agentproxy.models.relay.usage import WireFormat

OUTPUT: Final = 8192  # tokens that are reserved for where a request does not bound its answer
MAX_OUTPUT: Final = 10_000_000

Path = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _Places:
    """Where a wire's request bounds the tokens of an answer and of its thoughts, and says how many
    answers it wants; names are folded.
    """

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
    """Tokens that all answers to it may have together.

    Raises:
        RequestRefused: a bound is no whole number above 0, or is given in two spellings.
    """
    places = _PLACES[form]
    bounds = {path: found for path in places.answer if (found := _count(body, path)) is not None}
    answer = max(bounds.values(), default=OUTPUT)
    if form == "chat" and vendor != "openai" and ("maxtokens",) not in bounds:
        answer = max(answer, OUTPUT)  # many servers of this wire know `max_tokens` only
    thoughts = max((_thoughts(body, path) for path in places.thoughts), default=0)
    # On the chat wire some servers count the thoughts beside the answer, the others within it.
    answer = answer + thoughts if form == "chat" else max(answer, thoughts)
    answers = max((_count(body, path) or 1 for path in places.answers), default=1)
    return min(answer * answers, MAX_OUTPUT)


def _count(body: JsonObject, path: Path) -> int | None:
    """The whole number above 0 at a path; None where nothing stands."""
    found = _find(body, path)
    if found is None:
        return None
    name, value = found
    if type(value) is not int or value < 1:
        raise RequestRefused(400, f"{name} must be a whole number above 0, or be left out")
    return value


def _thoughts(body: JsonObject, path: Path) -> int:
    """The tokens at a path. Servers read 0, numbers below it and null as a word of their own."""
    found = _find(body, path)
    if found is None or found[1] is None:
        return 0
    name, value = found
    if type(value) is not int:
        raise RequestRefused(400, f"{name} must be a whole number, or be left out")
    return max(value, 0)


def _find(body: JsonObject, path: Path) -> tuple[str, object] | None:
    """The name and the value at a path of folded names."""
    first, *rest = path
    names = [name for name in body if fold(name) == first]
    if len(names) > 1:
        raise RequestRefused(400, f"{names[0]} is given twice, the other time as {names[1]}")
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
