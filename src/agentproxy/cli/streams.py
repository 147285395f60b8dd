"""The standard streams: missing ones are opened, and what cannot be printed is dropped."""

from __future__ import annotations

import errno
import io
import os
import select
import sys

TYPE_CHECKING = False  # as type checkers know it; typing itself is slow to import
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import TextIO

    from _typeshed import ReadableBuffer

INFRASTRUCTURE = 6
GONE = (errno.EPIPE, errno.EIO)  # the pipe's other end; the terminal


class LossyOutput(io.FileIO):
    """An output that may break. From then on what is written goes to /dev/null.

    `lost` is why: "" where nothing is lost, or where only the reader went away.
    """

    lost = ""

    def write(self, b: ReadableBuffer, /) -> int:
        """As many bytes as were taken."""
        try:
            while (taken := self._try(b)) is None:
                # The stream does not block, and is full.
                select.select([], [self], [])
        except OSError as error:
            if error.errno not in GONE:
                self.lost = error.strerror or "unknown error"
            nowhere = os.open(os.devnull, os.O_WRONLY)
            os.dup2(nowhere, self.fileno())
            os.close(nowhere)
            return memoryview(b).nbytes
        return taken

    def _try(self, data: ReadableBuffer) -> int | None:
        return super().write(data)


def open_missing_streams() -> None:
    """Open standard streams that are closed on /dev/null: no file of ours may get their numbers."""
    for number in range(3):
        try:
            os.fstat(number)
        except OSError:
            os.open(os.devnull, os.O_RDWR)  # the lowest number that is free
            os.set_inheritable(number, True)  # noqa: FBT003 - positional only
    if sys.stdin is None:  # a closed one is
        sys.stdin = open(0, encoding="utf-8", closefd=False)  # noqa: SIM115
    if sys.stdout is None:
        sys.stdout = open(1, "w", encoding="utf-8", closefd=False)  # noqa: SIM115
    if sys.stderr is None:
        sys.stderr = open(2, "w", encoding="utf-8", closefd=False)  # noqa: SIM115


def run_with_streams(run: Callable[[], int]) -> int:
    """Run with standard output and standard error that survive their readers, and full disks.

    The exit code is that of `run`; 6 where something of the standard output was lost.
    """
    sys.stdout, output = _surviving(sys.stdout)
    sys.stderr, _ = _surviving(sys.stderr)
    code = run()
    sys.stdout.flush()
    sys.stderr.flush()
    if output is None or not output.lost:
        return code
    print(f"pa: the output cannot be printed: {output.lost}", file=sys.stderr, flush=True)
    return INFRASTRUCTURE


def _surviving(stream: TextIO) -> tuple[TextIO, LossyOutput | None]:
    if not isinstance(stream, io.TextIOWrapper):
        return stream, None
    stream.flush()
    output = LossyOutput(stream.fileno(), "w", closefd=False)
    surviving = io.TextIOWrapper(
        io.BufferedWriter(output),
        encoding=stream.encoding,
        errors=stream.errors,
        line_buffering=stream.line_buffering,
        write_through=stream.write_through,
    )
    return surviving, output
