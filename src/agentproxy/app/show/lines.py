"""Defines the lines for a person, and registers a renderer for each fact."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Literal, TypeVar, cast

from agentproxy.events.envelope import Fact

Tone = Literal["plain", "quiet", "good", "bad", "unsure", "loud"]
SomeFact = TypeVar("SomeFact", bound=Fact)
MAX_SHOWN_PATHS = 8


@dataclass(frozen=True, slots=True)
class RenderedLine:
    """One line for a person; `indent` counts steps to the right."""

    text: str
    tone: Tone = "plain"
    indent: int = 0


Teller = Callable[[Fact], Iterator[RenderedLine]]
TELLERS: dict[type[Fact], Teller] = {}


def renders(
    kind: type[SomeFact],
) -> Callable[[Callable[[SomeFact], Iterator[RenderedLine]]], Teller]:
    def register(function: Callable[[SomeFact], Iterator[RenderedLine]]) -> Teller:
        TELLERS[kind] = cast("Teller", function)
        return TELLERS[kind]

    return register


def named(names: tuple[str, ...]) -> str:
    more = f" and {len(names) - MAX_SHOWN_PATHS} more" if len(names) > MAX_SHOWN_PATHS else ""
    return ", ".join(names[:MAX_SHOWN_PATHS]) + more
