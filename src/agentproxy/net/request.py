"""The head of a request, its limits, and the reasons to refuse it. Pure."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

MIB: Final = 1024 * 1024

# h11 accepts all of these. Another reader may understand them differently.
_AMBIGUOUS: Final = re.compile(
    rb"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]|(?<!\r)\n|\r(?!\n)|\r\n[ \t]|\A[\r\n]"
)
_METHOD: Final = re.compile(rb"[A-Z-]{1,30} ")
_VERSION: Final = re.compile(rb" HTTP/1\.[01]\Z")
_LENGTH: Final = re.compile(rb"content-length:[ \t]*[0-9]{1,12}[ \t]*\Z", re.IGNORECASE)
_CODING: Final = re.compile(rb"transfer-encoding:[ \t]*chunked[ \t]*\Z", re.IGNORECASE)
_HOST: Final = re.compile(rb"host:[ \t]*[A-Za-z0-9._~:%\[\]-]*[ \t]*\Z", re.IGNORECASE)
_SINGLE: Final = ("content-length", "transfer-encoding", "host")


class Malformed(Exception):
    """A request that is ambiguous or beyond the limits. `status` is the answer."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status


class ClientGone(Exception):
    """The client closed the connection, or reads no answer."""


@dataclass(frozen=True, slots=True)
class Bounds:
    """The limits of requests and connections."""

    head: int = 32 * 1024  # bytes
    body: int = 32 * MIB
    bodies: int = 64 * MIB  # bytes of the bodies of all connections together
    idle_seconds: float = 120.0  # until the next request of a connection
    head_seconds: float = 10.0
    body_seconds: float = 120.0
    write_seconds: float = 60.0  # until the client takes a write
    connections: int = 32  # open at the same time


@dataclass(frozen=True, slots=True)
class RequestHead:
    """The head of a request."""

    method: str
    target: str
    fields: Mapping[str, str]  # names in lower case
    lines: Sequence[tuple[bytes, bytes]]  # as received
    length: int | None  # bytes; None for a body in chunks


class BodyBudget:
    """The bytes that the bodies of all connections may hold together."""

    def __init__(self, limit: int) -> None:
        self._left = limit

    def take(self, count: int) -> None:
        """Reserves bytes. Raises Malformed when too few are left."""
        if count > self._left:
            raise Malformed(503, "too many request bytes at once; try again later")
        self._left -= count

    def give_back(self, count: int) -> None:
        self._left += count


def check_head(text: bytes) -> None:
    """Checks that every reader understands a head the same way. `text` ends before the empty line.

    Raises:
        Malformed: it is ambiguous.
    """
    first, *lines = text.split(b"\r\n")
    if _AMBIGUOUS.search(text):
        raise Malformed(400, "a control character, a bare line end or a folded line in the head")
    if not _METHOD.match(first) or not _VERSION.search(first):
        raise Malformed(400, "not a plain request line")
    names = [line.partition(b":")[0].strip().lower().decode("latin-1") for line in lines]
    for name in _SINGLE:
        if names.count(name) > 1:
            raise Malformed(400, f"{name} is given twice")
    if "transfer-encoding" in names and "content-length" in names:
        raise Malformed(400, "both a content-length and a transfer-encoding")
    for name, line in zip(names, lines, strict=True):
        _check_line(name, line, chunks=first.endswith(b"1.1"))


def _check_line(name: str, line: bytes, *, chunks: bool) -> None:
    if name == "content-length" and not _LENGTH.match(line):
        raise Malformed(400, "a content-length that is not a number")
    if name == "transfer-encoding" and not (chunks and _CODING.match(line)):
        raise Malformed(400, "a transfer-encoding other than chunked")
    if name == "host" and not _HOST.match(line):
        raise Malformed(400, "a host that is not a plain host:port")
