"""Whoever reads our output may go: what nobody reads is dropped, and the command goes on."""

from __future__ import annotations

import errno
import io
import os
import sys
from typing import TYPE_CHECKING, TextIO

if TYPE_CHECKING:
    from _typeshed import ReadableBuffer

GONE = (errno.EPIPE, errno.EIO)  # the pipe's other end; the terminal


class Unread(io.FileIO):
    """An output whose reader may go; from then on what is written goes nowhere."""

    def write(self, b: ReadableBuffer, /) -> int:
        """As many bytes as were taken."""
        try:
            return super().write(b)
        except OSError as error:
            if error.errno not in GONE:
                raise
            nowhere = os.open(os.devnull, os.O_WRONLY)
            os.dup2(nowhere, self.fileno())
            os.close(nowhere)
            return memoryview(b).nbytes


def ignore_broken_pipe() -> None:
    """Standard output and standard error survive their readers from here on."""
    sys.stdout = _surviving(sys.stdout)
    sys.stderr = _surviving(sys.stderr)


def _surviving(stream: TextIO) -> TextIO:
    # Closed from the start (`pa list >&-`), it is None whatever its type says.
    if not isinstance(stream, io.TextIOWrapper):
        return stream
    stream.flush()
    return io.TextIOWrapper(
        io.BufferedWriter(Unread(stream.fileno(), "w", closefd=False)),
        encoding=stream.encoding,
        errors=stream.errors,
        line_buffering=stream.line_buffering,
        write_through=stream.write_through,
    )
