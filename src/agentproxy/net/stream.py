"""The bytes of one client connection. Every wait for the client to read is bounded."""

import asyncio
import contextlib
import socket
import struct
from typing import Final

from agentproxy.net.request import ClientGone

LINGER_SECONDS: Final = 1.0
PIECE_BYTES: Final = 65536


class Stream:
    """A connected socket."""

    def __init__(self, connection: socket.socket, *, write_seconds: float) -> None:
        connection.settimeout(0)
        self._socket = connection
        self._write_seconds = write_seconds
        self._loop = asyncio.get_running_loop()
        self.unread = bytearray()  # received, but not yet used

    async def more(self) -> None:
        """Waits for more unread bytes. Raises ClientGone at the end."""
        # `sock_recv` returns at once while bytes are there: a fast client would block the others.
        await asyncio.sleep(0)
        try:
            piece = await self._loop.sock_recv(self._socket, PIECE_BYTES)
        except OSError as error:
            raise ClientGone from error
        if not piece:
            raise ClientGone
        self.unread += piece

    async def receive(self) -> bytes:
        """Returns the next bytes; b"" at the end. Raises ClientGone."""
        await asyncio.sleep(0)  # as above
        if self.unread:
            piece = bytes(self.unread)
            self.unread.clear()
            return piece
        try:
            return await self._loop.sock_recv(self._socket, PIECE_BYTES)
        except OSError as error:
            raise ClientGone from error

    async def send(self, content: bytes) -> None:
        """Sends all of it. Raises ClientGone when the client is gone or reads nothing."""
        try:
            async with asyncio.timeout(self._write_seconds):
                await self._loop.sock_sendall(self._socket, content)
        except (OSError, TimeoutError) as error:
            raise ClientGone from error

    def end_sending(self) -> None:
        with contextlib.suppress(OSError):
            self._socket.shutdown(socket.SHUT_WR)

    async def linger(self) -> None:
        # Closing while the client still sends resets the connection, and our answer could be lost.
        self.end_sending()
        with contextlib.suppress(ClientGone, TimeoutError):
            async with asyncio.timeout(LINGER_SECONDS):
                while await self.receive():
                    pass

    def reset(self) -> None:
        with contextlib.suppress(OSError):
            # A linger time of 0 sends RST: the client must see a lost connection, not a complete
            # answer.
            at_once = struct.pack("ii", 1, 0)
            self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, at_once)
