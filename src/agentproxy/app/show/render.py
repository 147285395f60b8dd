"""Events in a person's words: one place, so that every screen says the same."""

from collections.abc import Iterator

# Each registers how its facts are told.
from agentproxy.app.show import preparation as preparation
from agentproxy.app.show import proof as proof
from agentproxy.app.show import requests as requests
from agentproxy.app.show import run as run
from agentproxy.app.show import work as work
from agentproxy.app.show.lines import TELLERS, RenderedLine
from agentproxy.events.agent import AgentTold
from agentproxy.events.cost import ModelAsked
from agentproxy.events.envelope import Event, Fact
from agentproxy.events.run import RunEnded
from agentproxy.events.work import ProcessStarted

# Facts that only machines need; how a run ended is said with its result.
SILENT: frozenset[type[Fact]] = frozenset({AgentTold, ModelAsked, ProcessStarted, RunEnded})


def render(event: Event) -> Iterator[RenderedLine]:
    """The lines of an event; none for what only machines need."""
    kind = type(event.fact)
    if kind not in SILENT:
        yield from TELLERS[kind](event.fact)
