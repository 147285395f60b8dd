"""Source code without its words: no comments, no prose in texts, no sentences as names. Pure.

It reads tokens, and does not parse: where it errs, it leaves out too much, or a sentence meets the
last rule, that no code has so many plain words in a row.
"""

import keyword
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath

LEFT_OUT = "…"
MAX_STRING_CHARACTERS = 40  # characters of a text in quotes that is kept
MAX_STRING_WORDS = 3  # in a text in quotes that is kept
MAX_NAME_WORDS = 6
MAX_NAME_CHARACTERS = 48

_TRIPLE = r"(?P<{0}>\"\"\"|''')(?:\\[\s\S]|(?!(?P={0}))[^\\])*(?:(?P={0}))?"
_QUOTED = r"\"(?:\\.|[^\"\\\n])*\"?|'(?:\\.|[^'\\\n])*'?"
_BACKTICKS = r"`(?:\\[\s\S]|[^`\\])*`?"
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*+(?:-[A-Za-z]++)*+")
_PIECES = re.compile(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])")
_WORDS = re.compile(r"(?<![A-Za-z_'])[A-Za-z_']++(?:[ \t,.:]+[A-Za-z_']+)+")
_FOREIGN = re.compile(r"[^\x00-\x7f…]+")


@dataclass(frozen=True, slots=True)
class Language:
    """Where its comments and texts are, and how many plain words in a row are none of it."""

    token: re.Pattern[str]
    most_in_a_row: int
    known: frozenset[str] = frozenset()


def _each(*words: str) -> list[str]:
    return " ".join(words).split()


def _language(comment: str, *texts: str, most: int = 4, known: Sequence[str] = ()) -> Language:
    quoted = "|".join([*texts, _QUOTED])
    pattern = rf"(?P<comment>{comment})|(?P<text>{quoted})" if comment else rf"(?P<text>{quoted})"
    return Language(re.compile(pattern), most, frozenset(known))


_PYTHON = _language(
    "#[^\n]*",
    _TRIPLE.format("triple"),
    most=1,
    known=[*keyword.kwlist, *keyword.softkwlist],
)
_HASHES = _language(r"(?:(?<=\s)|^|(?<=[;(]))#[^\n]*")
_SLASHES = _language(
    r"//[^\n]*|/\*[\s\S]*?(?:\*/|\Z)",
    _TRIPLE.format("triple"),
    _BACKTICKS,
    known=_each(
        "public private protected static final const unsigned async export default function class",
        "extends implements return new abstract override void readonly import from type of in as",
    ),
)
_DASHES = _language(
    r"--[^\n]*|/\*[\s\S]*?(?:\*/|\Z)",
    known=_each(
        "SELECT FROM WHERE AND OR NOT NULL IS IN AS ON JOIN LEFT INNER OUTER INSERT INTO VALUES",
        "SET UPDATE DELETE CREATE ALTER TABLE ADD COLUMN DEFAULT PRIMARY KEY ORDER GROUP BY",
    ),
)
_PHP = _language(r"//[^\n]*|#(?!\[)[^\n]*|/\*[\s\S]*?(?:\*/|\Z)")
_NONE = _language("")

_BY_SUFFIX = {
    **dict.fromkeys(("py", "pyi"), _PYTHON),
    **dict.fromkeys(
        _each("rb sh bash zsh pl r jl ex exs nim tf yaml yml toml ini cfg mk"), _HASHES
    ),
    **dict.fromkeys(
        _each(
            "js mjs cjs ts mts cts jsx tsx java c h cc cpp hpp cs go rs swift kt kts scala dart",
            "css scss proto",
        ),
        _SLASHES,
    ),
    **dict.fromkeys(("sql", "lua", "hs"), _DASHES),
    "php": _PHP,
    "json": _NONE,
}
_BY_NAME = {"makefile": _HASHES, "dockerfile": _HASHES}


def language_of(path: str) -> Language | None:
    """How a file is read; None where it is a document, or nobody knows what it is."""
    name = PurePosixPath(path).name.lower()
    return _BY_NAME.get(name) or _BY_SUFFIX.get(name.rpartition(".")[2] if "." in name else "")


def strip_comments(lines: Sequence[str], language: Language) -> list[str]:
    """The lines with what is words left out; as many as there were."""
    text = language.token.sub(_without, "\n".join(lines))
    return [_without_sentences(line, language) for line in text.split("\n")]


def without_long_names(line: str) -> str:
    """The line with names that are sentences left out."""
    return _NAME.sub(lambda found: LEFT_OUT if _is_sentence(found[0]) else found[0], line)


def _without(found: re.Match[str]) -> str:
    breaks = "\n" * found[0].count("\n")
    if found.groupdict().get("comment") is not None:
        return breaks
    text = found[0]
    inner = text.strip("\"'`")
    few = len(inner) <= MAX_STRING_CHARACTERS and len(_PIECES.findall(inner)) <= MAX_STRING_WORDS
    if few and not breaks and inner.isascii():
        return text
    return f"{text[0]}{LEFT_OUT}{text[0]}{breaks}"


def _is_sentence(name: str) -> bool:
    return len(name) > MAX_NAME_CHARACTERS or len(_PIECES.findall(name)) > MAX_NAME_WORDS


def _without_sentences(line: str, language: Language) -> str:
    """The line without long names, letters that are not ASCII, and too many words in a row."""
    line = without_long_names(_FOREIGN.sub(LEFT_OUT, line))
    return _WORDS.sub(lambda found: _row(found[0], language), line)


def _row(text: str, language: Language) -> str:
    """A row of words, or nothing of it where it is longer than any code has one."""
    longest = length = 0
    for word in re.split(r"([\s,.:]+)", text):
        if not word.strip():
            continue
        if word in language.known or re.fullmatch(r"[\s,.:]*[,.:][\s,.:]*", word):
            length = 0
            continue
        length += 1
        longest = max(longest, length)
    return LEFT_OUT if longest > language.most_in_a_row else text
