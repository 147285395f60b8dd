"""What a handler is given beside its effect."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Generic, TypeVar

from agentproxy.events.envelope import Fact

S = TypeVar("S")
D = TypeVar("D")
RecordFact = Callable[[Fact], Awaitable[None]]
ShowText = Callable[[str, str], None]


@dataclass(frozen=True, slots=True)
class Context(Generic[S, D]):
    """The state to read, the face's own parts (`parts`), and the two ways up.

    `record` returns when the fact is on disk and in the state. `show` takes (source, text), may
    drop it, and never waits. A handler changes the state only by the facts that it gives.
    """

    state: S
    parts: D
    record: RecordFact
    show: ShowText
