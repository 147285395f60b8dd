"""Names that a task wants in the code: the error to raise, and what takes another's place. Pure.

A sentence counts only where it gives an order. What a program does today is told in the same words.
"""

import re
from collections.abc import Iterator, Sequence

from agentproxy.evidence.asked.requested import RequestedThing

_SENTENCE = re.compile(r"(?<=[.;!?])\s+|\n")
_CLAUSE = (
    r"(?i:^\s*(?:[-*]\s+|\d{1,2}[.)]\s+)?|[:,]\s+"
    r"|\b(?:and|then|so|please|also|should|must|to)\s+)"
)
_ORDER = re.compile(
    r"\s*(?:(?:[-*]|\d{1,2}[.)])\s+)?(?:please\s+)?(?:also\s+)?(?:accept|add|allow|change|check"
    r"|implement|let|limit|make|parse|raise|read|refuse|reject|return|support|take|throw|treat"
    r"|validate|write)\b|.*\b(?:should|must|shall)\b",
    re.IGNORECASE,
)
_ERROR = re.compile(
    rf"{_CLAUSE}(?i:raise|throw)\s+(?:(?:an?|the|its|our|new)\s+)*"
    r"[`'\"]?([A-Z]\w*(?:Error|Exception|Warning|[a-z][A-Z]\w*))\b"
)
# What is so today, and what is not wanted.
_TODAY = re.compile(
    r"(?<![\w/.])(?:not?|never|still|keeps?|already|currently|today|or|(?:un)?like|that|which|who"
    r"|when|where|because|since|as (?:it|they|now|before))(?![\w/(])|n't\b",
    re.IGNORECASE,
)
# Whoever raises or expects any error may mean a kind of the one that is wanted.
_RAISES = re.compile(
    r"rais|throw|assertRaises|\brejects?\b|\bexcept\b|\bcatch\b|Error\b|Exception\b", re.IGNORECASE
)
_DOTTED = r"[A-Za-z_$][\w$]*(?:\.[A-Za-z_$][\w$]*)*"
_STANDARD = r"(?:(?i:the|python|python's)\s+)*(?i:standard library|stdlib|node|node\.js)"
# Spelled as code by itself, by quotes, or by what it is a part of.
_CODE = (
    rf"(?:`(?P<quoted>{_DOTTED})(?:\([^`\n]*\))?`|(?P<part>{_DOTTED})\s+(?:of|from)\s+{_STANDARD}\b"
    rf"|{_STANDARD}'s\s+(?P<own>{_DOTTED})"
    r"|(?P<code>(?:[A-Za-z_$][\w$]*\.)+[A-Za-z_$][\w$]*|[a-z]+_\w+|[a-z]+[A-Z]\w*)(?![\w/`'\"-]))"
)
_REPLACES = re.compile(
    rf"{_CLAUSE}(?i:replace|swap)\s[^\n]{{1,160}}?\s(?:by|with|for)\s+(?:the\s+)?{_CODE}"
)
_USES = re.compile(
    rf"{_CLAUSE}(?i:use|(?:switch|move|migrate)\s+to)\s+(?:the\s+)?{_CODE}"
    r"\s[^\n]{0,60}?\b(?:instead of|rather than|in place of)\b"
)


def find_errors(task: str) -> tuple[RequestedThing, ...]:
    """The errors that a task orders to be raised."""
    return tuple(RequestedThing(name, name) for name in dict.fromkeys(_errors_of(task)))


def _errors_of(task: str) -> Iterator[str]:
    for sentence in _SENTENCE.split(task):
        if _ORDER.match(sentence):
            for match in _ERROR.finditer(sentence):
                if not _TODAY.search(sentence[: match.end()]):
                    yield match[1]


def raises_any(added: Sequence[str]) -> bool:
    """Whether one of these lines raises, expects or handles an error."""
    return any(_RAISES.search(line) for line in added)


def find_replacements(task: str) -> tuple[RequestedThing, ...]:
    """What a task wants used in the place of something else."""
    found: dict[str, RequestedThing] = {}
    for sentence in _SENTENCE.split(task):
        for match in (*_REPLACES.finditer(sentence), *_USES.finditer(sentence)):
            written = next(group for group in match.groups() if group)
            if not _TODAY.search(sentence):
                found[written] = RequestedThing(written, written.rpartition(".")[2])
    return tuple(found.values())
