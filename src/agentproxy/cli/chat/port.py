"""Where conversations are, as `pa chat` uses them: in this process, or on a server."""

from collections.abc import Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from typing import Any, Protocol

Message = dict[str, Any]  # as docs/server.md describes them
MAX_SENT_BYTES = 1 << 20  # of one message as JSON


REDACTED = "[REDACTED]"  # stands in what is told for each secret that was sent


def is_told_of(told: str, sent: str) -> bool:
    """Whether what is told may be the text that was sent, without its secrets."""
    first, *rest = told.split(REDACTED)
    if not rest or not sent.startswith(first):
        return told == sent
    at = len(first)
    for piece in rest[:-1]:
        found = sent.find(piece, at)
        if found < 0:
            return False
        at = found + len(piece)
    return len(sent) - len(rest[-1]) >= at and sent.endswith(rest[-1])


class Broken(Exception):
    """A connection ended by itself. It can be opened again."""


class Unreachable(Exception):
    """A conversation cannot be reached, or is gone. `cure` says what a person can do."""

    def __init__(self, message: str, *, cure: str = "", code: int = 6) -> None:
        super().__init__(message)
        self.cure = cure
        self.code = code


@dataclass(frozen=True, slots=True)
class ListedConversation:
    """A conversation in a list."""

    id: str
    title: str
    created: str  # ISO 8601
    messages: int


class Talk(Protocol):
    """One open connection to a conversation: events come in, commands go out."""

    async def receive(self) -> Message:
        """Returns the next event. Raises Broken, Unreachable."""
        ...

    async def send(self, message: Message) -> None:
        """Raises Broken."""
        ...


class Talks(Protocol):
    """All methods raise Unreachable."""

    place: str  # for a person
    goes_on: bool  # whether a turn goes on when the client leaves

    async def create(self, asked: Mapping[str, object]) -> str: ...

    async def newest(self, *, limit: int) -> Sequence[ListedConversation]: ...

    async def read(self, conversation: str) -> Message:
        """Returns the conversation whole, with where it stands."""
        ...

    async def delete(self, conversation: str) -> None: ...

    def open(self, conversation: str, *, after: int) -> AbstractAsyncContextManager[Talk]:
        """Gives everything that happens after the event `after`. Raises Broken."""
        ...
