"""Renders events, so that every screen shows the same text."""

from collections.abc import Iterator

# The import of each module registers its renderers.
from agentproxy.app.show import chat as chat
from agentproxy.app.show import children as children
from agentproxy.app.show import preparation as preparation
from agentproxy.app.show import proof as proof
from agentproxy.app.show import requests as requests
from agentproxy.app.show import run as run
from agentproxy.app.show import tracing as tracing
from agentproxy.app.show import work as work
from agentproxy.app.show.lines import TELLERS, RenderedLine
from agentproxy.events.agent import AgentTold, TurnStarted
from agentproxy.events.effects import EffectStarted
from agentproxy.events.envelope import Event, Fact
from agentproxy.events.memory import MemoryWanted
from agentproxy.events.run import RunEnded
from agentproxy.events.team import (
    MailDelivered,
    RestWanted,
    StopTold,
    StopWanted,
    TeammateAnswered,
    TeammateTold,
)
from agentproxy.events.verdict import ChecksWeighed
from agentproxy.events.work import ProcessStarted, SessionOpened

# Facts that only programs need, or that another line repeats: the round shows the verdicts of its
# checks, and the result shows the end of the run.
SILENT: frozenset[type[Fact]] = frozenset(
    {
        AgentTold,
        ChecksWeighed,
        EffectStarted,
        MailDelivered,
        MemoryWanted,
        ProcessStarted,
        RestWanted,
        RunEnded,
        SessionOpened,
        StopTold,
        StopWanted,
        TeammateAnswered,
        TeammateTold,
        TurnStarted,
    }
)


def render(event: Event) -> Iterator[RenderedLine]:
    """Facts that only programs need give no line."""
    kind = type(event.fact)
    if kind not in SILENT:
        yield from TELLERS[kind](event.fact)
