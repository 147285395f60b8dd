"""A second attempt may run only the files that fail: it confirms a refutation, or says nothing."""

from collections.abc import Collection, Sequence

import pytest
from support.results import ACCEPTANCE, CANNOT, REGRESSION, command, judge, named_tests, ran

from agentproxy.events.check import CheckResult
from agentproxy.evidence.check_evidence import CheckEvidence, Rules
from agentproxy.evidence.comparison import build_comparison
from agentproxy.evidence.verdict import files_to_repeat, needs_whole_rerun

A, B = "tests/test_a.py", "tests/test_b.py"


def whole(a: str, b: str) -> CheckResult:
    return named_tests({f"{A}::test_it": a, f"{B}::test_it": b})


def only_a(outcome: str) -> CheckResult:
    return named_tests({f"{A}::test_it": outcome}).model_copy(update={"left_out": (B,)})


def only_b(outcome: str) -> CheckResult:
    return named_tests({f"{B}::test_it": outcome}).model_copy(update={"left_out": (A,)})


GREEN, RED = whole("p", "p"), whole("f", "p")
CANNOT_A = CANNOT.model_copy(update={"left_out": (B,)})
NONE: Collection[str] = frozenset()
OTHERS_RED = whole("p", "f")


@pytest.mark.parametrize(
    ("base", "claim", "wants_whole", "finding"),
    [
        ([GREEN, only_a("p")], [RED, only_a("f")], False, "refuted"),
        ([OTHERS_RED, only_a("p")], [whole("f", "f"), only_a("f")], False, "refuted"),
        ([GREEN, only_a("p")], [RED, only_a("p")], True, "flaky"),
        ([GREEN, only_a("f")], [RED, only_a("f")], True, "flaky"),
        ([GREEN, only_a("p")], [RED, CANNOT_A], True, None),
        ([GREEN, only_b("p")], [RED, only_a("f")], True, None),
        ([GREEN, GREEN], [RED, RED], False, "refuted"),
        ([GREEN, only_a("p")], [RED], False, None),
        ([GREEN, only_a("p"), GREEN], [RED, only_a("p")], True, None),
        ([GREEN, only_a("p"), GREEN], [RED, only_a("p"), RED], False, "refuted"),
        ([GREEN, only_a("f"), GREEN], [RED, only_a("f"), RED], False, "refuted"),
        ([GREEN, only_a("p"), GREEN], [RED, only_a("p"), GREEN], False, "flaky"),
    ],
    ids=[
        "confirmed",
        "confirmed, and the rest is red at both",
        "passes without the others",
        "fails without the others at the base too",
        "cannot run without the others",
        "the base repeated other files, in an earlier round",
        "both ran whole",
        "one of them is missing",
        "the whole attempt of the claim is missing",
        "fails beside the others: what ran alone says nothing",
        "fails beside the others, whatever ran alone at the base",
        "flaky beside the others",
    ],
)
def test_what_is_not_confirmed_runs_again_whole(
    base: Sequence[CheckResult],
    claim: Sequence[CheckResult],
    wants_whole: bool,
    finding: str | None,
) -> None:
    for check in (ACCEPTANCE, REGRESSION):
        evidence = CheckEvidence(check, base, claim)
        assert needs_whole_rerun(build_comparison(evidence, Rules())) is wants_whole
        said = judge(check, base, claim)
        assert finding is None or finding in (said.finding, said.reason_code)


@pytest.mark.parametrize(
    ("base", "claim", "files"),
    [
        (GREEN, RED, {A}),
        (GREEN, whole("f", "f"), {A, B}),
        (GREEN, GREEN, NONE),
        (RED, RED, NONE),
        (GREEN, CANNOT, NONE),
        (command(0), command(1), NONE),
        (named_tests({"adds": "p"}), named_tests({"adds": "f"}), NONE),
        (ran(a="p"), ran(a="p", b="f"), NONE),
    ],
)
def test_only_tests_that_passed_and_whose_file_is_known_are_repeated_alone(
    base: CheckResult, claim: CheckResult, files: Collection[str]
) -> None:
    assert (
        files_to_repeat(build_comparison(CheckEvidence(REGRESSION, [base], [claim]), Rules()))
        == files
    )


def test_an_attempt_that_left_files_out_proves_nothing_of_them() -> None:
    verdict = judge(ACCEPTANCE, [RED, only_a("f")], [GREEN, only_a("p")])
    assert (verdict.finding, verdict.reason_code) == ("proven", "fixed")
    flaky = judge(ACCEPTANCE, [whole("f", "f"), only_a("f")], [whole("p", "f"), only_a("p")])
    assert flaky.finding == "unverified"
