"""Removes secrets before anything is stored: known values in every form, and known shapes."""

import base64
import json
import re
from collections.abc import Iterable, Iterator
from urllib.parse import quote, quote_plus

from agentproxy.text.sensitive import LONGEST_HINT, has_secret_hint, secret_spans

MARK = "[REDACTED]"
SHORTEST = 8  # characters; shorter values also occur in harmless text
TELLING = 4  # characters; shorter prefixes of a value also end harmless text

_STRING = re.compile(r'"(?:[^"\\]|\\.)*+"')
_STRING_CONTENT = re.compile(r'(?:[^"\\\x00-\x1f]|\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4}))*+')
_ESCAPE_BEGUN = re.compile(r"\\(?:u[0-9a-fA-F]{0,3})?$")

Span = tuple[int, int]


class Redactor:
    """Replaces secrets in text by `[REDACTED]`. `known` are values that must not appear.

    Text that starts with `{"` is JSON, and stays valid JSON of the same shape.
    """

    def __init__(self, known: Iterable[str] = ()) -> None:
        self._known: frozenset[str] = frozenset()
        self._numbers: list[re.Pattern[str]] = []
        self._forms: list[str] = []
        self._forms_in_json: list[str] = []
        self._wholes: list[str] = []
        self._longest = 0  # characters of a whole
        self._beginnings: re.Pattern[str] | None = None
        self._endings: re.Pattern[str] | None = None
        self.learn(known)

    @property
    def longest(self) -> int:
        """Characters of the longest known value, in its longest form."""
        return self._longest

    def learn(self, known: Iterable[str]) -> None:
        """Redacts these values too from now on. Other threads may redact at the same time."""
        new = self._known.union(known)
        if new == self._known:
            return
        self._known = known = new
        values = _without_our_words({value for value in known if len(value) >= SHORTEST})
        numbers = {value for value in values if re.fullmatch(r"[-+.0-9eE]+", value)}
        # Other threads read these attributes: each is replaced, never changed.
        self._numbers = [re.compile(re.escape(value)) for value in sorted(numbers)]
        forms = {form for value in values for form in _forms(value)} - numbers
        self._forms = sorted(forms)
        self._wholes = [*self._forms, *sorted(numbers)]
        self._longest = max((len(whole) for whole in self._wholes), default=0)
        self._beginnings = _any_of(whole[:TELLING] for whole in self._wholes)
        self._endings = _any_of(whole[-TELLING:] for whole in self._wholes)
        self._forms_in_json = [form for form in self._forms if _STRING_CONTENT.fullmatch(form)]

    def __call__(self, text: str) -> str:
        """Returns the text without its secrets; the same object without any. Never raises."""
        spans = self.spans(text, is_json=text.startswith('{"'))
        return _cut(text, spans) if spans else text

    def spans(self, text: str, *, is_json: bool = False) -> list[Span]:
        spans: list[Span] = []
        for form in self._forms_in_json if is_json else self._forms:
            if form in text:
                spans += (match.span() for match in re.finditer(re.escape(form), text))
        for number in self._numbers:
            if number.search(text):
                spans += _number_spans(text, number=number, is_json=is_json)
        spans += secret_spans(text)
        return spans

    def may_hold_a_secret(self, text: str, *, new: int) -> bool:
        """Whether `spans` may find anything that ends in the last `new` characters."""
        # This runs for each fragment. Only the newest characters tell in nearly all cases.
        if has_secret_hint(text[-(new + LONGEST_HINT) :]):
            return True
        endings = self._endings
        if endings is None or not endings.search(text, max(0, len(text) - new - TELLING)):
            return False
        newest = text[-(new + self._longest) :]
        return any(whole in newest for whole in self._wholes)

    def begun_at(self, text: str) -> int:
        """Index of a known value that the end of the text cuts off, or the text's length."""
        beginnings = self._beginnings
        if beginnings is None or not beginnings.search(text, max(0, len(text) - self._longest)):
            return len(text)
        return min((_begun_at(text, whole) for whole in self._wholes), default=len(text))


def _any_of(texts: Iterable[str]) -> re.Pattern[str] | None:
    found = sorted({re.escape(text) for text in texts})
    return re.compile("|".join(found)) if found else None


def _cut(text: str, spans: list[Span]) -> str:
    pieces: list[str] = []
    done = 0
    # Overlapping spans become one mark.
    for start, end in sorted(spans):
        if start >= done:
            if _cuts_an_escape(text, start):
                continue
            pieces += (text[done:start], MARK)
        done = max(done, end)
    return "".join((*pieces, text[done:]))


def _begun_at(text: str, whole: str) -> int:
    at = text.find(whole[:TELLING], max(0, len(text) - len(whole) + 1))
    while at >= 0 and not whole.startswith(text[at:]):
        at = text.find(whole[:TELLING], at + 1)
    return at if at >= 0 else len(text)


def _cuts_an_escape(text: str, start: int) -> bool:
    # A mark inside of an escape such as `\n` or `\u001b` would break the JSON.
    begun = _ESCAPE_BEGUN.search(text[max(0, start - 5) : start])
    if begun is None:
        return False
    slash = start - len(begun[0])
    before = slash
    while before and text[before - 1] == "\\":
        before -= 1
    return (slash - before) % 2 == 0


def _number_spans(text: str, *, number: re.Pattern[str], is_json: bool) -> Iterator[Span]:
    # Only from strings: a JSON number cannot be replaced by a word.
    strings = (match.span() for match in _STRING.finditer(text)) if is_json else [(0, len(text))]
    for start, end in strings:
        yield from (match.span() for match in number.finditer(text, start, end))


def _without_our_words(values: set[str]) -> set[str]:
    # A secret such as "policy" is left: without field names and literals a record is not readable.
    plain = {value for value in values if re.fullmatch(r"[a-z_ ]+", value)}
    if not plain:
        return values
    words = _our_words()
    return values - {value for value in plain if any(value in word for word in words)}


def _our_words() -> set[str]:
    from agentproxy.events.catalogue import FACTS
    from agentproxy.events.commands import COMMAND

    schemas = json.dumps(
        [*(fact.model_json_schema() for fact in FACTS.values()), COMMAND.json_schema()]
    )
    return set(re.findall(r'"([a-z_ ]+)"', schemas))


def _forms(value: str) -> Iterator[str]:
    raw = value.encode("utf-8", "surrogatepass")
    percent, plus = quote(raw, safe=""), quote_plus(raw)
    yield from (value, percent, percent.lower(), plus, plus.lower(), raw.hex(), raw.hex().upper())
    for ascii_only in (False, True):
        escaped = json.dumps(value, ensure_ascii=ascii_only)[1:-1]
        yield escaped
        yield json.dumps(escaped, ensure_ascii=ascii_only)[1:-1]
    # base64 encodes 3 bytes at a time: the text depends on the secret's offset modulo 3.
    for shift in range(3):
        yield from _base64(raw, shift=shift)


def _base64(raw: bytes, *, shift: int) -> Iterator[str]:
    text = base64.b64encode(bytes(shift) + raw).decode()
    first = (0, 2, 3)[shift]  # earlier characters contain bits of the bytes before `raw`
    core = text[first : (shift + len(raw)) * 8 // 6]
    if len(core) >= SHORTEST:
        yield core
        yield core.replace("+", "-").replace("/", "_")
