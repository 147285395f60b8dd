"""What a run has used, and what it may use: every question to a model, with its price."""

from typing import Literal

from agentproxy.events.conversation import Usage
from agentproxy.events.envelope import Fact

Purpose = Literal["work", "plan", "answer", "judge", "steer"]


class ModelAsked(Fact):
    """A model is about to be asked; `reserved` US dollars are kept back for it until it is settled.

    `call` is unique within the run; each attempt is a call of its own, and `attempt` counts them.
    """

    kind: Literal["model_asked"] = "model_asked"
    call: str
    model: str
    purpose: Purpose
    attempt: int = 1
    reserved: float = 0.0


class ModelSettled(Fact):
    """What became of a call: what it used and cost, or why it failed.

    `priced` is false where nobody knows the model's price; then `usd` is 0 and says nothing.
    `estimated` marks usage that no vendor reported, as of an answer that was cut off.
    """

    kind: Literal["model_settled"] = "model_settled"
    call: str
    model: str
    purpose: Purpose
    usage: Usage = Usage()
    usd: float = 0.0
    priced: bool = True
    estimated: bool = False
    seconds: float = 0.0
    error: str = ""
