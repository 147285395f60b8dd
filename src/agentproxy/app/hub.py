"""Distributes the live output of runs to readers, without secrets. It is not recorded.

All calls are on one event loop. A slow reader never makes the run wait.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import islice
from typing import NamedTuple

from agentproxy.engine.bell import Bell
from agentproxy.events.envelope import RunId
from agentproxy.journal.redact import Redactor
from agentproxy.journal.redact_fragments import FragmentRedactor
from agentproxy.text.pieces import encoded, packed, unpacked

KEPT_BYTES = 32 * 1024  # of the newest fragments of a run
MAX_PIECES = 512
PIECE_CHARACTERS = 1024


class Position(NamedTuple):
    """Bytes since the event `seq` was recorded."""

    seq: int
    offset: int


@dataclass(frozen=True, slots=True)
class ShownText:
    """Text of one source, after `dropped` lost bytes of any source."""

    position: Position
    source: str
    text: str
    dropped: int = 0


@dataclass(slots=True)
class _ShownPiece:
    """`begin` counts bytes since the stream began."""

    source: str
    position: Position
    begin: int
    kept: str | bytes  # packed
    size: int

    @property
    def end(self) -> int:
        return self.begin + self.size

    @property
    def text(self) -> str:
        if isinstance(self.kept, str):
            return self.kept
        return unpacked(self.kept).decode("utf-8", "surrogatepass")

    @property
    def room(self) -> int:
        return PIECE_CHARACTERS - len(self.kept) if isinstance(self.kept, str) else 0

    def grow(self, text: str) -> int:
        """Takes more text, for which it has room. Returns its bytes."""
        size = _size(text)
        self.kept = self.text + text
        self.size += size
        # Mostly all readers have a piece that came bit by bit. It waits for who comes back.
        if len(self.kept) >= PIECE_CHARACTERS:
            self.kept = packed(encoded(self.kept))
        return size

    def after(self, place: int) -> str:
        skipped = max(place - self.begin, 0)
        text = self.text
        # In ASCII a character is a byte, so the text need not be encoded.
        if text.isascii():
            return text[skipped:]
        return encoded(text)[skipped:].decode("utf-8", "surrogatepass")


class FragmentStream:
    __slots__ = (
        "_kept", "_next", "_pieces", "_readers", "_redactor", "_sources", "_total", "closed",
        "is_worked_on",
    )  # fmt: skip

    def __init__(self, *, kept: int = KEPT_BYTES, redactor: Redactor | None = None) -> None:
        self.is_worked_on = False
        self.closed = False
        self._redactor = redactor or Redactor()
        self._sources: dict[str, FragmentRedactor] = {}
        self._kept = kept  # bytes
        self._pieces: list[_ShownPiece] = []
        self._total = 0  # bytes that were ever shown
        self._next = Position(0, 0)
        self._readers: set[FragmentReader] = set()

    @property
    def has_readers(self) -> bool:
        return bool(self._readers)

    def recorded(self, seq: int) -> None:
        if seq <= self._next.seq:
            return
        for source, redact in self._sources.items():
            self._show(source, redact.pause())
        self._next = Position(seq, 0)

    def show(self, source: str, text: str) -> None:
        """Never waits."""
        if self.closed or not text:
            return
        redact = self._sources.get(source)
        if redact is None:
            redact = self._sources[source] = FragmentRedactor(self._redactor)
        self._show(source, redact(text))

    def subscribe(self, *, after: Position | None = None) -> "FragmentReader":
        """Returns a reader of later output, or of stored output after a position."""
        return FragmentReader(self, self.place_of(after))

    def join(self, reader: "FragmentReader") -> None:
        self._readers.add(reader)

    def leave(self, reader: "FragmentReader") -> None:
        self._readers.discard(reader)

    def close(self) -> None:
        for source, redact in self._sources.items():
            self._show(source, redact.end())
        self._sources.clear()
        self.closed = True
        self._wake()

    def read(self, place: int) -> tuple[ShownText, int] | None:
        """Returns joined text of one source, and the place behind it."""
        at = len(self._pieces)
        # From the end: most readers have all but the newest.
        while at and self._pieces[at - 1].end > place:
            at -= 1
        pieces = islice(self._pieces, at, None)
        first = next(pieces, None)
        if first is None:
            return None
        dropped = max(first.begin - place, 0)
        texts = [first.after(place)]
        begin, end = max(first.begin, place), first.end
        for piece in pieces:
            if (piece.source, piece.position.seq) != (first.source, first.position.seq):
                break
            texts.append(piece.text)
            end = piece.end
        seq, offset = first.position
        position = Position(seq, offset + begin - first.begin)
        return ShownText(position, first.source, "".join(texts), dropped), end

    def _show(self, source: str, text: str) -> None:
        if not text:
            return
        for begin in range(0, len(text), PIECE_CHARACTERS):
            self._add(source, text[begin : begin + PIECE_CHARACTERS])
        self._wake()

    def _add(self, source: str, text: str) -> None:
        last = self._pieces[-1] if self._pieces else None
        room = last.room if last and self._continues(last, source) else 0
        if last and room:
            self._count(last.grow(text[:room]))
        if rest := text[room:]:
            size = _size(rest)
            self._pieces.append(_ShownPiece(source, self._next, self._total, rest, size))
            self._count(size)
        while len(self._pieces) > MAX_PIECES or self._total - self._pieces[0].begin > self._kept:
            self._pieces.pop(0)
            if not self._pieces:
                return

    def _count(self, size: int) -> None:
        self._total += size
        self._next = Position(self._next.seq, self._next.offset + size)

    def _continues(self, last: _ShownPiece, source: str) -> bool:
        return (last.source, last.position.seq) == (source, self._next.seq)

    def place_of(self, after: Position | None) -> int:
        """Returns the place behind a position; None is that of all later output."""
        if after is None:
            return self._total
        for piece in self._pieces:
            seq, offset = piece.position
            if Position(seq, offset + piece.size) > after:
                return piece.begin + (max(after.offset - offset, 0) if seq == after.seq else 0)
        return self._total

    def _wake(self) -> None:
        for reader in self._readers:
            reader.on_news()


class FragmentReader:
    """Iterates until the stream is closed and read. Between, it is a context."""

    __slots__ = ("_place", "news", "on_news", "stream")

    def __init__(self, stream: FragmentStream, place: int) -> None:
        self.news = Bell()
        # Who reads at once has a call of its own here. It may not raise.
        self.on_news: Callable[[], None] = self.news.set
        self.stream = stream
        self._place = place

    def __enter__(self) -> "FragmentReader":
        self.stream.join(self)
        return self

    def __exit__(self, *error: object) -> None:
        self.stream.leave(self)

    def __aiter__(self) -> "FragmentReader":
        return self

    async def __anext__(self) -> ShownText:
        while True:
            self.news.clear()
            if (fragment := self.take()) is not None:
                return fragment
            if self.stream.closed:
                raise StopAsyncIteration
            await self.news.wait()

    @property
    def closed(self) -> bool:
        return self.stream.closed

    def take(self) -> ShownText | None:
        """Returns what is there and not yet read, joined, or None. `news` tells of more."""
        found = self.stream.read(self._place)
        if found is None:
            return None
        fragment, self._place = found
        return fragment


class _HubReader(FragmentReader):
    """A reader of a run that may begin later."""

    __slots__ = ("_hub", "_run")

    def __init__(self, hub: "Hub", run: RunId, after: Position | None) -> None:
        stream = hub.stream(run)
        super().__init__(stream, stream.place_of(after))
        self._hub = hub
        self._run = run

    def __exit__(self, *error: object) -> None:
        super().__exit__(*error)
        self._hub.drop_unused(self._run, self.stream)


class _OpenStream:
    """The output of a run while it is worked on."""

    __slots__ = ("_hub", "_run", "_stream")

    def __init__(self, hub: "Hub", run: RunId) -> None:
        self._hub = hub
        self._run = run

    def __enter__(self) -> FragmentStream:
        self._stream = self._hub.stream(self._run)
        self._stream.is_worked_on = True
        return self._stream

    def __exit__(self, *error: object) -> None:
        self._hub.streams.pop(self._run, None)
        self._stream.close()


# Their contexts are no generators: such a one takes 500 bytes, and a conversation has several.
@dataclass(slots=True)
class Hub:
    """The streams of runs that are worked on or waited for."""

    redactor: Redactor = field(default_factory=Redactor)
    streams: dict[RunId, FragmentStream] = field(default_factory=dict[RunId, FragmentStream])

    def open(self, run: RunId) -> _OpenStream:
        """Gives, as a context, where the output of a run is shown."""
        return _OpenStream(self, run)

    def subscribe(self, run: RunId, *, after: Position | None = None) -> FragmentReader:
        """Returns a reader, which is a context. The run may begin later."""
        return _HubReader(self, run, after)

    def stream(self, run: RunId) -> FragmentStream:
        return self.streams.setdefault(run, FragmentStream(redactor=self.redactor))

    def drop_unused(self, run: RunId, stream: FragmentStream) -> None:
        # A stream that is worked on, or that came after this one, is not ours to drop.
        unused = not stream.is_worked_on and not stream.has_readers
        if unused and self.streams.get(run) is stream:
            self.streams.pop(run, None)


def _size(text: str) -> int:
    return len(text) if text.isascii() else len(encoded(text))
