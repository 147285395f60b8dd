"""A claim of tests alone is proven by the mutants that its new tests notice, by a table."""

from collections.abc import Mapping
from dataclasses import replace

import pytest
from support.results import ACCEPTANCE, TIMED_OUT, command, modified, named_tests

from agentproxy.events.check import CheckResult
from agentproxy.events.mutants import Mutant
from agentproxy.events.trials import Doubt
from agentproxy.events.verdict import CheckVerdict
from agentproxy.evidence.check_evidence import CheckEvidence, Mutants, Rules, Trials
from agentproxy.evidence.comparison import build_comparison
from agentproxy.evidence.verdict import judge_check, needs_mutants

OLD, NEW = "tests/test_a.py::test_old", "tests/test_a.py::test_new"
BASE = named_tests({OLD: "p"})
CLAIM = named_tests({OLD: "p", NEW: "p"})
RULES = Rules(task="Write tests for a", changes=modified("tests/test_a.py"))


def failing(*names: str, by_assertion: bool = True) -> CheckResult:
    result = named_tests({name: "f" if name in names else "p" for name in (OLD, NEW)})
    tests = tuple(
        each.model_copy(update={"by_assertion": by_assertion and each.outcome == "failed"})
        for each in result.tests
    )
    return result.model_copy(update={"tests": tests})


NOTICED, CRASHED, MISSED = failing(NEW), failing(NEW, by_assertion=False), failing()
BY_OLD = failing(OLD)


def mutant(number: int, about: str = "") -> Mutant:
    return Mutant(
        number=number,
        kind="comparison",
        path="src/a.py",
        line=number,
        function=about or "f",
        text="`<` became `>=`",
        about=about,
        commit="c",
        tree="t",
    )


def evidence(
    results: Mapping[int, CheckResult] | None,
    *,
    of: int = 4,
    about: Mapping[int, str] | None = None,
    claim: CheckResult = CLAIM,
    code: tuple[str, ...] = (),
    tests: tuple[str, ...] = (),
) -> CheckEvidence:
    every = [mutant(number, (about or {}).get(number, "")) for number in range(1, of + 1)]
    return CheckEvidence(
        ACCEPTANCE,
        [BASE],
        [claim],
        trials=Trials(
            tests=("tests/test_a.py",),
            code=code,
            variants=["without"] if code else [],
            results={"without": CLAIM} if code else {},
        ),
        mutants=None if results is None else Mutants(every, results, tests=tests),
    )


def said(found: CheckEvidence) -> CheckVerdict:
    return judge_check(found, RULES)


@pytest.mark.parametrize(
    ("results", "code"),
    [
        ([NOTICED, NOTICED, NOTICED, NOTICED], "mutants_noticed"),
        ([NOTICED, NOTICED, MISSED, MISSED], "mutants_noticed"),
        ([NOTICED, MISSED, MISSED, MISSED], "mutants_survive"),
        ([MISSED, MISSED, MISSED, MISSED], "mutants_survive"),
        # An old test notices what it always did.
        ([BY_OLD, BY_OLD, BY_OLD, BY_OLD], "mutants_survive"),
        # A test that only calls fails on these as well.
        ([CRASHED, CRASHED, CRASHED, CRASHED], "mutants_survive"),
        ([NOTICED, CRASHED, CRASHED, TIMED_OUT], "mutants_noticed"),
        ([NOTICED, CRASHED, MISSED, MISSED], "mutants_survive"),
        # As far as there was time.
        ([NOTICED, NOTICED], "mutants_noticed"),
        ([NOTICED], "tests_only"),
    ],
)
def test_half_of_the_mutants_must_be_noticed_by_an_assertion(
    results: list[CheckResult], code: str
) -> None:
    found = said(evidence(dict(enumerate(results, start=1))))
    assert found.reason_code == code
    assert found.finding == ("proven" if code == "mutants_noticed" else "unverified")


def test_each_thing_that_the_task_names_must_be_tested() -> None:
    results = {1: NOTICED, 2: NOTICED, 3: NOTICED, 4: MISSED}
    both = {1: "f", 2: "f", 3: "f", 4: "g"}
    found = said(evidence(results, about=both))
    assert found.reason_code == "mutants_survive"
    assert "none of them in g, which the task names" in found.reason
    assert said(evidence(results | {4: NOTICED}, about=both)).finding == "proven"


def test_survivors_are_named_with_their_place() -> None:
    found = said(evidence({1: NOTICED, 2: MISSED, 3: MISSED, 4: MISSED}))
    assert [place.where for place in found.places] == ["src/a.py:2", "src/a.py:3", "src/a.py:4"]
    assert "src/a.py:2 (`<` became `>=`)" in found.reason


def test_an_old_test_that_the_claim_changes_counts() -> None:
    results = {1: BY_OLD, 2: BY_OLD, 3: BY_OLD, 4: BY_OLD}
    found = said(evidence(results, claim=BASE, tests=("tests/test_a.py::test_old",)))
    assert found.finding == "proven"


def test_a_doubt_keeps_such_a_proof_from_counting() -> None:
    results = dict.fromkeys(range(1, 5), NOTICED)
    doubt = Doubt(kind="adds_secret", path="src/a.py", text="it adds a secret")
    found = judge_check(evidence(results), replace(RULES, doubts=(doubt,)))
    assert found.reason_code == "doubtful"


@pytest.mark.parametrize(
    ("found", "wanted"),
    [
        (evidence(None), True),
        (evidence(None, code=("README.md", "docs/a.rst")), True),
        (evidence(None, code=("src/a.py",)), False),
        (evidence(None, claim=command(0)), False),
    ],
)
def test_claims_of_tests_alone_are_tried_on_mutants(found: CheckEvidence, *, wanted: bool) -> None:
    assert needs_mutants(build_comparison(found, RULES)) is wanted


def test_without_code_under_test_nothing_is_proven() -> None:
    found = said(evidence({}, of=0))
    assert (found.finding, found.reason_code) == ("unverified", "tests_only")


def test_what_no_test_needs_is_named_with_a_proof_and_decides_nothing() -> None:
    falsified = Trials(
        tests=("tests/test_a.py",),
        code=("src/a.py",),
        variants=["without"],
        results={"without": NOTICED},
    )
    found = replace(evidence({1: CRASHED, 2: MISSED}), trials=falsified)
    assert said(found).finding == "proven"
    assert said(found).reason_code == "falsified"
    assert said(found).reason.endswith("no test of the claim notices src/a.py:2 (`<` became `>=`)")
    assert not needs_mutants(build_comparison(found, RULES))
    assert needs_mutants(build_comparison(found, replace(RULES, mutants_of_changes=True)))
