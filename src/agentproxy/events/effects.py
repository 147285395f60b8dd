"""The start of an effect. Its end is the fact that it produces."""

from typing import Literal

from agentproxy.events.envelope import Fact


class EffectStarted(Fact):
    """An effect has begun."""

    kind: Literal["effect_started"] = "effect_started"
    effect: str  # the id; every fact of this effect has it as `cause`
