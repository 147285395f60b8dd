"""What a handler receives besides its effect."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Generic, Protocol, TypeVar

from agentproxy.events.envelope import Fact

S = TypeVar("S")
# A handler of a base face may be given the context of a face that extends it.
S_co = TypeVar("S_co", covariant=True)
D_co = TypeVar("D_co", covariant=True)


class RecordFact(Protocol):
    """Returns when the facts, all or none, are on disk and in the state."""

    def __call__(self, *facts: Fact) -> Awaitable[None]: ...


ShowText = Callable[[str, str], None]
Until = Callable[[Callable[[S], bool]], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class Context(Generic[S_co, D_co]):
    """The state to read, the parts of the face, and the ways to report.
    A handler changes the state only by the facts that it returns or records.
    """

    state: S_co
    parts: D_co
    record: RecordFact
    until: Until[S_co]  # returns when the condition holds in the state
    show: ShowText  # (source, text); may drop the text, and never waits
