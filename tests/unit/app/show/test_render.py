"""What a person reads: there are words for everything that a fact can say."""

from collections.abc import Mapping
from typing import get_args

import pytest
from pydantic import BaseModel

from agentproxy.app.show.lines import TELLERS
from agentproxy.app.show.preparation import ROLE
from agentproxy.app.show.proof import MARK, TONE
from agentproxy.app.show.render import SILENT, render
from agentproxy.app.show.run import DECISION
from agentproxy.events.catalogue import FACTS
from agentproxy.events.contract import Check
from agentproxy.events.envelope import Event, RunId
from agentproxy.events.git_facts import TestsRestored
from agentproxy.events.run import DecisionMade
from agentproxy.events.verdict import CheckVerdict, RoundJudged


@pytest.mark.parametrize(
    ("model", "field", "words"),
    [
        (DecisionMade, "decision", DECISION),
        (CheckVerdict, "finding", MARK),
        (RoundJudged, "verdict", TONE),
        (Check, "role", ROLE),
    ],
)
def test_every_value_has_words(
    model: type[BaseModel], field: str, words: Mapping[str, object]
) -> None:
    values = get_args(model.model_fields[field].annotation)
    assert values
    assert set(values) <= set(words)


def test_every_fact_has_words_or_is_silent_on_purpose() -> None:
    ours = [fact for fact in FACTS.values() if fact.__module__.startswith("agentproxy.")]
    assert len(ours) > 30
    assert {fact for fact in ours if fact not in TELLERS} == SILENT


def test_tests_that_were_put_back_are_named() -> None:
    fact = TestsRestored(round=1, commit="c", tree="t", files=("tests/test_a.py",))
    (line,) = render(Event(RunId("r"), 1, 0.0, "supervisor", fact))
    assert "tests/test_a.py" in line.text
