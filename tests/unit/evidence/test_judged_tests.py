"""Old tests that the words of a task do not excuse: about which of them a judge is asked."""

from collections.abc import Mapping

import pytest
from support.results import ACCEPTANCE, REGRESSION, modified, ran

from agentproxy.events.asked import AskedRead
from agentproxy.events.check import CheckResult
from agentproxy.events.trials import Doubt
from agentproxy.evidence.check_evidence import CheckEvidence, Rules
from agentproxy.evidence.comparison import build_comparison
from agentproxy.evidence.judged_tests import excuse, files_to_ask_about
from agentproxy.evidence.verdict import judge_check

A, B = "tests/test_a.py", "tests/test_b.py"
GREEN, BROKEN = ran(a="p", b="p"), ran(a="f", b="p")
KEPT = CheckEvidence(REGRESSION, [GREEN], [GREEN], [BROKEN, BROKEN], (A,))
DOUBT = Doubt(kind="replaces_change", path=A, text="a mock")


def rules(
    unsaid: Mapping[str, tuple[str, ...]], *, doubts: tuple[Doubt, ...] = (), **asked: object
) -> Rules:
    read = AskedRead.model_validate({"round": 1, "open": unsaid, **asked})
    return Rules(changes=modified("src/a.py", A), asked=read, doubts=doubts)


def test_it_is_asked_about_a_file_that_keeps_a_check_from_being_proven() -> None:
    assert files_to_ask_about(build_comparison(KEPT, rules({A: ("test_a",)}))) == (A,)


@pytest.mark.parametrize(
    ("evidence", "given"),
    [
        (KEPT, rules({})),  # a change that no words excuse
        (KEPT, rules({B: ("test_b",)})),  # another file
        (KEPT, rules({A: ("test_a",)}, doubts=(DOUBT,))),
        (KEPT, rules({}, test_files={A: "names 50"})),  # the words excuse it
        (KEPT, rules({f"tests/test_{n}.py": ("t",) for n in range(6)} | {A: ("t",)})),
        (CheckEvidence(REGRESSION, [GREEN], [GREEN], [GREEN], (A,)), rules({A: ("test_a",)})),
        (CheckEvidence(REGRESSION, [GREEN], [BROKEN], [], ()), rules({A: ("test_a",)})),
        # What was red must pass in its old form too.
        (
            CheckEvidence(ACCEPTANCE, [BROKEN], [GREEN], [BROKEN, BROKEN], (A,)),
            rules({A: ("test_a",)}),
        ),
        # Settings are no tests.
        (
            CheckEvidence(REGRESSION, [GREEN], [GREEN], [BROKEN, BROKEN], (A, "conftest.py")),
            rules({A: ("test_a",)}),
        ),
    ],
)
def test_nothing_is_asked_where_no_answer_would_count(
    evidence: CheckEvidence, given: Rules
) -> None:
    assert files_to_ask_about(build_comparison(evidence, given)) == ()


def test_what_a_judge_excuses_counts_with_its_quote() -> None:
    read = AskedRead(round=1, open={A: ("test_a",), B: ("test_b",)}, gone={A: ("test_c",)})
    said = excuse(read, {A: "halve the pages", "tests/test_d.py": "x"})
    assert said.test_files == {A: "says so, as the judge cites: 'halve the pages'"}
    assert (said.gone, said.open) == ({A: ("test_c", "test_a")}, {B: ("test_b",)})
    verdict = judge_check(KEPT, Rules(changes=modified("src/a.py", A), asked=said))
    assert verdict.finding == "kept"
    assert "the judge cites: 'halve the pages'" in verdict.reason


def removed(claim: CheckResult) -> CheckEvidence:
    return CheckEvidence(REGRESSION, [GREEN], [claim], [], ())


def test_it_is_asked_about_a_test_that_is_gone() -> None:
    name = next(iter(GREEN.tests)).name
    file, _, title = name.rpartition("::")
    assert files_to_ask_about(build_comparison(removed(ran(b="p")), rules({file: (title,)}))) == (
        file,
    )
    assert files_to_ask_about(build_comparison(removed(ran(b="p")), rules({B: (title,)}))) == ()
