"""The beginning and the failure of what a run sets out to do; its end is the fact it is for."""

from typing import Literal

from agentproxy.events.envelope import Fact


class EffectStarted(Fact):
    """An effect has begun. Every fact that it brings about has its id as `cause`."""

    kind: Literal["effect_started"] = "effect_started"
    effect: str
