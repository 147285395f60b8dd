"""Keeps the head and the tail of an output; counts and hashes every byte."""

import hashlib


class Output:
    """Head and tail of a stream. Memory stays near `kept` bytes."""

    def __init__(self, kept: int) -> None:
        # Half for the beginning and half for the end: the cause of an error is usually in one.
        self._head_room = kept // 2
        self._tail_room = kept - kept // 2
        self._head = bytearray()
        self._tail = bytearray()
        self._hash = hashlib.sha256()
        self._count = 0

    @property
    def count(self) -> int:
        return self._count

    @property
    def digest(self) -> str:
        return self._hash.hexdigest()

    def add(self, chunk: bytes) -> None:
        self._count += len(chunk)
        self._hash.update(chunk)
        room = self._head_room - len(self._head)
        self._head += chunk[:room]
        rest = chunk[room:]
        self._tail += rest[-self._tail_room :] if self._tail_room else b""
        # Trimmed only at twice the room, because each trim moves the whole tail.
        if len(self._tail) > 2 * self._tail_room:
            del self._tail[: len(self._tail) - self._tail_room]

    def text(self) -> str:
        """Returns head and tail, with a line between them if bytes were left out."""
        tail = self._tail[max(0, len(self._tail) - self._tail_room) :]
        left_out = self._count - len(self._head) - len(tail)
        if not left_out:
            return (self._head + tail).decode("utf-8", "replace")
        gap = f"\n... [{left_out} bytes left out] ...\n"
        return self._head.decode("utf-8", "replace") + gap + tail.decode("utf-8", "replace")
