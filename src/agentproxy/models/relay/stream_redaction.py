"""Replaces a key that is split over several events of a stream; pure."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, cast

from agentproxy.models.key_redaction import KeyRedactor
from agentproxy.models.relay.usage import ANSWER_NAMES

# More is not held. A vendor that splits its key so far does it on purpose, and could encode it too.
MAX_HELD_BYTES = 1024 * 1024
_MAX_PATH = 60
_MAX_TEXTS = 200
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


@dataclass(slots=True)
class _Text:
    """The end of a channel's text from where a key may begin. `passed` is no longer held."""

    passed: str = ""
    pieces: list[tuple[_Event, _Piece]] = field(default_factory=list[tuple[_Event, _Piece]])

    @property
    def whole(self) -> str:
        return self.passed + "".join(piece.text for _, piece in self.pieces)

    def clean(self, redactor: KeyRedactor) -> None:
        whole = redactor.clean(self.whole)
        if whole == self.passed + "".join(redactor.clean(piece.text) for _, piece in self.pieces):
            return
        for number, (event, piece) in enumerate(self.pieces):
            piece.fields[piece.name] = "" if number else whole
            event.changed = True
        self.passed = ""

    def keep_unfinished(self, redactor: KeyRedactor) -> None:
        at = redactor.beginning(self.whole)
        self.passed, at = self.passed[at:], max(0, at - len(self.passed))
        while self.pieces and at >= len(self.pieces[0][1].text):
            at -= len(self.pieces.pop(0)[1].text)

    def let_pass(self) -> None:
        self.passed, self.pieces = self.whole, []


class StreamRedactor:
    """Holds events back while their texts may be a beginning of the key.

    All events keep their order. Those without a key keep their bytes.
    """

    def __init__(self, redactor: KeyRedactor) -> None:
        self._redactor = redactor
        self._held: list[_Event] = []
        self._bytes = 0
        self._texts: dict[Channel, _Text] = {}  # those that may end in a beginning of the key

    def add(self, lines: bytes, event: object) -> bytes:
        """Takes the next event, and returns the bytes that may be passed on now."""
        newest = _Event(lines, event, tuple(_pieces(event)))
        self._held.append(newest)
        self._bytes += len(lines)
        self._join(newest)
        full = self._bytes > MAX_HELD_BYTES or len(self._texts) > _MAX_TEXTS
        if full or _ends_texts(newest):
            return self.rest()
        open_events = {id(each) for text in self._texts.values() for each, _ in text.pieces}
        numbers = (n for n, each in enumerate(self._held) if id(each) in open_events)
        return self._release(next(numbers, len(self._held)))

    def rest(self) -> bytes:
        """Returns the events that are held."""
        self._texts = {}
        return self._release(len(self._held))

    def _join(self, newest: _Event) -> None:
        for piece in newest.pieces:
            if piece.text:
                text = self._texts.setdefault(piece.channel, _Text())
                text.pieces.append((newest, piece))
        channels = {piece.channel for piece in newest.pieces if piece.text}
        for channel in channels:
            text = self._texts[channel]
            text.clean(self._redactor)
            text.keep_unfinished(self._redactor)
            if not text.whole:
                del self._texts[channel]
        # An answer writes one text after the other: it waits for none but the newest.
        choices = {_choice(channel) for channel in channels}
        for channel, text in self._texts.items():
            if channel not in channels and _choice(channel) in choices:
                text.let_pass()

    def _release(self, count: int) -> bytes:
        free, self._held = self._held[:count], self._held[count:]
        self._bytes -= sum(len(event.lines) for event in free)
        return b"".join(self._redactor.clean_bytes(_encoded(event)) for event in free)


def _choice(channel: Channel) -> Channel:
    return channel[:2] if channel[:1] in (("choices",), ("candidates",)) else ()


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
