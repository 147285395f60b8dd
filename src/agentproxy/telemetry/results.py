"""When an effect has ended, as its facts show. Pure."""

from agentproxy.events.agent import ToolFinished, ToolStarted, TurnStarted
from agentproxy.events.background import BackgroundStarted
from agentproxy.events.check import CheckStarted
from agentproxy.events.children import ChildStarted
from agentproxy.events.cost import ModelAsked, ModelSettled
from agentproxy.events.effects import EffectStarted
from agentproxy.events.envelope import Event, Fact
from agentproxy.events.git_facts import EnvironmentBuildStarted
from agentproxy.events.requests import RequestMade
from agentproxy.events.run import SegmentStarted
from agentproxy.events.tracing import AnswerTraced, PromptTraced
from agentproxy.events.work import NetworkRefused, ProcessStarted, WorkerEnded, WorkerStarted

WORK = "work"
CHILD = "child:"  # begins the cause of what an agent that helps has cost, which its run has too
# With these an effect goes on. Any other fact is its result.
ON_THE_WAY = (
    AnswerTraced,
    BackgroundStarted,
    CheckStarted,
    ChildStarted,
    EffectStarted,
    EnvironmentBuildStarted,
    ModelAsked,
    ModelSettled,
    NetworkRefused,
    ProcessStarted,
    PromptTraced,
    RequestMade,
    ToolStarted,
    TurnStarted,
    WorkerStarted,
)
RESULTS: dict[str, type[Fact]] = {WORK: WorkerEnded, "tool": ToolFinished}


def outer_and_own(effect: str) -> tuple[str, str]:
    """Splits the id of an effect: the worker's effect around it, or "", and its own part."""
    # The effects of our own agent are named after the one that it works in. Names of checks and
    # calls may hold a slash too.
    outer, slash, own = effect.partition("/")
    return (outer, own) if slash and outer.startswith(f"{WORK}:") else ("", effect)


def function_of(effect: str) -> str:
    """Returns the function of an effect: `check` for `check:base:tests:1`, also in an agent."""
    return outer_and_own(effect)[1].partition(":")[0]


def of_effect(event: Event) -> bool:
    """Whether an effect of this run caused the event, and not a command, or an effect elsewhere."""
    # A segment may begin inside an effect of another run.
    return bool(event.cause) and not (
        event.cause.startswith("command:") or isinstance(event.fact, SegmentStarted)
    )


def is_result(event: Event) -> bool:
    """Whether the effect that caused the event ends with it."""
    result = RESULTS.get(function_of(event.cause))
    if result is not None:
        return isinstance(event.fact, result)
    return not isinstance(event.fact, ON_THE_WAY)
