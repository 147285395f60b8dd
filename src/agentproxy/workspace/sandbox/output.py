"""What a job printed: every byte counted and hashed, only head and tail kept."""

import hashlib


class Output:
    """Head and tail of a stream; memory stays near `kept` bytes whatever is written.

    The first half of the room goes to the beginning, the second to the end: an error's cause is
    usually in one of the two.
    """

    def __init__(self, kept: int) -> None:
        self._head_room = kept // 2
        self._tail_room = kept - kept // 2
        self._head = bytearray()
        self._tail = bytearray()
        self._hash = hashlib.sha256()
        self._count = 0

    @property
    def count(self) -> int:
        """Bytes seen so far."""
        return self._count

    @property
    def digest(self) -> str:
        """The sha256 of every byte seen, in hexadecimal."""
        return self._hash.hexdigest()

    def add(self, chunk: bytes) -> None:
        """Take the next bytes of the stream."""
        self._count += len(chunk)
        self._hash.update(chunk)
        room = self._head_room - len(self._head)
        self._head += chunk[:room]
        rest = chunk[room:]
        self._tail += rest[-self._tail_room :] if self._tail_room else b""
        # Trimmed only at twice the room: else every chunk would move the whole tail.
        if len(self._tail) > 2 * self._tail_room:
            del self._tail[: len(self._tail) - self._tail_room]

    def text(self) -> str:
        """Head and tail, decoded with replacement; a line between them names what is left out."""
        tail = self._tail[max(0, len(self._tail) - self._tail_room) :]
        left_out = self._count - len(self._head) - len(tail)
        if not left_out:
            return (self._head + tail).decode("utf-8", "replace")
        gap = f"\n... [{left_out} bytes left out] ...\n"
        return self._head.decode("utf-8", "replace") + gap + tail.decode("utf-8", "replace")
