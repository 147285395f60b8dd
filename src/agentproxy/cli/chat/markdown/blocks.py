"""Cuts the text of an answer into the blocks of its Markdown, as it comes. Pure."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field

MOST = 16_000  # characters of a block; a longer one is drawn in parts
FENCE = re.compile(r" {0,3}(`{3,}|~{3,})")
ITEM = re.compile(r" {0,3}(?:[-*+]|\d{1,9}[.)])(?:\s|$)")


@dataclass
class MarkdownBlocks:
    """Folds in place. A block ends where nothing that follows can change how it is drawn."""

    _lines: list[str] = field(default_factory=list[str])  # of the present block
    _size: int = 0
    _line: str = ""  # the one that grows
    _fence: str = ""  # what opened the present block of code
    _blank: bool = False  # the newest line of the block is blank

    @property
    def growing(self) -> str:
        """What came since the last block."""
        return "\n".join((*self._lines, self._line))

    def feed(self, text: str) -> Sequence[str]:
        """Takes the next piece. Returns the blocks that are whole now."""
        *lines, self._line = (self._line + text).split("\n")
        if len(self._line) > MOST:
            lines.append(self._line)
            self._line = ""
        return [block for line in lines for block in self._take(line)]

    def end(self) -> Sequence[str]:
        """Returns what is left."""
        left = [*self._take(self._line), *self._cut()]
        self._line, self._fence = "", ""
        return [block for block in left if block.strip()]

    def _take(self, line: str) -> Sequence[str]:
        ended = self._cut() if self._begins_anew(line) else []
        self._blank = not line.strip() and not self._fence
        if self._blank and not self._lines:
            return ended
        self._lines.append(line)
        self._size += len(line) + 1
        if self._look_for_fence(line):
            return [*ended, *self._cut()]
        if self._size > MOST:
            opened = self._fence
            ended = [*ended, *self._cut()]
            if opened:
                # The rest of the code is a block of code too.
                self._lines = [opened]
        return ended

    def _begins_anew(self, line: str) -> bool:
        """Returns whether a line cannot belong to the block before it."""
        if not self._blank or not line.strip():
            return False
        in_list = bool(self._lines) and ITEM.match(self._lines[0]) is not None
        return not (in_list and (line.startswith("  ") or ITEM.match(line)))

    def _look_for_fence(self, line: str) -> bool:
        """Returns whether the line ends a block that is code alone."""
        found = FENCE.match(line)
        if not self._fence:
            self._fence = line if found else ""
            return False
        opening = FENCE.match(self._fence)
        closes = found and opening and found[1].startswith(opening[1])
        if not closes or line.strip().strip(line.strip()[0]):
            return False
        alone = self._lines[0] == self._fence
        self._fence = ""
        return alone

    def _cut(self) -> list[str]:
        block = "\n".join(self._lines).rstrip()
        self._lines, self._size, self._blank = [], 0, False
        return [block] if block else []
