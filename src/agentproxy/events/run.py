"""The beginning, the segments and the end of a run."""

from typing import Annotated, Literal

from pydantic import Field

from agentproxy.events.envelope import Fact, FrozenModel
from agentproxy.events.verdict import Verdict

ParkedFor = Literal["human", "ceiling", "infrastructure", "interrupted", "usage"]
FaceName = Literal["supervised", "conversation", "child", "task", "pipeline"]
ChildRole = Literal["subagent", "teammate"]
ThinkingEffort = Literal["high", "max"]
SandboxLevel = Literal["auto", "plain"]

# JSON has no infinity and writes null. Here null means no ceiling.
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
    """The order of a supervised run."""

    face: Literal["supervised"] = "supervised"
    task: str
    repository: str  # the root of the work tree
    directory: str = "."  # relative to `repository`
    worker: str
    model: str = ""  # of the worker
    judge: str = ""  # the supervisor's model; "" for none
    budget: Bound = None  # US dollars for all models together
    checks: tuple[str, ...] = ()
    keep: tuple[str, ...] = ()
    known_red: tuple[str, ...] = ()
    max_rounds: int = 3
    max_time: float = ONE_HOUR  # seconds of work, in all rounds together
    from_head: bool = False
    include_untracked: bool = False
    sandbox: SandboxLevel = "auto"
    mutants: Literal["tests", "all"] = "tests"  # the claims that mutants are made of
    screenshots: tuple[str, ...] = ()  # file names relative to the run's folder
    captions: tuple[str, ...] = ()  # what each screenshot shows; "" where nobody said
    mission: str = ""  # what the task is for; no part of what it asks


class AgentOrder(FrozenModel):
    """What a conversation with our own agent and the agents that help it have in common."""

    model: str
    workspace: str  # the absolute path of its folder
    preset: str = "coding"
    system_prompt: str = ""  # in place of the preset and what is added to it
    teams: bool = False
    tracing: bool = False
    approval: bool = False
    plan_mode: bool = False
    thinking: bool = False  # its model is asked to think
    thinking_effort: ThinkingEffort = "high"
    budget: Bound = None  # US dollars for all its models together
    sandbox: SandboxLevel = "auto"

    @property
    def effort(self) -> ThinkingEffort | None:
        """The effort that its model is asked for; None leaves thinking to the vendor."""
        return self.thinking_effort if self.thinking else None


class ChatOrder(AgentOrder):
    """The order of a conversation of a user with our own agent."""

    face: Literal["conversation"] = "conversation"


class ChildOrder(AgentOrder):
    """The order of an agent that works for a conversation. That conversation pays for it."""

    face: Literal["child"] = "child"
    root: str  # the conversation of the user
    role: ChildRole
    name: str  # of a teammate; a subagent has its kind
    duty: str = ""  # what a teammate is there for
    task: str  # its first message
    depth: int = 1  # more in older journals only, where a subagent could make another
    read_only: bool = False  # it cannot write to the workspace


FaceRequest = Annotated[Order | ChatOrder | ChildOrder, Field(discriminator="face")]


class RunCreated(Fact):
    """A run exists from here on."""

    kind: Literal["run_created"] = "run_created"
    request: FaceRequest
    parent: str = ""  # the run that this is a part of
    product: str

    @property
    def face(self) -> FaceName:
        return self.request.face


class SegmentStarted(Fact):
    """A process took over the run."""

    kind: Literal["segment_started"] = "segment_started"
    segment: int
    pid: int
    sandbox: str  # the level of isolation in force
    product: str = ""  # the version that took over


class RunParked(Fact):
    """The run is paused. `pa resume` continues it."""

    kind: Literal["run_parked"] = "run_parked"
    why: ParkedFor
    reason: str


class CeilingRaised(Fact):
    """A person raised the limits."""

    kind: Literal["ceiling_raised"] = "ceiling_raised"
    max_time: Bound = None  # the new total in seconds
    budget: Bound = None  # the new total in US dollars


class RunEnded(Fact):
    """The run has its verdict, or a person stopped it."""

    kind: Literal["run_ended"] = "run_ended"
    verdict: Verdict
    reason: str
    stopped: bool = False  # by a person


class EffectFailed(Fact):
    """An effect failed."""

    kind: Literal["effect_failed"] = "effect_failed"
    effect: str  # its id
    error: str
    cure: str = ""  # what a person can do
    fault: Literal["infrastructure", "usage", "ceiling"] = "infrastructure"


class DecisionMade(Fact):
    """The supervisor decided how to continue."""

    kind: Literal["decision_made"] = "decision_made"
    round: int
    decision: Literal["again", "next_part", "deliver", "give_up"]
    reason: str
