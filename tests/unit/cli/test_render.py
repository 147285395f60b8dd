"""What a person reads: there are words for everything that a fact can say."""

from collections.abc import Mapping
from typing import get_args

import pytest
from pydantic import BaseModel

from agentproxy.cli.render import DECISION, MARK, ROLE, TONE
from agentproxy.events.contract import Check
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
