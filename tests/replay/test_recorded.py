"""Runs that were recorded fold to what they were, also where a fact is of an earlier version."""

import pytest
from support.recorded import fold_recorded, read_recorded
from support.story import events

from agentproxy.agent.run import resume_conversation
from agentproxy.agent.state import Conversation
from agentproxy.events.run import CeilingRaised, SegmentStarted
from agentproxy.events.upcasts import Data, Upcasts
from agentproxy.journal.port import JournalUnusable
from agentproxy.supervisor.effects import SUPERVISED


def named_segment(data: Data) -> Data:
    """Version 0 said `number`, and the host, which nothing asks for any more."""
    kept = {name: value for name, value in data.items() if name not in ("number", "host")}
    return {**kept, "segment": data["number"]}


EARLY: Upcasts = {("segment_started", 0): named_segment}


PINNED = {
    "verified": ["verified"],
    "refuted": ["refuted"],
    "green_before": ["unverified"],
    "refuted_then_verified": ["refuted", "verified"],
    "our_own_agent": ["verified"],
    "out_of_time": [],
}


@pytest.mark.parametrize(("name", "verdicts"), PINNED.items())
def test_a_recorded_run_folds_to_the_verdicts_that_it_had(name: str, verdicts: list[str]) -> None:
    state = fold_recorded(name)
    assert [state.judged[number].verdict for number in sorted(state.judged)] == verdicts
    assert SUPERVISED.due(state) == {}
    assert (state.ended.verdict if state.ended else "parked") == [*verdicts, "parked"][
        len(verdicts) - 1 if verdicts else 0
    ]


def test_a_run_that_was_parked_for_its_time_goes_on_when_more_is_allowed() -> None:
    state = fold_recorded("out_of_time")
    assert state.parked is not None
    assert state.parked.why == "ceiling"
    assert state.ceilings.work_seconds >= state.ceilings.max_time
    more = (CeilingRaised(max_time=60), SegmentStarted(segment=2, pid=1, sandbox=""))
    for event in events(*more):
        SUPERVISED.reduce(state, event)
    assert set(SUPERVISED.due(state)) >= {"work:1:1"}


def test_the_conversation_of_a_recorded_agent_is_whole() -> None:
    facts = fold_recorded("our_own_agent").agent_facts[1]
    conversation = resume_conversation(facts, Conversation())
    assert [message.role for message in conversation.messages] == [
        "user",
        "assistant",
        "user",
        "assistant",
    ]
    assert conversation.ending == "finished"


def test_a_fact_of_an_earlier_version_is_read_as_one_of_today() -> None:
    segment = read_recorded("early_segment", upcasts=EARLY)[1].fact
    assert segment == SegmentStarted(
        segment=1, pid=3458, sandbox="bubblewrap 0.11.0: own files, processes and network"
    )
    assert fold_recorded("early_segment", upcasts=EARLY).lifecycle.segment == 1


def test_a_fact_that_no_upcast_leads_on_from_is_named_and_not_guessed_at() -> None:
    with pytest.raises(JournalUnusable, match=r"event 2.*segment_started of version 0"):
        read_recorded("early_segment")


def test_what_an_upcast_leaves_is_checked_as_every_fact_is() -> None:
    unchanged: Upcasts = {("segment_started", 0): lambda data: data}
    with pytest.raises(JournalUnusable, match=r"event 2.*damaged"):
        read_recorded("early_segment", upcasts=unchanged)
