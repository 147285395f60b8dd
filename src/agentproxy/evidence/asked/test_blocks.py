"""The tests in a file, as blocks of lines, by conventions of Python, JavaScript and Go. Pure."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

__test__ = False  # pytest would look for tests in a module of this name

MAX_BLOCKS = 2_000

_PYTHON = re.compile(r"(\s*)(?:async\s+)?def\s+(test\w*)\s*\(")
_JAVASCRIPT = re.compile(r"(\s*)(?:test|it)(?:\.\w+)*\(\s*(['\"`])(.{1,300}?)\2")
_GO = re.compile(r"(\s*)func\s+((?:Test|Example|Fuzz)\w*)\s*\(")
_IMPORT = re.compile(
    r"\s*(?:from\s+[\w.]+\s+import\b|import\b|(?:const|let|var)\s[^=]{1,200}=\s*(?:await\s+)?"
    r"(?:require|import)\()"
)
_IDLE = re.compile(r"\s*(?:#.*|//.*|[()\[\]{},;]*)\s*")


@dataclass(frozen=True, slots=True)
class Block:
    """A test by its name, with its lines; "" names the lines outside of tests."""

    name: str
    lines: tuple[str, ...]

    @property
    def text(self) -> str:
        return "\n".join(self.lines)

    @property
    def body(self) -> tuple[str, ...]:
        """The lines without the one that names the test, unless that is all."""
        return self.lines[1:] if self.name and len(self.lines) > 1 else self.lines


def split_blocks(path: str, text: str) -> list[Block]:
    """Splits a test file. Imports, comments and empty lines are left out."""
    begins = _GO if path.endswith(".go") else _PYTHON if path.endswith(".py") else _JAVASCRIPT
    blocks: list[tuple[str, list[str]]] = []
    outside: list[str] = []
    current: list[str] | None = None
    depth = 0
    for line in text.splitlines():
        if _IDLE.fullmatch(line):
            continue
        match = begins.match(line)
        indent = len(line) - len(line.lstrip())
        if match and len(blocks) < MAX_BLOCKS:
            current, depth = [line.strip()], indent
            blocks.append((match[match.lastindex or 0], current))
        elif current is not None and indent > depth:
            current.append(line.strip())
        else:
            # A decorator belongs to no test here, so that a new skip mark is a change outside.
            current = None
            if not _IMPORT.match(line):
                outside.append(line.strip())
    found = [Block(name, tuple(lines)) for name, lines in blocks]
    return [*found, Block("", tuple(outside))]


def import_lines(text: str) -> Sequence[str]:
    return [line.strip() for line in text.splitlines() if _IMPORT.match(line)]
