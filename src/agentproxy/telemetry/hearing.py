"""What each fact means for the spans of its run. Pure."""

from agentproxy.events.agent import ModelAnswered, ToolFinished, ToolStarted
from agentproxy.events.chat import UserTurnEnded, UserTurnStarted
from agentproxy.events.check import CheckFinished
from agentproxy.events.cost import ModelAsked, ModelSettled
from agentproxy.events.envelope import Event
from agentproxy.events.git_facts import ClaimRecorded
from agentproxy.events.requests import RequestDecided, RequestMade, RequestReferred
from agentproxy.events.run import (
    DecisionMade,
    Order,
    RunCreated,
    RunEnded,
    RunParked,
    SegmentStarted,
)
from agentproxy.events.verdict import RoundJudged
from agentproxy.events.work import WorkerEnded, WorkerStarted
from agentproxy.telemetry import genai
from agentproxy.telemetry.results import function_of
from agentproxy.telemetry.spans import Span
from agentproxy.telemetry.story import Story, hears

AGAIN = ("again", "next_part")


def kind_of(worker: str) -> str:
    """Returns the worker without what its user wrote after the colon."""
    return worker.partition(":")[0]


@hears(RunCreated, when="before")
def created(story: Story, event: Event, fact: RunCreated) -> None:
    request = fact.request
    story.face, story.began = request.face, event.time
    story.told = {"agentproxy.run": event.run, "agentproxy.face": request.face}
    if isinstance(request, Order):
        story.told["agentproxy.worker"] = kind_of(request.worker)
        if story.content:
            story.told["agentproxy.task"] = request.task
    else:
        story.told["gen_ai.conversation.id"] = event.run


@hears(SegmentStarted, when="before")
def segment(story: Story, event: Event, fact: SegmentStarted) -> None:
    was_cut = story.stretch is not None
    if was_cut:
        story.end_stretch(story.last, cut_off=True)
    story.segment = fact.segment
    if story.face == "supervised":
        story.begin_stretch(event.time if story.first else story.began)
    elif was_cut:
        story.begin_stretch(event.time)


@hears(UserTurnStarted, when="before")
def turn(story: Story, event: Event, fact: UserTurnStarted) -> None:
    story.turn, story.began, story.first = fact.message, event.time, None
    story.begin_stretch(event.time)
    if story.content and story.stretch is not None:
        story.stretch.attributes["agentproxy.task"] = fact.text


@hears(WorkerStarted)
def worker(story: Story, event: Event, fact: WorkerStarted) -> None:
    if (span := story.effects.get(event.cause)) is not None:
        span.attributes |= {
            "gen_ai.operation.name": "invoke_agent",
            "gen_ai.agent.name": kind_of(fact.worker),
            "agentproxy.round": fact.round,
            "agentproxy.again": fact.again,
        }


@hears(ModelAsked)
def asked(story: Story, event: Event, fact: ModelAsked) -> None:
    # The supervisor's calls have their documented name, whoever the vendor is.
    thinks = story.face == "supervised" and fact.purpose != "work"
    name = "gemini.api.call" if thinks else f"chat {fact.model}"
    place, parent = story.place("model", fact.call), story.below(event.cause)
    span = Span(name, place, parent, event.time, genai.asked(fact), is_client=True)
    span.attributes["gen_ai.conversation.id"] = event.run
    story.within["model", fact.call] = span


@hears(ModelSettled)
def settled(story: Story, event: Event, fact: ModelSettled) -> None:
    key = ("model", fact.call)
    if (span := story.within.get(key)) is not None:
        span.attributes |= genai.settled(fact)
    interrupted = fact.error == "the question was interrupted"
    error = ("interrupted" if interrupted else "model_error") if fact.error else ""
    story.end_within(key, event.time, error=error)


@hears(ToolStarted)
def tool(story: Story, event: Event, fact: ToolStarted) -> None:
    attributes = genai.tool(fact, content=story.content)
    own = story.effects.get(event.cause)
    if own is not None and function_of(event.cause) == "tool":
        own.name = f"execute_tool {fact.tool}"
        own.attributes |= attributes
        return
    place, parent = story.place("tool", event.cause, fact.call), story.below(event.cause)
    span = Span(f"execute_tool {fact.tool}", place, parent, event.time, attributes)
    story.within["tool", fact.call] = span


@hears(ToolFinished)
def tool_ended(story: Story, event: Event, fact: ToolFinished) -> None:
    key = ("tool", fact.call)
    span = story.within.get(key) or story.effects.get(event.cause)
    if span is not None:
        span.attributes |= genai.tool_ended(fact, content=story.content)
        span.error = "tool_error" if fact.failed else ""
    story.end_within(key, event.time, error="tool_error" if fact.failed else "")


@hears(ModelAnswered)
def answered(story: Story, event: Event, fact: ModelAnswered) -> None:
    if (span := story.effects.get(event.cause)) is not None:
        span.attributes |= genai.answered(fact, content=story.content)


@hears(RequestMade)
def request(story: Story, event: Event, fact: RequestMade) -> None:
    made = fact.request
    place, parent = story.place("request", made.id), story.below(event.cause)
    said = Span("pa.function.decide_request", place, parent, event.time)
    said.attributes |= {"agentproxy.request.kind": made.kind}
    story.within["request", made.id] = said


@hears(RequestReferred)
def referred(story: Story, _event: Event, fact: RequestReferred) -> None:
    if (span := story.within.get(("request", fact.request))) is not None:
        span.attributes["agentproxy.request.referred"] = True


@hears(RequestDecided)
def decided(story: Story, event: Event, fact: RequestDecided) -> None:
    key = ("request", fact.decision.request)
    if (span := story.within.get(key)) is not None:
        span.attributes |= {
            "agentproxy.request.by": fact.decision.by,
            "agentproxy.request.allowed": fact.decision.allowed,
        }
    story.end_within(key, event.time)


@hears(CheckFinished)
def check(story: Story, event: Event, fact: CheckFinished) -> None:
    if (span := story.effects.get(event.cause)) is not None:
        span.attributes |= {
            "agentproxy.check.name": fact.check,
            "agentproxy.check.tree": fact.on.key,
            "agentproxy.check.result": result_of(fact),
            "agentproxy.check.tests": len(fact.result.tests),
        }


def result_of(fact: CheckFinished) -> str:
    """Returns what came of a check: passed, failed or cannot_run."""
    if fact.result.cannot_run is not None:
        return "cannot_run"
    return "passed" if fact.result.passed else "failed"


@hears(RoundJudged)
def judged(story: Story, event: Event, fact: RoundJudged) -> None:
    if (span := story.effects.get(event.cause)) is not None:
        span.attributes |= {"agentproxy.verdict": fact.verdict, "agentproxy.round": fact.round}


@hears(ClaimRecorded)
def claim(story: Story, event: Event, fact: ClaimRecorded) -> None:
    if (span := story.effects.get(event.cause)) is not None:
        span.attributes["agentproxy.claim.files"] = len(fact.changes)


@hears(WorkerEnded)
def worker_ended(story: Story, event: Event, fact: WorkerEnded) -> None:
    if (span := story.effects.get(event.cause)) is not None:
        span.attributes["agentproxy.claims"] = fact.claims
        if fact.exit_code is not None:
            span.attributes["process.exit.code"] = fact.exit_code


@hears(DecisionMade, when="after")
def decision(story: Story, event: Event, fact: DecisionMade) -> None:
    if story.loop is not None:
        story.loop.attributes |= {
            "agentproxy.decision": fact.decision,
            "agentproxy.round": fact.round,
        }
    story.end_loop(event.time, decided=fact.decision not in AGAIN)


@hears(RunParked, when="after")
def parked(story: Story, event: Event, fact: RunParked) -> None:
    if story.stretch is not None:
        story.stretch.attributes["agentproxy.status"] = f"parked: {fact.why}"
    story.end_stretch(event.time)


@hears(RunEnded, when="after")
def ended(story: Story, event: Event, fact: RunEnded) -> None:
    if story.stretch is not None:
        story.stretch.attributes["agentproxy.status"] = status_of(fact)
    story.end_stretch(event.time)


def status_of(fact: RunEnded) -> str:
    """Returns the verdict of a run, or that a person stopped it."""
    return "stopped" if fact.stopped else fact.verdict


@hears(UserTurnEnded, when="after")
def turn_ended(story: Story, event: Event, fact: UserTurnEnded) -> None:
    if story.stretch is not None:
        story.stretch.attributes["agentproxy.status"] = fact.ending
        story.stretch.error = "turn_failed" if fact.ending == "failed" else ""
    story.end_stretch(event.time)
