"""Reads server-sent events from the bytes of a stream; pure."""

from codecs import BOM_UTF8
from collections.abc import Iterator
from dataclasses import dataclass, field

MAX_EVENT_BYTES = 16 * 1024 * 1024


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
        for line in self._lines(piece):
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
        if self._unended + self._held > MAX_EVENT_BYTES:
            raise EventTooLarge

    def _lines(self, piece: bytes) -> list[bytes]:
        # The pieces of a line are joined once. With each piece it would cost the line's square.
        self._rest.append(piece)
        self._unended += len(piece)
        if b"\n" not in piece:
            return []
        lines = b"".join(self._rest).split(b"\n")
        self._rest, self._unended = [lines[-1]], len(lines[-1])
        if not self._begun:
            self._begun = True
            lines[0] = lines[0].removeprefix(BOM_UTF8)
        return lines[:-1]

    def _with_plain_ends(self, piece: bytes) -> bytes:
        if self._return:
            piece = b"\r" + piece
        self._return = piece.endswith(b"\r")
        if self._return:
            piece = piece[:-1]
        return piece.replace(b"\r\n", b"\n").replace(b"\r", b"\n")
