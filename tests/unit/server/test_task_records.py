"""Which record a client gets for an event of a supervised run."""

import pytest

from agentproxy.app.hub import Position, ShownText
from agentproxy.events.agent import ModelAnswered, ToolFinished, ToolStarted
from agentproxy.events.check import BASE, CheckStarted
from agentproxy.events.conversation import AssistantMessage, Text
from agentproxy.events.effects import EffectStarted
from agentproxy.events.envelope import Event, Fact, RunId
from agentproxy.events.requests import (
    CommandIgnored,
    MessageReceived,
    Request,
    RequestMade,
    RequestReferred,
)
from agentproxy.events.run import (
    DecisionMade,
    EffectFailed,
    Order,
    RunCreated,
    RunEnded,
    RunParked,
)
from agentproxy.server.tasks.task_records import TaskStory, place_of

RUN = RunId("k7f2m3np")
ORDER = Order(task="Fix it", repository="/r", worker="command:fix")
SAID = AssistantMessage(parts=(Text(text="Done.\n" * 20),))


def told(fact: Fact, *before: Fact) -> dict[str, object] | None:
    story = TaskStory(RUN)
    for number, earlier in enumerate(before, start=1):
        story.take(Event(RUN, number, 0.0, "worker 1", earlier))
    return story.take(Event(RUN, len(before) + 1, 0.0, "supervisor", fact))


def asked(kind: str) -> RequestMade:
    request = Request.model_validate({"id": "r1", "kind": kind, "text": "May I?", "subject": "ls"})
    return RequestMade(request=request)


@pytest.mark.parametrize(
    ("fact", "number", "source", "content"),
    [
        (RunCreated(request=ORDER, product="1"), 7, "pa", "Fix it"),
        (ModelAnswered(turn=1, message=SAID, stop="end"), 1, "claude", SAID.text),
        (ToolStarted(call="1", tool="bash", arguments={}), 3, "claude", "bash"),
        (ToolFinished(call="1", text="x" * 3000), 4, "claude", "x" * 2000),
        (CheckStarted(check="tests", on=BASE), 3, "pa", "tests"),
        (DecisionMade(round=1, decision="deliver", reason="ok"), 2, "pa-thinking", "deliver: ok"),
        (MessageReceived(message="1", text="hi"), 1, "pa-to-claude", "message to the worker: hi"),
        (EffectFailed(effect="e", error="broke"), 9, "pa", "e failed: broke"),
        (CommandIgnored(command="stop", reason="over"), 9, "pa", "stop was ignored: over"),
        (RunParked(why="human", reason="asked"), 1, "pa", "parked: asked"),
        (RunParked(why="interrupted", reason="^C"), 1, "pa", "parked: ^C"),
        (RunParked(why="ceiling", reason="spent"), 9, "pa", "parked: spent"),
        (RunEnded(verdict="verified", reason="all of it"), 8, "pa", "verified: all of it"),
    ],
)  # fmt: skip
def test_an_event_becomes_one_record(fact: Fact, number: int, source: str, content: str) -> None:
    record = told(fact)
    assert record is not None
    metadata = record["metadata"]
    assert isinstance(metadata, dict)
    shown = str(record["content"]).replace("  ", "").strip()
    assert (record["type"], metadata["source"], shown) == (number, source, content.strip())
    assert (record["run"], record["sequence"], record["event_id"]) == (RUN, 1, f"{RUN}.1")
    assert record["time"] == "1970-01-01T00:00:00+00:00"


@pytest.mark.parametrize(("kind", "number"), [("question", 5), ("permission", 6)])
def test_only_what_a_person_must_decide_is_a_prompt(kind: str, number: int) -> None:
    request = asked(kind)
    made = told(request)
    assert made is not None
    assert made["type"] == 1
    record = told(RequestReferred(request="r1", reason="no rule"), request)
    assert record is not None
    metadata = record["metadata"]
    assert isinstance(metadata, dict)
    assert (record["type"], record["content"]) == (number, "May I?")
    assert (metadata["request_id"], metadata["subject"]) == ("r1", "ls")


def test_our_own_affairs_are_not_told() -> None:
    assert told(EffectStarted(effect="run_check:x")) is None


def test_live_output_has_the_id_of_the_place_behind_it() -> None:
    story = TaskStory(RUN, sequence=7)
    record = story.fragment(ShownText(Position(7, 10), "worker", "höh", 5), now=0.0)
    assert (record["type"], record["metadata"]["source"]) == (10, "claude")
    assert record["metadata"]["dropped"] == 5
    assert place_of(str(record["event_id"]), run=RUN) == Position(7, 14)
    assert place_of(str(story.done(now=0.0)["event_id"]), run=RUN) == Position(7, 0)


@pytest.mark.parametrize("wrong", ["", "7", f"{RUN}.", f"{RUN}.7.x", "other.7", f"{RUN}.-1", "é"])
def test_other_ids_are_no_places(wrong: str) -> None:
    assert place_of(wrong, run=RUN) is None
