"""Our ends of a process's pipes, read and written only when somebody asks.

What is not read stays in the kernel's pipe, and the process that writes is held still there.
"""

import asyncio
import contextlib
import os
from typing import BinaryIO, Final

from agentproxy.workspace.sandbox.port import MAX_LINE_BYTES, InputClosed, LineTooLong, OnOutput

CHUNK: Final = 65536
_MAX_LEFT: Final = 1 << 20  # bytes: the most that a pipe of Linux holds


class _Pipe:
    """A descriptor that does not block, and at most one task that waits for it."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self._descriptor = file.fileno()
        self._loop = asyncio.get_running_loop()
        self._turn = asyncio.Lock()
        self._waiting: asyncio.Future[None] | None = None
        os.set_blocking(self._descriptor, False)

    @property
    def _closed(self) -> bool:
        return self._file.closed

    def close(self) -> None:
        """Let go of the pipe; a task that waits for it is woken."""
        if self._closed:
            return
        self._stop_watching()
        with contextlib.suppress(OSError):
            self._file.close()
        self._wake()

    def _wake(self) -> None:
        if self._waiting is not None and not self._waiting.done():
            self._waiting.set_result(None)

    def _watch(self) -> None:
        raise NotImplementedError

    def _stop_watching(self) -> None:
        raise NotImplementedError

    async def _ready(self) -> None:
        """Wait until the pipe can be used, or is closed."""
        self._waiting = self._loop.create_future()
        self._watch()
        try:
            await self._waiting
        finally:
            self._waiting = None
            if not self._closed:
                self._stop_watching()


class InputPipe(_Pipe):
    """Our end of what a process reads from."""

    async def write(self, data: bytes) -> None:
        """Write all of it, as fast as the process reads. Writes of several tasks do not mix.

        Raises:
            InputClosed: the process takes no more.
        """
        async with self._turn:
            rest = memoryview(data)
            while True:
                rest = rest[self._write(rest[:CHUNK]) :]
                if not rest:
                    return
                await self._ready()

    def _write(self, data: memoryview) -> int:
        if self._closed:
            raise InputClosed("the process takes no more input")
        try:
            return os.write(self._descriptor, data)
        except BlockingIOError:
            return 0
        except OSError as error:  # nobody holds the other end any more
            self.close()
            raise InputClosed("the process takes no more input") from error

    def _watch(self) -> None:
        self._loop.add_writer(self._descriptor, self._wake)

    def _stop_watching(self) -> None:
        self._loop.remove_writer(self._descriptor)


class OutputPipe(_Pipe):
    """Our end of what a process prints. `heard` is told every chunk that leaves the pipe."""

    def __init__(self, file: BinaryIO, heard: OnOutput) -> None:
        super().__init__(file)
        self._heard = heard
        self._kept = bytearray()  # taken out of the pipe, and not yet given to anybody

    async def read(self, size: int = CHUNK) -> bytes:
        """The next bytes, as soon as there are some; nothing at the end."""
        async with self._turn:
            if not self._kept and not await self._more():
                return b""
            return self._cut(size)

    async def read_line(self, limit: int = MAX_LINE_BYTES) -> bytes:
        """The next line with its newline; the last may lack it; nothing at the end.

        Raises:
            LineTooLong: it has more bytes than `limit`; the stream can only be read by bytes then.
        """
        async with self._turn:
            looked = 0
            while (end := self._kept.find(b"\n", looked)) < 0:
                looked = len(self._kept)
                if looked > limit or not await self._more():
                    break
            size = end + 1 or len(self._kept)
            if size > limit:
                raise LineTooLong(f"a line of more than {limit} bytes")
            return self._cut(size)

    def finish(self) -> None:
        """Take what the dead have left in the pipe, for those who still read, and let go of it."""
        left = 0
        while left < _MAX_LEFT and (chunk := self._take()):
            left += len(chunk)
        self.close()

    def _cut(self, size: int) -> bytes:
        with memoryview(self._kept) as view:
            taken = bytes(view[:size])
        del self._kept[:size]
        return taken

    async def _more(self) -> bool:
        """Wait for the next chunk; false at the end."""
        before = len(self._kept)
        while self._take() is None:
            await self._ready()
        # One that prints without end is always ready: let others run between two chunks.
        await asyncio.sleep(0)
        return len(self._kept) > before  # also when `finish` has taken it meanwhile

    def _take(self) -> bytes | None:
        """A chunk out of the pipe; nothing at the end; None when there is none yet."""
        if self._closed:
            return b""
        try:
            chunk = os.read(self._descriptor, CHUNK)
        except BlockingIOError:
            return None
        self._kept += chunk
        if chunk:
            self._heard(chunk)
        return chunk

    def _watch(self) -> None:
        self._loop.add_reader(self._descriptor, self._wake)

    def _stop_watching(self) -> None:
        self._loop.remove_reader(self._descriptor)
