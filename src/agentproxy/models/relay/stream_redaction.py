"""Replaces a key that is split over several events of a stream; pure."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, cast

from agentproxy.models.key_redaction import KeyRedactor
from agentproxy.models.relay.usage import ANSWER_NAMES

# More is not held. A vendor that splits its key so far does it on purpose, and could encode it too.
MAX_HELD_BYTES = 1024 * 1024
_MAX_PATH = 60
_INDEXES = ("index", "output_index", "content_index", "summary_index", "item_id")
Channel = tuple[object, ...]
Fields = dict[str, Any]


@dataclass(frozen=True, slots=True)
class _Piece:
    """A text of one event. A client joins it with the texts of the same channel."""

    channel: Channel
    fields: Fields
    name: str

    @property
    def text(self) -> str:
        return str(self.fields[self.name])


@dataclass(slots=True)
class _Event:
    lines: bytes
    body: object
    pieces: Sequence[_Piece]
    changed: bool = False


class StreamRedactor:
    """Holds events back while their texts may be a beginning of the key.

    All events keep their order. Those without a key keep their bytes.
    """

    def __init__(self, redactor: KeyRedactor) -> None:
        self._redactor = redactor
        self._held: list[_Event] = []

    def add(self, lines: bytes, event: object) -> bytes:
        """Takes the next event, and returns the bytes that may be passed on now."""
        newest = _Event(lines, event, tuple(_pieces(event)))
        self._held.append(newest)
        for channel in {piece.channel for piece in newest.pieces}:
            self._replace(channel)
        held = sum(len(event.lines) for event in self._held)
        if held > MAX_HELD_BYTES or _ends_texts(newest):
            return self.rest()
        channels = {piece.channel for event in self._held for piece in event.pieces}
        return self._release(min(map(self._unfinished, channels), default=len(self._held)))

    def rest(self) -> bytes:
        """Returns the events that are held."""
        return self._release(len(self._held))

    def _release(self, count: int) -> bytes:
        free, self._held = self._held[:count], self._held[count:]
        return b"".join(self._redactor.clean_bytes(_encoded(event)) for event in free)

    def _replace(self, channel: Channel) -> None:
        pieces = list(self._in(channel))
        whole = self._redactor.clean("".join(piece.text for _, piece in pieces))
        if whole == "".join(self._redactor.clean(piece.text) for _, piece in pieces):
            return
        for number, (event, piece) in enumerate(pieces):
            piece.fields[piece.name] = "" if number else whole
            event.changed = True

    def _unfinished(self, channel: Channel) -> int:
        # The number of the event in which the beginning of a key begins.
        left = self._redactor.beginning("".join(piece.text for _, piece in self._in(channel)))
        for number, event in enumerate(self._held):
            left -= sum(len(piece.text) for piece in event.pieces if piece.channel == channel)
            if left < 0:
                return number
        return len(self._held)

    def _in(self, channel: Channel) -> Iterator[tuple[_Event, _Piece]]:
        for event in self._held:
            yield from ((event, each) for each in event.pieces if each.channel == channel)


def _ends_texts(event: _Event) -> bool:
    # The end of a block or an answer has no text. A comment or a ping may come amid the texts.
    body = event.body
    if event.pieces or not isinstance(body, dict):
        return False
    return cast("Fields", body).get("type") != "ping"


def _pieces(value: object, at: Channel = ()) -> Iterator[_Piece]:
    if len(at) > _MAX_PATH:
        return
    if isinstance(value, dict):
        fields = cast("Fields", value)
        for name, each in fields.items():
            here = (*at, *_indexes(fields), name)
            if isinstance(each, str) and name in ANSWER_NAMES:
                yield _Piece(here, fields, name)
            else:
                yield from _pieces(each, here)
    elif isinstance(value, list):
        for number, each in enumerate(cast("list[object]", value)):
            yield from _pieces(each, at if _is_indexed(each) else (*at, number))


def _is_indexed(value: object) -> bool:
    # The index of a call or a choice is in its fields, whatever its place in the list.
    return isinstance(value, dict) and "index" in value


def _indexes(fields: Mapping[str, object]) -> Channel:
    return tuple(fields[name] for name in _INDEXES if isinstance(fields.get(name), int | str))


def _encoded(event: _Event) -> bytes:
    if not event.changed:
        return event.lines
    kept = [line for line in event.lines.splitlines() if line and not line.startswith(b"data:")]
    return b"\n".join([*kept, b"data: " + json.dumps(event.body).encode(), b"", b""])
