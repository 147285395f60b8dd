"""Reads server-sent events from the bytes of a stream; pure."""

import re
from codecs import BOM_UTF8
from collections.abc import Iterator
from dataclasses import dataclass, field

MAX_EVENT_BYTES = 16 * 1024 * 1024
# A name without spaces around it, and one line of data.
_USUAL_EVENT = re.compile(rb"(?:event: ?([!-~]+)\n)?data: ?([^\n]*)\n\n")


class EventTooLarge(Exception):
    """An event has more bytes than we hold."""


@dataclass(slots=True)
class EventReader:
    """Yields the name and the data of each event as soon as its empty line has come."""

    # As the standard has it, an event without an empty line at its end is not one.
    _rest: list[bytes] = field(default_factory=list[bytes])  # pieces of a line without its end
    _unended: int = 0  # bytes of `_rest`
    _name: bytes = b""
    _data: list[bytes] = field(default_factory=list[bytes])
    _held: int = 0  # bytes of `_data`
    _return: bool = False  # a "\r" is held back until the next byte tells what it ends
    _begun: bool = False  # the first bytes, which may be a mark of UTF-8, have been read

    def read(self, piece: bytes) -> Iterator[tuple[bytes, bytes]]:
        """Raises EventTooLarge."""
        if self._return or b"\r" in piece:
            piece = self._with_plain_ends(piece)
        lines, at = self._lines(piece), 0
        if not self._data and not self._name:
            # Nearly all events look so, and a match for each costs a third of what lines do.
            while (event := _USUAL_EVENT.match(lines, at)) is not None:
                at = event.end()
                yield event[1] or b"", event[2]
        if at < len(lines):
            yield from self._read_lines(lines[at:-1].split(b"\n"))
        if self._unended + self._held > MAX_EVENT_BYTES:
            raise EventTooLarge

    def _read_lines(self, lines: list[bytes]) -> Iterator[tuple[bytes, bytes]]:
        for line in lines:
            if not line:
                if self._data:
                    event = (self._name, b"\n".join(self._data))
                    self._name, self._data, self._held = b"", [], 0
                    yield event
                else:
                    self._name = b""
            elif line.startswith(b"data:"):
                self._data.append(line[6:] if line.startswith(b"data: ") else line[5:])
                self._held += len(line)
            elif line.startswith(b"event:"):
                self._name = line[6:].strip()

    def _lines(self, piece: bytes) -> bytes:
        """Returns whole lines, each with its end."""
        # The pieces of a line are joined once. With each piece it would cost the line's square.
        self._rest.append(piece)
        self._unended += len(piece)
        end = piece.rfind(b"\n") + 1
        if not end:
            return b""
        rest = piece[end:]
        lines = piece if len(self._rest) == 1 else b"".join(self._rest)
        lines = lines[: len(lines) - len(rest)]
        self._rest, self._unended = [rest] if rest else [], len(rest)
        if not self._begun:
            self._begun = True
            lines = lines.removeprefix(BOM_UTF8)
        return lines

    def _with_plain_ends(self, piece: bytes) -> bytes:
        if self._return:
            piece = b"\r" + piece
        self._return = piece.endswith(b"\r")
        if self._return:
            piece = piece[:-1]
        return piece.replace(b"\r\n", b"\n").replace(b"\r", b"\n")
