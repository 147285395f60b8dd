"""Runs that were recorded fold to what they were, also where a fact is of an earlier version."""

import pytest
from support.recorded import fold_recorded, read_recorded

from agentproxy.events.run import SegmentStarted
from agentproxy.events.upcasts import Data, Upcasts
from agentproxy.journal.port import JournalUnusable
from agentproxy.supervisor.effects import SUPERVISED


def named_segment(data: Data) -> Data:
    """Version 0 said `number`, and the host, which nothing asks for any more."""
    kept = {name: value for name, value in data.items() if name not in ("number", "host")}
    return {**kept, "segment": data["number"]}


EARLY: Upcasts = {("segment_started", 0): named_segment}


def test_a_refuted_and_then_verified_run_folds_to_its_end() -> None:
    state = fold_recorded("refuted_then_verified")
    assert [state.judged[number].verdict for number in (1, 2)] == ["refuted", "verified"]
    assert state.ended is not None
    assert state.ended.verdict == "verified"
    assert SUPERVISED.due(state) == {}


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
