"""Every model call of a run, with its tokens and its price."""

from typing import Literal

from agentproxy.events.conversation import Usage
from agentproxy.events.envelope import Fact

Purpose = Literal[
    "work", "plan", "answer", "judge", "steer", "compact", "subagent", "teammate", "memory"
]


class ModelAsked(Fact):
    """A model is about to be asked."""

    kind: Literal["model_asked"] = "model_asked"
    call: str  # unique within the run; each attempt is a call of its own
    model: str
    purpose: Purpose
    attempt: int = 1
    reserved: float = 0.0  # US dollars, kept back until the call is settled
    # Tokens that the answer may have where the money pays fewer than were wanted; else 0.
    shortened: int = 0


class ModelSettled(Fact):
    """A model call has ended, with its cost or its error."""

    kind: Literal["model_settled"] = "model_settled"
    call: str
    model: str
    purpose: Purpose
    usage: Usage = Usage()
    usd: float = 0.0
    priced: bool = True  # where false, the model's price is unknown and `usd` is 0
    estimated: bool = False  # the vendor reported no usage, for example after a cut-off answer
    seconds: float = 0.0
    error: str = ""
