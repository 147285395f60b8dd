"""Strips comments, prose in strings and sentences in names from source code. Pure.

Pygments finds comments and strings. Prose that it takes for code exceeds a limit: no
code has so many plain words in a row.
"""

import keyword
import posixpath
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

LEFT_OUT = "…"
MAX_FILE_CHARACTERS = 60_000  # takes a second; 20 s if the text is made to be slow
MAX_LINE_CHARACTERS = 400  # some lexers take quadratic time in the length of a line
MAX_STRING_CHARACTERS = 40  # of a string that is kept
MAX_STRING_WORDS = 3  # of a string that is kept
MAX_NAME_WORDS = 6
MAX_NAME_CHARACTERS = 48

_QUOTED = re.compile(r"\"(?:\\.|[^\"\\\n])*\"?|'(?:\\.|[^'\\\n])*'?")
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*+(?:-[A-Za-z]++)*+")
_PIECES = re.compile(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])")
_WORDS = re.compile(r"(?<![A-Za-z_'])[A-Za-z_']++(?:[ \t,.:]+[A-Za-z_']+)+")
_FOREIGN = re.compile(r"[^\x00-\x7f…]+")


class NotShown(Exception):
    """A file whose comments cannot be told from its code. The reason is for a reader."""


@dataclass(frozen=True, slots=True)
class Language:
    lexer: str
    most_in_a_row: int = 4  # plain words; no code of the language has more
    known: frozenset[str] = frozenset()
    directives: bool = False  # what the lexer calls a preprocessor line is code


def _words(*lines: str) -> frozenset[str]:
    return frozenset(" ".join(lines).split())


_WORDS_OF_C = _words(
    "public private protected static final const unsigned async export default function class",
    "extends implements return new abstract override void readonly import from type of in as",
)
_WORDS_OF_SQL = _words(
    "SELECT FROM WHERE AND OR NOT NULL IS IN AS ON JOIN LEFT INNER OUTER INSERT INTO VALUES",
    "SET UPDATE DELETE CREATE ALTER TABLE ADD COLUMN DEFAULT PRIMARY KEY ORDER GROUP BY",
)
_PYTHON = Language("python", 1, frozenset([*keyword.kwlist, *keyword.softkwlist]))
# The lexers of Java, C#, Protocol Buffers and Terraform take cubic time. Other lexers read these.
_SUFFIXES = {
    "rb": "ruby", "sh": "bash", "bash": "bash", "zsh": "bash", "pl": "perl", "r": "splus",
    "jl": "julia", "ex": "elixir", "exs": "elixir", "nim": "nim", "tf": "bash", "yaml": "yaml",
    "yml": "yaml", "toml": "toml", "ini": "ini", "cfg": "ini", "mk": "make", "lua": "lua",
    "json": "json",
}  # fmt: skip
_SUFFIXES_LIKE_C = {
    "js": "javascript", "mjs": "javascript", "cjs": "javascript", "jsx": "javascript",
    "ts": "typescript", "mts": "typescript", "cts": "typescript", "tsx": "typescript",
    "java": "kotlin", "cs": "kotlin", "go": "go", "kt": "kotlin", "kts": "kotlin", "scala": "scala",
    "dart": "dart", "css": "css", "scss": "scss", "proto": "javascript",
}  # fmt: skip
_SUFFIXES_WITH_DIRECTIVES = {
    "c": "c", "h": "cpp", "cc": "cpp", "cpp": "cpp", "hpp": "cpp", "rs": "rust",
    "swift": "swift", "php": "php",
}  # fmt: skip
_BY_SUFFIX = {
    "py": _PYTHON,
    "pyi": _PYTHON,
    "sql": Language("sql", known=_WORDS_OF_SQL),
    "hs": Language("haskell", known=_WORDS_OF_SQL, directives=True),
    **{suffix: Language(lexer) for suffix, lexer in _SUFFIXES.items()},
    **{suffix: Language(lexer, known=_WORDS_OF_C) for suffix, lexer in _SUFFIXES_LIKE_C.items()},
    **{
        suffix: Language(lexer, known=_WORDS_OF_C, directives=True)
        for suffix, lexer in _SUFFIXES_WITH_DIRECTIVES.items()
    },
}
_BY_NAME = {"makefile": Language("make"), "dockerfile": Language("docker")}


def language_of(path: str) -> Language | None:
    """Returns how a file is read, or None for a document and for an unknown kind."""
    name = posixpath.basename(path).lower()
    return _BY_NAME.get(name) or _BY_SUFFIX.get(name.rpartition(".")[2] if "." in name else "")


def strip_comments(lines: Sequence[str], language: Language) -> list[str]:
    """Returns as many lines as it gets, without comments and prose.

    Raises:
        NotShown: the text is too long, or the lexer fails.
    """
    # Some lexers take quadratic time for blank lines. No comment begins or ends with one.
    filled = {number: kept for number, line in enumerate(lines) if (kept := line.rstrip())}
    if sum(map(len, filled.values())) > MAX_FILE_CHARACTERS:
        raise NotShown(f"it has more than {MAX_FILE_CHARACTERS} characters")
    if any(len(line) > MAX_LINE_CHARACTERS for line in filled.values()):
        raise NotShown(f"a line of it has more than {MAX_LINE_CHARACTERS} characters")
    # Many lexers end a comment at the end of its line, so the last line needs one too.
    text = "".join(f"{line}\n" for line in filled.values())
    stripped = "".join(_pieces(text, language)).split("\n")
    code = dict(zip(filled, stripped, strict=False))
    return [_without_sentences(code.get(number, ""), language) for number in range(len(lines))]


def without_long_names(line: str) -> str:
    return _NAME.sub(lambda found: LEFT_OUT if _is_sentence(found[0]) else found[0], line)


def _pieces(text: str, language: Language) -> Iterator[str]:
    # A lexer may split a string into many tokens. The limits hold for the whole string.
    quoted = ""
    for kind, value in _tokens(text, language):
        if kind == "text":
            quoted += value
            continue
        if quoted:
            yield _short(quoted)
            quoted = ""
        yield "\n" * value.count("\n") if kind == "words" else _QUOTED.sub(_short_match, value)
    if quoted:
        yield _short(quoted)


def _tokens(text: str, language: Language) -> Iterator[tuple[str, str]]:
    # Imported here: Pygments is slow to import, and few runs ask a judge.
    from pygments.lexers import get_lexer_by_name  # pyright: ignore[reportUnknownVariableType]
    from pygments.token import Comment, Other, String

    try:
        tokens = [
            (kind, value)
            for _, kind, value in get_lexer_by_name(language.lexer).get_tokens_unprocessed(text)
        ]
    except Exception as error:
        # A third-party lexer can fail in any way on a hostile file.
        raise NotShown("its tokens cannot be read") from error
    if "".join(value for _, value in tokens) != text:
        raise NotShown("its tokens cannot be read")
    for kind, value in tokens:
        if kind in String.Doc or kind in Other:
            yield "words", value
        elif kind in Comment:
            directive = language.directives and kind in (Comment.Preproc, Comment.PreprocFile)
            yield ("code" if directive else "words"), value
        else:
            yield ("text" if kind in String else "code"), value


def _short_match(found: re.Match[str]) -> str:
    return _short(found[0])


def _short(text: str) -> str:
    inner = text.strip("\"'`")
    few = len(inner) <= MAX_STRING_CHARACTERS and len(_PIECES.findall(inner)) <= MAX_STRING_WORDS
    breaks = "\n" * text.count("\n")
    if few and not breaks and inner.isascii():
        return text
    quote = text[0] if text[0] in "\"'`" else ""
    return f"{quote}{LEFT_OUT}{quote}{breaks}"


def _is_sentence(name: str) -> bool:
    return len(name) > MAX_NAME_CHARACTERS or len(_PIECES.findall(name)) > MAX_NAME_WORDS


def _without_sentences(line: str, language: Language) -> str:
    line = without_long_names(_FOREIGN.sub(LEFT_OUT, line))
    return _WORDS.sub(lambda found: _cut_row(found[0], language), line)


def _cut_row(text: str, language: Language) -> str:
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
