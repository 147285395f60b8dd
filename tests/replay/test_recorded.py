"""Runs that were recorded fold to what they were, also where a fact is of an earlier version.

record.py says how one is recorded.
"""

import re
from pathlib import Path

import pytest
from support.recorded import RECORDED, fold_recorded, read_recorded
from support.story import events

from agentproxy.agent.run import resume_conversation
from agentproxy.agent.state import Conversation
from agentproxy.events.asked import AskedRead
from agentproxy.events.check import claim_tree
from agentproxy.events.git_facts import ClaimRecorded
from agentproxy.events.run import CeilingRaised, RunEnded, RunParked, SegmentStarted
from agentproxy.events.trials import ClaimExamined
from agentproxy.events.upcasts import Data, Upcasts
from agentproxy.journal.port import JournalUnusable
from agentproxy.supervisor.effects import SUPERVISED


def named_segment(data: Data) -> Data:
    """Version 0 said `number`, and the host, which nothing asks for any more."""
    kept = {name: value for name, value in data.items() if name not in ("number", "host")}
    return {**kept, "segment": data["number"]}


EARLY: Upcasts = {("segment_started", 0): named_segment}
SUITE = "python -m pytest -q"

PINNED = {
    "verified": ["verified"],
    "refuted": ["refuted"],
    "green_before": ["unverified"],
    "refuted_then_verified": ["refuted", "verified"],
    "our_own_agent": ["verified"],
    "out_of_time": [],
    "answered_by_a_person": ["verified"],
    "answered_from_the_documents": ["verified"],
    "two_parts": ["verified", "verified"],
    "stopped": [],
    "killed_and_resumed": ["verified"],
    "out_of_money_and_resumed": ["verified"],
    "built_environment": ["verified"],
}
# Recorded when a weighing could still cut a rerun short.
WEIGHED_TOO_EARLY = {"refuted", "refuted_then_verified"}


@pytest.mark.parametrize(("name", "verdicts"), PINNED.items())
def test_a_recorded_run_folds_to_the_verdicts_that_it_had(name: str, verdicts: list[str]) -> None:
    state = fold_recorded(name)
    assert [state.judged[number].verdict for number in sorted(state.judged)] == verdicts
    assert SUPERVISED.due(state) == {}
    if verdicts:
        assert state.ended is not None
        assert state.ended.verdict == verdicts[-1]


@pytest.mark.parametrize("name", sorted(PINNED.keys() - WEIGHED_TOO_EARLY))
def test_whatever_a_recorded_run_did_is_due_at_that_moment_today(name: str) -> None:
    state = SUPERVISED.new_state()
    for event in read_recorded(name):
        effect = event.cause.partition("/")[0]
        if effect and not effect.startswith("command:"):
            assert effect in SUPERVISED.due(state), (event.seq, event.fact)
        SUPERVISED.reduce(state, event)
        # Recorded when a claim was not yet read beside its task, and not examined.
        if isinstance(event.fact, ClaimRecorded):
            for read in (AskedRead, ClaimExamined):
                SUPERVISED.reduce(state, event._replace(fact=read(round=event.fact.round)))


@pytest.mark.parametrize("path", sorted(RECORDED.glob("*.jsonl")), ids=lambda path: path.stem)
def test_a_recording_names_no_folder_of_who_recorded_it(path: Path) -> None:
    homes = set(re.findall(r"(?<!\w)/(?:home|Users)/[^/\"]+|/root\b", path.read_text()))
    assert homes <= {"/home/ada", "/home/user"}


def test_a_run_that_was_parked_for_its_time_goes_on_when_more_is_allowed() -> None:
    state = fold_recorded("out_of_time")
    assert state.parked is not None
    assert state.parked.why == "ceiling"
    assert state.ceilings.work_seconds >= state.ceilings.max_time
    more = (CeilingRaised(max_time=60), SegmentStarted(segment=2, pid=1, sandbox=""))
    for event in events(*more):
        SUPERVISED.reduce(state, event)
    assert set(SUPERVISED.due(state)) >= {"work:1:1"}


def test_a_question_waits_for_a_person_and_their_answer_is_what_the_worker_is_told() -> None:
    waits = fold_recorded("answered_by_a_person", until=RunParked)
    assert waits.parked is not None
    assert waits.parked.why == "human"
    assert [each.text for each in waits.dialogue.open_requests()] == ["Which date format?"]
    assert SUPERVISED.due(waits) == {}
    told = fold_recorded("answered_by_a_person").dialogue.decided
    assert [(each.by, each.text) for each in told.values()] == [("human", "DD.MM.YYYY")] * 2


def test_a_question_that_the_documents_answer_is_decided_with_the_passage() -> None:
    (decided,) = fold_recorded("answered_from_the_documents").dialogue.decided.values()
    assert (decided.by, decided.text, decided.confidence) == ("context", "YYYY-MM-DD", 0.9)
    assert "standards.md: Dates are written as YYYY-MM-DD" in decided.source


def test_the_second_part_of_a_plan_begins_when_the_first_is_proven() -> None:
    state = fold_recorded("two_parts")
    assert [state.decisions[number].decision for number in (1, 2)] == ["next_part", "deliver"]
    assert (state.part, state.part_began, state.has_more_parts) == (1, 2, False)
    tasks = [part.task for part in state.require_contract().parts]
    assert tasks == ["Make add add", "Note it in CHANGES"]
    judged = [{each.criterion for each in state.judged[number].criteria} for number in (1, 2)]
    assert judged == [{f"check:{SUITE}"}, {f"check:{SUITE}", "check:test -s CHANGES"}]


def test_a_run_that_a_person_stopped_is_over_without_a_claim() -> None:
    at_work = fold_recorded("stopped", before=RunEnded)
    assert set(SUPERVISED.due(at_work)) == {"work:1:0"}
    state = fold_recorded("stopped")
    assert state.ended == RunEnded(verdict="unverified", reason="solved by hand", stopped=True)
    assert (state.claims, state.delivered) == ({}, None)


def test_what_a_killed_process_had_under_way_is_due_again_in_the_next() -> None:
    killed = fold_recorded("killed_and_resumed", before=SegmentStarted)
    assert (killed.lifecycle.segment, killed.parked, killed.ended) == (1, None, None)
    assert {"work:1:0"} <= set(SUPERVISED.due(killed))
    state = fold_recorded("killed_and_resumed")
    assert (state.lifecycle.segment, state.attempts) == (2, {1: 2})
    assert len(state.processes) == 2


def test_a_spent_budget_parks_a_run_and_a_raised_one_lets_it_go_on() -> None:
    spent = fold_recorded("out_of_money_and_resumed", until=RunParked)
    assert spent.parked is not None
    assert (spent.parked.why, spent.ceilings.out_of_money) == ("ceiling", True)
    assert spent.ceilings.spent == pytest.approx(0.0045)
    ceilings = fold_recorded("out_of_money_and_resumed").ceilings
    assert (ceilings.budget, ceilings.out_of_money, ceilings.reserved) == (1.0, False, {})
    assert ceilings.spent == pytest.approx(0.0045 + 0.00675)


def test_the_environment_that_a_claim_asked_for_is_that_of_its_checks() -> None:
    state = fold_recorded("built_environment")
    built = state.built[claim_tree(1)]
    assert (built.failed, built.removed) == ("", ())
    assert built in state.built_for(claim_tree(1))
    assert "needs another environment" in built.why


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
