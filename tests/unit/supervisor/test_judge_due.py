"""When the judge of a supervised run is asked, as a table: a history, then what is under way."""

import pytest
from support.story import (
    BASE_KEPT,
    PREPARED,
    SEGMENT,
    after,
    began,
    claimed,
    created,
    judged,
    ran,
    stopped,
    weighed,
)

from agentproxy.events.asked import AskedRead, ChangedTestsJudged
from agentproxy.events.check import BASE, claim_tree
from agentproxy.events.envelope import Fact
from agentproxy.events.plan import OpinionGiven
from agentproxy.events.trials import ClaimExamined
from agentproxy.supervisor.effects import SUPERVISED
from agentproxy.supervisor.effects.examine_claim import LOOKS

JUDGED = (created(judge="m"), SEGMENT, BASE_KEPT)
EXAMINED = ClaimExamined(round=1, looks=LOOKS)
CHECKED = (
    *PREPARED,
    began(),
    stopped(),
    claimed(1, "a.py"),
    AskedRead(round=1),
    EXAMINED,
    ran(BASE, passed=False),
    ran(claim_tree(1), passed=True),
)
OPINION = OpinionGiven(round=1, criterion="task", says="cannot_tell")
SAID_OF_TESTS = ChangedTestsJudged(round=1, path="test_a.py", says="cannot_tell")

TABLE: list[tuple[str, tuple[Fact, ...], set[str]]] = [
    (
        "an open question goes to the judge",
        (*JUDGED, *CHECKED[2:], weighed(2, questions=("task",))),
        {"ask:1:task"},
    ),
    (
        "once",
        (*JUDGED, *CHECKED[2:], weighed(2, questions=("task",)), OPINION),
        {"judge:1"},
    ),
    (
        "without a judge nobody is asked",
        (*CHECKED, weighed(2, questions=("task",))),
        {"judge:1"},
    ),
    (
        "nothing is asked of a claim that is refuted",
        (*JUDGED, *CHECKED[2:], weighed(2, "refuted", questions=("task",))),
        {"judge:1"},
    ),
    (
        "an old test that the words do not excuse goes to the judge",
        (*JUDGED, *CHECKED[2:], weighed(2, changed_tests=("test_a.py",))),
        {"ask-tests:1:test_a.py"},
    ),
    (
        "what it says is weighed",
        (*JUDGED, *CHECKED[2:], weighed(2, changed_tests=("test_a.py",)), SAID_OF_TESTS),
        {"weigh:1:3"},
    ),
    (
        "and is not asked for again",
        (*JUDGED, *CHECKED[2:], SAID_OF_TESTS, weighed(3, changed_tests=("test_a.py",))),
        {"judge:1"},
    ),
    (
        "without a judge no test goes to one",
        (*CHECKED, weighed(2, changed_tests=("test_a.py",))),
        {"judge:1"},
    ),
]


@pytest.mark.parametrize(
    ("facts", "wanted"), [row[1:] for row in TABLE], ids=[row[0] for row in TABLE]
)
def test_due(facts: tuple[Fact, ...], wanted: set[str]) -> None:
    assert set(SUPERVISED.due(after(*facts))) == wanted


EARLIER = ClaimExamined(round=1)
BEFORE = tuple(EARLIER if fact is EXAMINED else fact for fact in CHECKED)
LATER = SEGMENT.model_copy(update={"segment": 2})


@pytest.mark.parametrize(
    ("facts", "wanted"),
    [
        ((*BEFORE, weighed(2)), {"judge:1"}),
        ((*CHECKED, weighed(2), LATER), {"judge:1"}),
        ((*BEFORE, weighed(2), LATER), {"examine:1"}),
        ((*BEFORE, weighed(2), LATER, EXAMINED), {"weigh:1:3"}),
        ((*BEFORE, weighed(2), judged("verified"), LATER), {"decide:1"}),
    ],
    ids=[
        "not while it runs",
        "not by the same version",
        "by the next one",
        "then weighed again",
        "not after its verdict",
    ],
)
def test_a_claim_that_an_earlier_version_looked_at_is_looked_at_again_by_the_next(
    facts: tuple[Fact, ...], wanted: set[str]
) -> None:
    assert set(SUPERVISED.due(after(*facts))) == wanted
