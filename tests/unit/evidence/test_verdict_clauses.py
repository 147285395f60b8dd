"""The finer clauses of the verdict table: no acceptance check, flaky tests, properties."""

from dataclasses import replace
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.results import (
    ACCEPTANCE,
    CANNOT,
    DISCOVERED,
    NOTHING_COLLECTED,
    REGRESSION,
    TIMED_OUT,
    command,
    judge,
    modified,
    named_tests,
    ran,
)

from agentproxy.events.check import CannotRun, CheckResult
from agentproxy.events.contract import Role
from agentproxy.events.verdict import Finding
from agentproxy.evidence.check_evidence import CheckEvidence, Rules
from agentproxy.evidence.comparison import build_comparison
from agentproxy.evidence.verdict import needs_rerun


def test_without_an_acceptance_check_a_fixed_and_unchanged_test_is_proof() -> None:
    def judged(changed: tuple[str, ...], *, has_acceptance_check: bool = False) -> Finding:
        rules = Rules(changes=modified(*changed), has_acceptance_check=has_acceptance_check)
        return judge(DISCOVERED, [ran(a="f", b="p")], [ran(a="p", b="p")], rules=rules).finding

    assert judged(()) == "proven"
    assert judged(("src/a.py", "tests/test_b.py")) == "proven"
    assert judged(("tests/test_a.py",)) == "kept"
    assert judged(("packages/one/tests/test_a.py",)) == "kept"
    assert judged(("tests/conftest.py",)) == "kept"
    assert judged(("conftest.py",)) == "kept"
    assert judged(("other/conftest.py",)) == "proven"
    assert judged((), has_acceptance_check=True) == "kept"


def test_without_an_acceptance_check_other_red_tests_keep_a_fixed_one_from_being_proof() -> None:
    base, claim = ran(a="f", b="f"), ran(a="p", b="f")
    alone = Rules(has_acceptance_check=False)
    assert judge(DISCOVERED, [base], [claim], rules=alone).finding == "neutral"
    for rules in (replace(alone, known_red=["*::test_b"]), replace(alone, task="Fix test_a")):
        assert judge(DISCOVERED, [base], [claim], rules=rules).finding == "proven"


def test_without_an_acceptance_check_a_hidden_test_beside_a_fixed_one_is_no_proof() -> None:
    base, claim = ran(a="f", b="f"), ran(a="p", b="s")
    verdict = judge(DISCOVERED, [base], [claim], rules=Rules(has_acceptance_check=False))
    assert verdict.finding == "neutral"


def test_a_test_without_a_file_is_unchanged_only_where_its_place_says_so() -> None:
    def run(way: str, place: str) -> CheckResult:
        result = named_tests({"parses dates": way})
        test = result.tests[0].model_copy(update={"place": place if way == "f" else ""})
        return result.model_copy(update={"tests": (test,)})

    def judged(place: str, changed: tuple[str, ...]) -> Finding:
        rules = Rules(changes=modified(*changed), has_acceptance_check=False)
        return judge(DISCOVERED, [run("f", place)], [run("p", "")], rules=rules).finding

    assert judged("test/date.test.js:3", ("src/date.js",)) == "proven"
    assert judged("test/date.test.js:3", ("test/date.test.js",)) == "kept"
    assert judged("src/date.js:3", ("src/date.js",)) == "kept"
    assert judged("src/latest.py:3", ("src/date.py",)) == "kept"
    assert judged("attestation/sign.py:3", ("src/date.py",)) == "kept"
    assert judged("", ()) == "proven"


def test_two_outcomes_of_a_test_on_one_tree_are_flaky() -> None:
    green, red = ran(a="p", b="p"), ran(a="p", b="f")
    for base, claim in (([green, green], [red, green]), ([red, green], [red, red])):
        named = judge(ACCEPTANCE, base, claim)
        assert named.finding == "unverified"
        assert not named.fixable
        assert named.flaky == ("tests/test_a.py::test_b",)
        assert judge(DISCOVERED, base, claim).finding == "neutral"


def test_two_exits_of_a_command_on_one_tree_are_flaky() -> None:
    base, claim = [command(0), command(0)], [command(1), command(0)]
    assert judge(ACCEPTANCE, base, claim).finding == "unverified"
    assert judge(REGRESSION, base, claim).finding == "neutral"


def test_a_flaky_test_does_not_cover_one_that_broke() -> None:
    base = [ran(a="p", b="p"), ran(a="p", b="f")]
    claim = [ran(a="f", b="f"), ran(a="f", b="p")]
    assert judge(REGRESSION, base, claim).finding == "refuted"


def test_a_known_red_flaky_test_does_not_withhold_the_proof() -> None:
    base = [ran(a="f", b="p"), ran(a="f", b="f")]
    claim = [ran(a="p", b="f"), ran(a="p", b="p")]
    assert judge(ACCEPTANCE, base, claim).finding == "unverified"
    assert judge(ACCEPTANCE, base, claim, rules=Rules(known_red=["*::test_b"])).finding == "proven"
    assert judge(ACCEPTANCE, base, claim, rules=Rules(task="Fix test_a")).finding == "proven"


def test_a_test_that_the_claim_makes_flaky_withholds_the_proof_whatever_the_task_names() -> None:
    base = [ran(a="f", b="p"), ran(a="f", b="p")]
    claim = [ran(a="p", b="f"), ran(a="p", b="p")]
    assert judge(ACCEPTANCE, base, claim, rules=Rules(task="Fix test_a")).finding == "unverified"


def test_a_check_that_was_never_run_is_never_green() -> None:
    assert judge(ACCEPTANCE, [], []).finding == "unverified"
    assert judge(ACCEPTANCE, [command(1)], []).finding == "refuted"


NAMES = [
    *(f"tests/test_{file}.py::test_{number}" for file in "ab" for number in range(3)),
    *("tests/test_a.py", "tests/test_b.py", "title one", "title two"),
]
RESULTS = st.one_of(
    st.builds(
        named_tests,
        st.dictionaries(st.sampled_from(NAMES), st.sampled_from("pfsx"), min_size=1),
        exit_code=st.sampled_from([None, 0, 1]),
    ),
    st.sampled_from([command(0), command(1), CANNOT, TIMED_OUT]),
)
ROLES: st.SearchStrategy[Role] = st.sampled_from(["acceptance", "regression", "discovered"])
TASKS = st.sampled_from(["", "fix test_1", "fix tests/test_a.py", "make title one work"])
KNOWN = st.lists(st.sampled_from(["*", "tests/test_a.py::", "title*"]), max_size=2)


@given(RESULTS, RESULTS, ROLES, TASKS, KNOWN, st.booleans())
def test_nothing_is_proven_while_a_test_that_passed_fails(
    base: CheckResult,
    claim: CheckResult,
    role: Role,
    task: str,
    known: list[str],
    has_acceptance_check: bool,
) -> None:
    verdict = judge(
        ACCEPTANCE.model_copy(update={"role": role}),
        [base],
        [claim],
        rules=Rules(known_red=known, task=task, has_acceptance_check=has_acceptance_check),
    )
    passed = {test.name for test in base.tests if test.outcome == "passed"}
    failed = {test.name for test in claim.tests if test.outcome == "failed"}
    assert not (passed & failed and verdict.finding != "refuted")
    assert not (verdict.finding == "proven" and not claim.passed and not failed)


@given(st.lists(RESULTS, min_size=1, max_size=2), st.lists(RESULTS, min_size=1, max_size=2), ROLES)
def test_refuting_takes_a_second_look(
    base: list[CheckResult], claim: list[CheckResult], role: Role
) -> None:
    check = ACCEPTANCE.model_copy(update={"role": role})
    refuted = judge(check, base[:1], claim[:1]).finding == "refuted"
    twice = len(base) > 1 and len(claim) > 1
    assert needs_rerun(build_comparison(CheckEvidence(check, base, claim), Rules())) == (
        refuted and not twice
    )


@given(RESULTS, RESULTS, ROLES, TASKS, st.randoms(use_true_random=False))
def test_the_order_of_tests_does_not_matter(
    base: CheckResult, claim: CheckResult, role: Role, task: str, random: Random
) -> None:
    def shuffled(result: CheckResult) -> CheckResult:
        mixed = list(result.tests)
        random.shuffle(mixed)
        return result.model_copy(update={"tests": tuple(mixed)})

    check = ACCEPTANCE.model_copy(update={"role": role})
    rules = Rules(task=task)
    straight = judge(check, [base], [claim], rules=rules)
    assert judge(check, [shuffled(base)], [shuffled(claim)], rules=rules) == straight


@given(RESULTS, ROLES, TASKS)
def test_the_same_tree_twice_proves_nothing(result: CheckResult, role: Role, task: str) -> None:
    check = ACCEPTANCE.model_copy(update={"role": role})
    rules = Rules(task=task, has_acceptance_check=False)
    verdict = judge(check, [result], [result], rules=rules)
    assert verdict.finding != "proven"


@given(st.lists(RESULTS, max_size=3), st.lists(RESULTS, max_size=3), ROLES, TASKS, KNOWN)
def test_every_verdict_has_a_reason_and_bounded_places(
    base: list[CheckResult], claim: list[CheckResult], role: Role, task: str, known: list[str]
) -> None:
    check = ACCEPTANCE.model_copy(update={"role": role})
    verdict = judge(check, base, claim, rules=Rules(task=task, known_red=known))
    assert verdict.reason
    assert len(verdict.places) <= 20
    if role == "acceptance":
        assert verdict.finding in ("proven", "refuted", "unverified")


def test_scripts_of_plain_assertions_are_not_told_from_an_early_end_and_accuse_nobody() -> None:
    scripts = named_tests({"test/a.test.js": "f", "test/b.test.js": "f"})
    verdict = judge(ACCEPTANCE, [scripts], [NOTHING_COLLECTED])
    assert (verdict.finding, verdict.reason_code) == ("unverified", "cannot_run_at_claim")
    assert "node:test" in verdict.reason
    named = named_tests({"test/a.test.js::adds": "f", "test/b.test.js": "f"})
    refuted = judge(ACCEPTANCE, [named], [NOTHING_COLLECTED])
    assert refuted.finding == "refuted"


def test_where_our_own_layout_is_in_the_way_at_the_claim_nobody_is_accused() -> None:
    reason = CannotRun(kind="other_checkout", subject="/x", text="files are in the way")
    blocked = CheckResult(exit_code=None, ending="not_started", seconds=0.0, cannot_run=reason)
    for role, finding in ((ACCEPTANCE, "unverified"), (DISCOVERED, "neutral")):
        verdict = judge(role, [ran(a="p")], [blocked])
        assert (verdict.finding, verdict.fixable) == (finding, False)


def _not_found(*names: str, module: str) -> CheckResult:
    result = named_tests(dict.fromkeys(names, "f"))
    message = f"E   ModuleNotFoundError: No module named '{module}'"
    tests = tuple(each.model_copy(update={"message": message}) for each in result.tests)
    return result.model_copy(update={"tests": tests})


@pytest.mark.parametrize(
    ("base", "claim", "task", "finding"),
    [
        (["a", "b"], _not_found("a", "b", module="parcel"), "weigh less", "unverified"),
        (["a"], ran(a="f"), "weigh less", "refuted"),
        (["tests/test_a.py::test_a"], ran(a="f", b="p"), "weigh less", "refuted"),
        (["a"], _not_found("a", module="parcel"), "mend the import of parcel", "refuted"),
        (["a"], _not_found("a", "b", module="parcel"), "weigh less", "refuted"),
        (["a"], _not_found("a", module="scales"), "weigh less", "refuted"),
    ],
)
def test_a_project_that_is_not_installed_accuses_nobody(
    base: list[str], claim: CheckResult, task: str, finding: Finding
) -> None:
    before, rules = _not_found(*base, module="parcel"), Rules(task=task)
    verdict = judge(ACCEPTANCE, [before, before], [claim, claim], rules=rules)
    assert verdict.finding == finding, verdict
    assert ("install the project" in verdict.reason) == (finding == "unverified")


def test_a_part_of_a_package_that_is_missing_is_not_a_package_that_is_not_installed() -> None:
    both = [_not_found("a", module="parcel.scales")] * 2
    assert judge(ACCEPTANCE, both, both, rules=Rules(task="weigh less")).finding == "refuted"
