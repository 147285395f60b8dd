"""Opens missing standard streams, and survives output that cannot be written."""

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
    """Goes to /dev/null after its first failure; `lost` is the reason."""

    lost = ""

    def write(self, b: ReadableBuffer, /) -> int:
        try:
            while (taken := self._try(b)) is None:
                # The stream does not block, and is full.
                select.select([], [self], [])
        except OSError as error:
            # A reader that stopped reading is not a loss.
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
    # A file of ours must not get the number of a standard stream.
    for number in range(3):
        try:
            os.fstat(number)
        except OSError:
            os.open(os.devnull, os.O_RDWR)  # the lowest number that is free
            os.set_inheritable(number, True)  # noqa: FBT003 - positional only
    if sys.stdin is None:  # it was closed at the start
        sys.stdin = open(0, encoding="utf-8", closefd=False)  # noqa: SIM115
    if sys.stdout is None:
        sys.stdout = open(1, "w", encoding="utf-8", closefd=False)  # noqa: SIM115
    if sys.stderr is None:
        sys.stderr = open(2, "w", encoding="utf-8", closefd=False)  # noqa: SIM115


def run_with_streams(run: Callable[[], int]) -> int:
    """Returns the exit code of `run`, or 6 when standard output lost something."""
    sys.stdout, output = _surviving(sys.stdout)
    sys.stderr, _ = _surviving(sys.stderr)
    code = run()
    sys.stdout.flush()
    sys.stderr.flush()
    if output is None or not output.lost:
        return code
    print(f"pa: cannot write the output: {output.lost}", file=sys.stderr, flush=True)
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
