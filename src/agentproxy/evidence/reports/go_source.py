"""Reads source of Go as far as the names of tests need it. Pure."""

import posixpath
import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Literal

Built = Literal["yes", "no", "perhaps"]

# What may hold any text: comments, raw strings, strings and runes. One that does not end goes on to
# the end of the file.
_NO_CODE = re.compile(
    r"//[^\n]*|/\*.*?(?:\*/|\Z)|`[^`]*(?:`|\Z)"
    r'|"(?:\\.|[^"\\\n])*"?' + r"|'(?:\\.|[^'\\\n])*'?",
    re.DOTALL,
)
_TEST = re.compile(r"^[ \t]*func\s+((?:Test|Example|Fuzz)\w*)\s*\(", re.MULTILINE)
_DECLARES = re.compile(
    r"^[ \t]*func\s*(?:\([^)]*\))?\s*(\w+)|^[ \t]*(?:type|var|const)\s+(\w+)", re.MULTILINE
)
# What may come before the clause of the package.
_HEAD = re.compile(r"(?:\s|//[^\n]*|/\*.*?(?:\*/|\Z))*", re.DOTALL)
_BLOCK = re.compile(r"/\*.*?(?:\*/|\Z)", re.DOTALL)
_CONSTRAINT = re.compile(r"^//go:build[ \t]+(.*)$", re.MULTILINE)
_OLD_CONSTRAINT = re.compile(r"^//[ \t]*\+build[ \t]", re.MULTILINE)
_WORD = re.compile(r"\|\||&&|[!()]|[\w.]+")
SYSTEM = re.compile(
    "aix|android|darwin|dragonfly|freebsd|hurd|illumos|ios|js|linux|nacl|netbsd|openbsd|plan9"
    "|solaris|wasip1|windows|zos"
)
PROCESSOR = re.compile(
    "386|amd64(?:p32)?|arm(?:be|64|64be)?|loong64|mips(?:le)?|mips64(?:p32)?(?:le)?|ppc|ppc64(?:le)?"
    "|riscv|riscv64|s390|s390x|sparc|sparc64|wasm"
)
_NOT_UNIX = ("js", "nacl", "plan9", "wasip1", "windows", "zos")
_OFTEN = {"init", "_"}  # a package may have many
MAX_WORDS = 200  # of a constraint


def code_of(text: str) -> str:
    """The source without its comments and texts. The rest stays in the lines that it is in."""
    return _NO_CODE.sub(lambda found: " " + "\n" * found[0].count("\n"), text)


def tests_in(text: str) -> list[str]:
    """The names of the tests that a file declares."""
    return _TEST.findall(code_of(text))


def names_in(text: str) -> frozenset[str]:
    """What a file declares for its package, as far as it stands at the begin of a line."""
    return frozenset(one or other for one, other in _DECLARES.findall(code_of(text)))


def find_declared_again(old: Mapping[str, str], new: Mapping[str, str]) -> Collection[str]:
    """The new files of folders in which one of them declares what an old one does, so that they
    are not built together. Both are texts by path.
    """
    declared: dict[str, set[str]] = {}
    for path, text in old.items():
        declared.setdefault(posixpath.dirname(path), set()).update(names_in(text))
    folders = {
        folder
        for path, text in new.items()
        if (folder := posixpath.dirname(path)) in declared
        and not declared[folder].isdisjoint(names_in(text) - _OFTEN)
    }
    return [path for path in new if posixpath.dirname(path) in folders]


def is_built(path: str, text: str, *, system: str, processor: str) -> Built:
    """Whether a file is a part of its package on a system: by its name, and by its constraints.
    What other tags decide is said by the command, and is not known here.
    """
    name = posixpath.basename(path)
    if name.startswith(("_", ".")) or not _is_named_for(name, system, processor):
        return "no"
    head = _HEAD.match(text)
    comments = _BLOCK.sub(" ", head[0] if head else "")
    constraint = _CONSTRAINT.search(comments)
    if constraint is None:
        return "perhaps" if _OLD_CONSTRAINT.search(comments) else "yes"
    words = _WORD.findall(constraint[1])[:MAX_WORDS]
    said = _Expression(words[::-1], (system, processor)).any_of()
    return "yes" if said == 1 else "no" if said == 0 else "perhaps"


def _is_named_for(name: str, system: str, processor: str) -> bool:
    # Go looks at a name up to its first dot.
    parts = name.partition(".")[0].removesuffix("_test").split("_")[1:]
    if parts and PROCESSOR.fullmatch(parts[-1]) and parts.pop() != processor:
        return False
    return not parts or not SYSTEM.fullmatch(parts[-1]) or parts[-1] == system


@dataclass(frozen=True, slots=True)
class _Expression:
    """A constraint: 1 where it holds, 0 where it does not, between where nobody knows a tag."""

    words: list[str]  # the first one is last
    ours: tuple[str, str]

    def any_of(self) -> float:
        value = self._all_of()
        while self._next_is("||"):
            value = max(value, self._all_of())
        return value

    def _all_of(self) -> float:
        value = self._one()
        while self._next_is("&&"):
            value = min(value, self._one())
        return value

    def _one(self) -> float:
        if self._next_is("!"):
            return 1 - self._one()
        if self._next_is("("):
            value = self.any_of()
            self._next_is(")")
            return value
        return self._holds(self.words.pop()) if self.words else 0.5

    def _next_is(self, word: str) -> bool:
        found = bool(self.words) and self.words[-1] == word
        if found:
            self.words.pop()
        return found

    def _holds(self, tag: str) -> float:
        if SYSTEM.fullmatch(tag) or PROCESSOR.fullmatch(tag):
            return float(tag in self.ours)
        if tag == "unix":
            return float(self.ours[0] not in _NOT_UNIX)
        return 0.0 if tag == "ignore" else 0.5
