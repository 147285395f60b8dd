"""Reads messages from standard input."""

import asyncio
import os
import threading
from collections.abc import AsyncIterator

from agentproxy.cli.chat.port import MAX_SENT_BYTES
from agentproxy.cli.failure import Failure

CHUNK = 1 << 16
CURE = "put the text in a file, and name the file in the message"


async def lines_of_input(keyboard: int = 0) -> AsyncIterator[str]:
    """Gives the lines that are not empty. Raises Failure."""
    rest = b""
    async for chunk in _chunks(keyboard):
        *lines, rest = (rest + chunk).split(b"\n")
        _refuse_long(rest)
        for line in lines:
            if line.strip():
                yield _decoded(line)
    if rest.strip():
        yield _decoded(rest)


async def whole_input(keyboard: int = 0) -> str:
    """Raises Failure."""
    text = b""
    async for chunk in _chunks(keyboard):
        text += chunk
        _refuse_long(text)
    return _decoded(text)


async def _chunks(keyboard: int) -> AsyncIterator[bytes]:
    # In a thread, since a file cannot be waited for; it is let go where the process ends first.
    loop = asyncio.get_running_loop()
    came: asyncio.Queue[bytes] = asyncio.Queue()
    wanted = threading.Semaphore(0)

    def read() -> None:
        while True:
            wanted.acquire()
            try:
                chunk = os.read(keyboard, CHUNK)
            except OSError:
                chunk = b""
            try:
                loop.call_soon_threadsafe(came.put_nowait, chunk)
            except RuntimeError:
                return  # the loop is closed
            if not chunk:
                return

    threading.Thread(target=read, daemon=True).start()
    while True:
        wanted.release()
        if not (chunk := await came.get()):
            return
        yield chunk


def _refuse_long(text: bytes) -> None:
    if len(text) > MAX_SENT_BYTES:
        raise Failure(f"a message has more than {MAX_SENT_BYTES} bytes", cure=CURE)


def _decoded(text: bytes) -> str:
    try:
        # A line that begins with a space is no command.
        return text.decode().rstrip()
    except UnicodeDecodeError:
        raise Failure("the input is not UTF-8", cure="write it in UTF-8") from None
