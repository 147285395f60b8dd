"""Reads server-sent events from the bytes of a stream; pure."""

from collections.abc import Iterator
from dataclasses import dataclass, field

MAX_EVENT_BYTES = 16 * 1024 * 1024


class EventTooLarge(Exception):
    """An event has more bytes than we hold."""


@dataclass(slots=True)
class EventReader:
    """Yields the name and the data of each event as soon as its empty line has come."""

    # As the standard has it, an event without an empty line at its end is not one.
    _rest: bytes = b""
    _name: bytes = b""
    _data: list[bytes] = field(default_factory=list[bytes])
    _held: int = 0  # bytes of `_data`
    _return: bool = False  # a "\r" is held back until the next byte tells what it ends

    def read(self, piece: bytes) -> Iterator[tuple[bytes, bytes]]:
        """Raises EventTooLarge."""
        if self._return or b"\r" in piece:
            piece = self._with_plain_ends(piece)
        if self._rest:
            piece = self._rest + piece
        lines = piece.split(b"\n")
        self._rest = lines.pop()
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
        if len(self._rest) + self._held > MAX_EVENT_BYTES:
            raise EventTooLarge

    def _with_plain_ends(self, piece: bytes) -> bytes:
        if self._return:
            piece = b"\r" + piece
        self._return = piece.endswith(b"\r")
        if self._return:
            piece = piece[:-1]
        return piece.replace(b"\r\n", b"\n").replace(b"\r", b"\n")
