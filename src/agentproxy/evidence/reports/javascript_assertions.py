"""Whether an error in a JavaScript test was thrown on the way to a comparison. Pure.

A stub returns undefined, so a test that looks at a result and one that only calls both fail with a
TypeError, and what the base does may throw as well. The source around the place tells them apart.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

_TOKEN = re.compile(
    r"(?P<skipped>//[^\n]*|/\*(?:[^*]|\*(?!/))*(?:\*/|\Z)"
    r"|'(?:[^'\\\n]|\\.)*'|\"(?:[^\"\\\n]|\\.)*\""
    r"|(?<=[(,=:\[!&|?{};])[ \t]*/(?![/*])(?:[^/\\\n\[]|\\.|\[(?:[^\]\\\n]|\\.)*\])+/\w*)"
    r"|(?P<name>(?:\??\.[ \t]*)?[\w$]+(?:\??\.[\w$]+)*)"
    r"|(?P<open>[(\[{])|(?P<close>[)\]}])|(?P<end>;)|(?P<line>\n\s*)|(?P<tick>`)"
)
_TEMPLATE = re.compile(r"(?:[^`\\$]|\\.|\$(?!\{))*(`|\$\{|\Z)", re.DOTALL)
_CONTINUES = tuple(".?:+-*/%&|=,)]<>")
_HANGS = tuple("=+-*/%&|,(?:.<[")
# As they are imported one by one.
_METHODS = (
    r"(?:(?:not)?[dD]eep|[pP]artial(?:Deep)?|(?:not)?[sS]trict|not)*[eE]qual|throws|rejects|ok"
)
_OF_TEST = (
    rf"{_METHODS}|is|not|true|false|truthy|falsy|like|regex|notRegex|snapshot|notOk|throwsAsync"
    r"|equals|(?:strict)?[sS]ame|match|matchOnly|has|hasStrict"
)
_ASSERTS = re.compile(
    rf"(?:[\w$]+\.)*(?:assert|expect|should)(?:\.[\w$.]+)?|{_METHODS}|(?:t|tap|test)\.(?:{_OF_TEST})"
    r"|\.(?:(?:not|resolves|rejects)\.)*(?:to[A-Z]\w*|to\.[\w.]+)|\.(?:[\w.]+\.)?should(?:\.[\w.]+)?"
)
# Nothing is compared: that a call does not throw holds for a function that does nothing, too.
_NO_COMPARISON = re.compile(r".*(?:(?:doesNot|not)(?:Throws?|Reject)|[nN]ot\.?[tT]o?\.?throw)\w*")
_BARE = re.compile(r"(?:[\w$]+\.)*(?:assert|should|ok|truthy|isOk|exists?|notOk|falsy)")
_COMPARES = re.compile(r"(?<![!=])==|(?<!=)[<>]|\.\w+\(")
_WEAK = re.compile(
    r".*(?:\bnot\b|toBe(?:Defined|Truthy|Undefined|Falsy)|\b(?:exist|ok)\b"
    r"|[nN]ot(?:Deep|Strict|DeepStrict)?Equal)"
)
_DECLARES = re.compile(
    r"(?:.*\bfor\s*(?:await\s*)?\()?\s*(?:const|let|var)?\s*([\w$]+|\{[^=;]*\}|\[[^=;]*\])"
    r"\s*(?::[^=]+)?(?:=(?![=>])|of\b)",
    re.DOTALL,
)
# An error about a name to be taken from undefined is at that name.
_IN_PATTERN = re.compile(r"\b(?:const|let|var)\s*[\[{][^;=(){}\[\]]*$")
_END_OF_PATTERN = re.compile(r"[^;=(){}\[\]]*[}\]]\s*(?::[^=;]+)?=(?![=>])")
_UNWANTED = re.compile(r"unwanted (?:exception|rejection)|not\W{0,9}(?:to\W?)?throw", re.IGNORECASE)
# A name is missing, or the code is a stub that raises: nothing was computed.
_NOT_THERE = re.compile(
    r"is not (?:a function|a constructor|defined)|Cannot find (?:module|package)|[nN]ot implemented"
    r"|does not provide an export|before initialization"
)
_READS = re.compile(r"\(reading '([\w$]{1,200})'\)|evaluating '[^'\n]{0,200}\.([\w$]{1,200})'")
_CUT = re.compile(r"Cannot read prop[^']{0,20}(?:\u2026|\.\.\.)'")  # by vitest and chai
_ON_RESULT = re.compile(r"\)\s*\.[\w$]")
_NAME = re.compile(r"[A-Za-z_$][\w$]*")


@dataclass(slots=True)
class _Bracket:
    kind: str
    callee: str
    at: int
    statement: int  # where the statement begins that it is in
    mentions: bool = False


@dataclass(slots=True)
class _Scan:
    """Reads source from its beginning, and knows the brackets that are open."""

    text: str
    open: list[_Bracket] = field(default_factory=list[_Bracket])
    statement: int = 0
    at: int = 0
    name: str = ""  # directly before
    closed: _Bracket | None = None  # directly before

    def tokens(self) -> Iterator[tuple[str, str]]:
        while match := _TOKEN.search(self.text, self.at):
            self.at = match.end()
            kind, text = match.lastgroup or "", match[0]
            if kind == "tick":
                self._template()
            elif kind == "open":
                directly = not self.text[: match.start()].endswith((" ", "\n"))
                self.push(text, self.name if directly else "")
            elif kind == "close":
                yield from self._close(text)
                continue
            elif kind == "end" or (kind == "line" and self._begins(match.start())):
                self.statement = match.end() if self.in_block else self.statement
                kind = "end"
            self.name = text if kind == "name" else ""
            yield kind, text
            self.closed = None

    def push(self, kind: str, callee: str) -> None:
        self.open.append(_Bracket(kind, callee, self.at, self.statement))
        if kind == "{":
            self.statement = self.at

    @property
    def in_block(self) -> bool:
        return not self.open or self.open[-1].kind == "{"

    @property
    def begin(self) -> int:
        """Where the statement begins that the end of the text is in."""
        begin = self.statement
        for bracket in reversed(self.open):
            if bracket.kind == "{":
                break
            begin = bracket.statement
        return begin

    def _close(self, text: str) -> Iterator[tuple[str, str]]:
        self.name = ""
        self.closed = self.open.pop() if self.open else None
        if self.closed:
            self.statement = self.closed.statement
        yield "close", text
        if self.closed and self.closed.kind == "${":
            self._template()

    def _template(self) -> None:
        match = _TEMPLATE.match(self.text, self.at)
        self.at = match.end() if match else len(self.text)
        if match and match[1] == "${":
            self.push("${", "")

    def _begins(self, at: int) -> bool:
        after = self.text[self.at : self.at + 1]
        hangs = self.text[:at].rstrip().endswith(_HANGS)
        return self.in_block and not hangs and not after.startswith(_CONTINUES)


def is_on_the_way(before: str, after: str) -> bool:
    """Whether the code at the border of two texts is a part of an assertion, or what an assertion
    of the same block compares comes from it.
    """
    if _IN_PATTERN.search(before) and (rest := _END_OF_PATTERN.match(after)):
        before, after = before + rest[0], after[rest.end() :]
    scan = _Scan(before)
    for _ in scan.tokens():
        pass
    if any(_asserts(bracket) for bracket in scan.open):
        return True
    declared = _DECLARES.match(before[scan.begin :])
    names = _NAME.findall(declared[1]) if declared else []
    inside = [bracket.kind for bracket in scan.open]
    depth = next((n for n, kind in enumerate(reversed(inside)) if kind == "{"), len(inside))
    return _is_compared(after, names, depth=depth)


def names_nothing(message: str) -> bool:
    """Whether an error is that a name is missing."""
    return _NOT_THERE.search(message) is not None


def only_calls(message: str, before: str, after: str) -> bool:
    """Whether an assertion says that its call must not throw, and its own code threw: on what a
    function did not return, or for a name that is not there.
    """
    if not _UNWANTED.search(message):
        return False
    if names_nothing(message):
        return True
    read = _READS.search(message)
    if read is None and _CUT.search(message):
        call = _statement_around(before, after).partition("not")[0].rstrip(". \n")
        return _ON_RESULT.search(call) is not None
    return read is not None and f".{read[1] or read[2]}" in _statement_around(before, after)


def _statement_around(before: str, after: str) -> str:
    scan = _Scan(before)
    for _ in scan.tokens():
        pass
    rest, left = _Scan(after), len(scan.open)
    for kind, _ in rest.tokens():
        left -= kind == "close" and rest.closed is None
        if left < 0 or (kind == "end" and not rest.open):
            break
    return before[scan.begin :] + after[: rest.at]


def _is_compared(text: str, names: Sequence[str], *, depth: int) -> bool:
    """Whether an assertion compares one of these names, or is in the statement that goes on."""
    scan, same, left = _Scan(text), True, depth
    for kind, word in scan.tokens():
        if kind == "close" and scan.closed is None:
            left -= 1
            if left < 0:
                return False
        elif kind == "close" and scan.closed and _compares(scan.closed, text, scan.at):
            return True
        elif kind == "end" and not scan.open and left <= 0:
            same = False
        elif kind == "name":
            mentioned = same or _NAME.findall(word)[:1] in [[name] for name in names]
            for bracket in scan.open:
                bracket.mentions |= mentioned
            if mentioned and ".should." in word and not _WEAK.match(word):
                return True
        elif kind == "open" and same:
            scan.open[-1].mentions = True
    return False


def _asserts(bracket: _Bracket) -> bool:
    if bracket.kind != "(" or _NO_COMPARISON.fullmatch(bracket.callee):
        return False
    return _ASSERTS.fullmatch(bracket.callee) is not None


def _compares(bracket: _Bracket, text: str, end: int) -> bool:
    """Whether a call that ends is an assertion that undefined would not pass."""
    if not bracket.mentions or not _asserts(bracket) or _WEAK.match(bracket.callee):
        return False
    if _BARE.fullmatch(bracket.callee):
        return _COMPARES.search(text, bracket.at, end) is not None
    if bracket.callee.rpartition(".")[2] != "expect":
        return True
    chain = re.match(r"\s*((?:\.[\w$]+)+)", text[end:])
    return chain is not None and not _WEAK.match(chain[1])
