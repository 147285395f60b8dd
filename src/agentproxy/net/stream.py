"""The bytes of one connection of a client. All waits to be heard are bounded."""

import asyncio
import contextlib
import socket
import struct
from typing import Final

from agentproxy.net.request import ClientGone

LINGER_SECONDS: Final = 1.0
PIECE_BYTES: Final = 65536


class Stream:
    """A connected socket; `unread` has come, and nobody has taken it yet."""

    def __init__(self, connection: socket.socket, *, write_seconds: float) -> None:
        connection.settimeout(0)
        self._socket = connection
        self._write_seconds = write_seconds
        self._loop = asyncio.get_running_loop()
        self.unread = bytearray()

    async def more(self) -> None:
        """Wait until more is unread.

        Raises:
            ClientGone: nothing follows.
        """
        # What is there already comes without waiting, and would keep all others from their turn.
        await asyncio.sleep(0)
        try:
            piece = await self._loop.sock_recv(self._socket, PIECE_BYTES)
        except OSError as error:
            raise ClientGone from error
        if not piece:
            raise ClientGone
        self.unread += piece

    async def receive(self) -> bytes:
        """Whatever comes next; nothing is the end.

        Raises:
            ClientGone: the connection is lost.
        """
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
        """Send it whole.

        Raises:
            ClientGone: the client is gone, or takes nothing.
        """
        try:
            async with asyncio.timeout(self._write_seconds):
                await self._loop.sock_sendall(self._socket, content)
        except (OSError, TimeoutError) as error:
            raise ClientGone from error

    def end_sending(self) -> None:
        """Tell the client that nothing follows."""
        with contextlib.suppress(OSError):
            self._socket.shutdown(socket.SHUT_WR)

    async def linger(self) -> None:
        """Say that this is all, and take what is still sent: closing over it would lose our answer
        on its way.
        """
        self.end_sending()
        with contextlib.suppress(ClientGone, TimeoutError):
            async with asyncio.timeout(LINGER_SECONDS):
                while await self.receive():
                    pass

    def reset(self) -> None:
        """Let the end of the connection look like the loss that it is."""
        with contextlib.suppress(OSError):
            at_once = struct.pack("ii", 1, 0)
            self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, at_once)
