"""A request as our proxies read it, what bounds it, and why it is refused; pure."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

MIB: Final = 1024 * 1024

# h11 reads all of these in one way; another reader may read them in another.
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
    """Not a request that can be understood in one way only, or one beyond the bounds; `status` is
    the answer to it, and the connection ends with it.
    """

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status


class ClientGone(Exception):
    """The client closed the connection, or takes no answer."""


@dataclass(frozen=True, slots=True)
class Bounds:
    """Bytes of a head, of a body, and of the bodies of all connections that are held at once;
    seconds until a connection's next request, for a head, for a body, for any write to be taken;
    and connections at once.
    """

    head: int = 32 * 1024
    body: int = 32 * MIB
    bodies: int = 64 * MIB
    idle_seconds: float = 120.0
    head_seconds: float = 10.0
    body_seconds: float = 120.0
    write_seconds: float = 60.0
    connections: int = 32


@dataclass(frozen=True, slots=True)
class RequestHead:
    """The first part of a request. `fields` have names in lower case, `lines` are as they came;
    `length` is None where the body comes in chunks.
    """

    method: str
    target: str
    fields: Mapping[str, str]
    lines: Sequence[tuple[bytes, bytes]]
    length: int | None


class BodyBudget:
    """The bytes that the bodies of all connections may have together."""

    def __init__(self, limit: int) -> None:
        self._left = limit

    def take(self, count: int) -> None:
        """Count bytes that will be held.

        Raises:
            Malformed: they are too many beside what is held already.
        """
        if count > self._left:
            raise Malformed(503, "too many bytes of requests at once; ask again later")
        self._left -= count

    def give_back(self, count: int) -> None:
        """They are not held any more."""
        self._left += count


def check_head(text: bytes) -> None:
    """Let pass a head, without the empty line at its end, that every reader reads in one way.

    Raises:
        Malformed: it is another.
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
        raise Malformed(400, "both a length and a transfer coding")
    for name, line in zip(names, lines, strict=True):
        _check_line(name, line, chunks=first.endswith(b"1.1"))


def _check_line(name: str, line: bytes, *, chunks: bool) -> None:
    if name == "content-length" and not _LENGTH.match(line):
        raise Malformed(400, "a length that is no number")
    if name == "transfer-encoding" and not (chunks and _CODING.match(line)):
        raise Malformed(400, "a transfer coding other than chunked")
    if name == "host" and not _HOST.match(line):
        raise Malformed(400, "a host that is no plain host:port")
