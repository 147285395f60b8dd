"""Events in a person's words: one place, so that every screen says the same."""

from collections.abc import Iterator

# Each registers how its facts are told.
from agentproxy.app.show import preparation as preparation
from agentproxy.app.show import proof as proof
from agentproxy.app.show import requests as requests
from agentproxy.app.show import run as run
from agentproxy.app.show import work as work
from agentproxy.app.show.lines import TELLERS, RenderedLine
from agentproxy.events.agent import AgentTold, TurnStarted
from agentproxy.events.cost import ModelAsked
from agentproxy.events.effects import EffectStarted
from agentproxy.events.envelope import Event, Fact
from agentproxy.events.run import RunEnded
from agentproxy.events.verdict import ChecksWeighed
from agentproxy.events.work import ProcessStarted

# Facts that only machines need, or that another says again: verdicts of checks are told when the
# round is judged, and how a run ended with its result.
SILENT: frozenset[type[Fact]] = frozenset(
    {
        AgentTold,
        ChecksWeighed,
        EffectStarted,
        ModelAsked,
        ProcessStarted,
        RunEnded,
        TurnStarted,
    }
)


def render(event: Event) -> Iterator[RenderedLine]:
    """The lines of an event; none for what only machines need."""
    kind = type(event.fact)
    if kind not in SILENT:
        yield from TELLERS[kind](event.fact)
