"""Requests as bytes, and the status of every answer to them."""

import re
import socket
from urllib.parse import urlsplit

from support.chats import Served


def ask_raw(served: Served, *parts: bytes) -> list[int]:
    """The status of each answer on one connection, until the server closes it or is silent."""
    place = urlsplit(served.url)
    with socket.create_connection((str(place.hostname), place.port or 0), timeout=5) as wire:
        for part in parts:
            wire.sendall(part)
        data = b""
        wire.settimeout(1)
        try:
            while piece := wire.recv(1 << 16):
                data += piece
        except (TimeoutError, ConnectionError):
            pass
    return [int(status) for status in re.findall(rb"HTTP/1\.1 (\d{3})", data)]


def head(served: Served, request: str, *lines: str) -> bytes:
    host = urlsplit(served.url).netloc
    return "\r\n".join([request, f"Host: {host}", *lines, "", ""]).encode("latin-1")
