"""Whether a test of Go panicked on the way to a comparison. Pure.

A stub gives zero values, so a test that looks at a part of a result and one that only calls may
both panic. The lines of the test tell them apart, as gofmt lays them out.
"""

import re
from collections.abc import Iterator, Sequence

MAX_LINE_CHARACTERS = 2_000
MAX_LINES = 400  # of a test, behind the one that panicked
_IF = re.compile(r"[ \t]*+(?:\}[ \t]*+else[ \t]++)?if\b(.*)\{[ \t]*+(.*)")
# That something is nil, or no error came, is no comparison of what was computed.
_COMPARES = re.compile(
    r"(?:[=!]=|[<>]=?)[ \t]*+(?!nil\b)"
    r"|\b(?:DeepEqual|Equal|EqualFold|Contains|HasPrefix|HasSuffix|Match\w*|Is|As)\("
)
_FAILS = re.compile(r"\b(?!(?:fmt|log|slog|logger)\.)\w+\.(?:Errorf?|Fatalf?|Fail|FailNow)\(")
_ASSERTS = re.compile(
    r"\b(?:assert|require|qt)\.(?!No|Nil|IsType|New)[A-Z]\w*\("
    # Names that a program may also have for something else.
    r"|\b(?:is|check)\.(?:(?:Deep)?Equal(?:Values|Error)?|Exactly|Same|True|False|Len|Zero|Empty"
    r"|Contains|Subset|ElementsMatch|In(?:Delta|Epsilon)(?:Slice|MapValues)?|Positive|Negative"
    r"|(?:Greater|Less)(?:OrEqual)?|Regexp|JSONEq|YAMLEq|WithinDuration|Error(?:Is|As|Contains))f?\("
    r"|\bExpect\(|\bcmp\.(?:Diff|Equal)\("
)
_ASSIGNS = re.compile(
    r"[ \t]*+(?:if[ \t]++|for[ \t]++)?([A-Za-z_]\w*(?:,[ \t]*[A-Za-z_]\w*)*)[ \t]*:?=(?!=)"
)
_SAY_NOTHING = {"_", "err", "ok"}


def is_on_the_way(code: Sequence[str], number: int) -> bool:
    """Whether line `number` of a file of tests compares, or gives what lines behind it compare.
    `code` are the lines of the file, without comments and texts, which compare nothing.
    """
    lines = code[number - 1 : number - 1 + MAX_LINES] if number else ()
    if not lines or any(len(line) > MAX_LINE_CHARACTERS for line in lines):
        return False
    if _compares(lines):
        return True
    found = _ASSIGNS.match(lines[0])
    names = set(re.findall(r"\w+", found[1])) - _SAY_NOTHING if found else set[str]()
    return any(
        names & set(re.findall(r"\w+", lines[at])) and _compares(lines[at:])
        for at in range(1, _length(lines))
    )


def _length(lines: Sequence[str]) -> int:
    """How many lines there are before the function ends."""
    return next((at for at, line in enumerate(lines) if line.startswith("}")), len(lines))


def _compares(lines: Sequence[str]) -> bool:
    if _ASSERTS.search(lines[0]):
        return True
    condition = _IF.fullmatch(lines[0])
    if condition is None or not _COMPARES.search(condition[1]):
        return False
    return any(_FAILS.search(line) for line in _block(condition[2], lines))


def _block(rest: str, lines: Sequence[str]) -> Iterator[str]:
    """The lines of the block that begins in the first one."""
    yield rest
    depth = len(lines[0]) - len(lines[0].lstrip())
    for line in lines[1:]:
        if line.strip() and len(line) - len(line.lstrip()) <= depth:
            return
        yield line
