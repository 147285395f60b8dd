"""Reads and writes a process's pipes, only on request."""

import asyncio
import contextlib
import os
from abc import ABC, abstractmethod
from typing import BinaryIO, Final

from agentproxy.workspace.sandbox.port import MAX_LINE_BYTES, InputClosed, LineTooLong, OnOutput

CHUNK: Final = 65536
_MAX_LEFT: Final = 1 << 20  # bytes; a pipe of Linux holds no more by default


class _Pipe(ABC):
    """A non-blocking descriptor. At most one task waits for it."""

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
        """Closes the pipe, and wakes the task that waits for it."""
        if self._closed:
            return
        self._stop_watching()
        with contextlib.suppress(OSError):
            self._file.close()
        self._wake()

    def _wake(self) -> None:
        if self._waiting is not None and not self._waiting.done():
            self._waiting.set_result(None)

    @abstractmethod
    def _watch(self) -> None: ...

    @abstractmethod
    def _stop_watching(self) -> None: ...

    async def _ready(self) -> None:
        self._waiting = self._loop.create_future()
        self._watch()
        try:
            await self._waiting
        finally:
            self._waiting = None
            if not self._closed:
                self._stop_watching()


class InputPipe(_Pipe):
    async def write(self, data: bytes) -> None:
        async with self._turn:
            rest = memoryview(data)
            while True:
                rest = rest[self._write(rest[:CHUNK]) :]
                if not rest:
                    return
                await self._ready()

    def _write(self, data: memoryview) -> int:
        if self._closed:
            raise InputClosed("the process reads no more input")
        try:
            return os.write(self._descriptor, data)
        except BlockingIOError:
            return 0
        except OSError as error:  # no process holds the other end
            self.close()
            raise InputClosed("the process reads no more input") from error

    def _watch(self) -> None:
        self._loop.add_writer(self._descriptor, self._wake)

    def _stop_watching(self) -> None:
        self._loop.remove_writer(self._descriptor)


class OutputPipe(_Pipe):
    """An output of a process. Every chunk from the pipe also goes to `on_output`."""

    def __init__(self, file: BinaryIO, on_output: OnOutput) -> None:
        super().__init__(file)
        self._on_output = on_output
        self._kept = bytearray()  # read from the pipe, but not yet returned

    async def read(self, size: int = CHUNK) -> bytes:
        async with self._turn:
            if not self._kept and not await self._more():
                return b""
            return self._cut(size)

    async def read_line(self, limit: int = MAX_LINE_BYTES) -> bytes:
        async with self._turn:
            searched = 0
            while (end := self._kept.find(b"\n", searched)) < 0:
                searched = len(self._kept)
                if searched > limit or not await self._more():
                    break
            size = end + 1 or len(self._kept)
            if size > limit:
                raise LineTooLong(f"the process printed a line of more than {limit} bytes")
            return self._cut(size)

    def finish(self) -> None:
        """Reads what is left in the pipe, and closes it. `read` still returns these bytes."""
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
        """Waits for the next chunk. Returns False at the end."""
        before = len(self._kept)
        while self._take() is None:
            await self._ready()
        # A process that prints without end is always ready: other tasks must run too.
        await asyncio.sleep(0)
        return len(self._kept) > before  # `finish` may have read the chunk

    def _take(self) -> bytes | None:
        """Reads a chunk. Returns b"" at the end, and None if there is none yet."""
        if self._closed:
            return b""
        try:
            chunk = os.read(self._descriptor, CHUNK)
        except BlockingIOError:
            return None
        self._kept += chunk
        if chunk:
            self._on_output(chunk)
        return chunk

    def _watch(self) -> None:
        self._loop.add_reader(self._descriptor, self._wake)

    def _stop_watching(self) -> None:
        self._loop.remove_reader(self._descriptor)
