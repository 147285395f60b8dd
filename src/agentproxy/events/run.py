"""The beginning, the segments and the ends of a run."""

from typing import Annotated, Literal

from pydantic import Field

from agentproxy.events.envelope import Fact, FrozenModel
from agentproxy.events.verdict import Verdict

ParkedFor = Literal["human", "ceiling", "infrastructure", "interrupted", "usage"]
FaceName = Literal["supervised", "conversation", "task", "pipeline"]
SandboxLevel = Literal["auto", "plain"]

# JSON knows no infinity and writes null, which here means: without a ceiling.
Bound = Annotated[float, Field(allow_inf_nan=False)] | None
ONE_HOUR = 3600.0
EXIT_BY_VERDICT: dict[Verdict, int] = {"verified": 0, "refuted": 1, "unverified": 3}
EXIT_BY_PARKING: dict[ParkedFor, int] = {
    "usage": 2,
    "human": 4,
    "ceiling": 5,
    "infrastructure": 6,
    "interrupted": 130,
}


class Order(FrozenModel):
    """What a person ordered of a supervised run. `directory` is relative to `repository`, the root
    of the work tree.

    `model` is what the worker thinks with, `judge` what the supervisor does ("" for none).
    `max_time` bounds the seconds that workers may work in all rounds together, `budget` the US
    dollars that models may cost; None is without a ceiling.
    `screenshots` are names of files relative to the run's folder.
    """

    face: Literal["supervised"] = "supervised"
    task: str
    repository: str
    directory: str = "."
    worker: str
    model: str = ""
    judge: str = ""
    budget: Bound = None
    checks: tuple[str, ...] = ()
    keep: tuple[str, ...] = ()
    known_red: tuple[str, ...] = ()
    max_rounds: int = 3
    max_time: float = ONE_HOUR
    from_head: bool = False
    include_untracked: bool = False
    sandbox: SandboxLevel = "auto"
    screenshots: tuple[str, ...] = ()


# The union of what the faces are asked for, by `face`: pydantic wants two members to discriminate.
FaceRequest = Order


class RunCreated(Fact):
    """A run exists from here on. `parent` is the run that it is a part of, "" for none."""

    kind: Literal["run_created"] = "run_created"
    request: FaceRequest
    parent: str = ""
    product: str

    @property
    def face(self) -> FaceName:
        """Which way into the engine the run came."""
        return self.request.face


class SegmentStarted(Fact):
    """A process took the run into its hands; `sandbox` is the level of isolation in force."""

    kind: Literal["segment_started"] = "segment_started"
    segment: int
    pid: int
    sandbox: str


class RunParked(Fact):
    """Nobody works on the run now; `pa resume` goes on."""

    kind: Literal["run_parked"] = "run_parked"
    why: ParkedFor
    reason: str


class CeilingRaised(Fact):
    """A person allowed more: `max_time` is the new sum in seconds, `budget` that in US dollars."""

    kind: Literal["ceiling_raised"] = "ceiling_raised"
    max_time: Bound = None
    budget: Bound = None


class RunEnded(Fact):
    """The run has its verdict, or was stopped by a person (then `stopped` is true)."""

    kind: Literal["run_ended"] = "run_ended"
    verdict: Verdict
    reason: str
    stopped: bool = False


class EffectFailed(Fact):
    """An effect broke. `effect` is its id; `cure` says what a person can do."""

    kind: Literal["effect_failed"] = "effect_failed"
    effect: str
    error: str
    cure: str = ""
    fault: Literal["infrastructure", "usage", "ceiling"] = "infrastructure"


class DecisionMade(Fact):
    """What the supervisor decided, and why."""

    kind: Literal["decision_made"] = "decision_made"
    round: int
    decision: Literal["again", "next_part", "deliver", "give_up"]
    reason: str
