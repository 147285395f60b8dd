"""A proof that may come from the tests that the claim changes: judged with the base's own tests."""

from collections.abc import Sequence

import pytest
from support.results import ACCEPTANCE, CANNOT, DISCOVERED, REGRESSION, command, modified, ran

from agentproxy.events.check import CheckResult
from agentproxy.events.contract import Check
from agentproxy.events.verdict import CheckVerdict
from agentproxy.evidence.check_evidence import CheckEvidence, Rules
from agentproxy.evidence.comparison import build_comparison
from agentproxy.evidence.verdict import judge_check, needs_restored_rerun, paths_to_restore

TEST = "tests/test_a.py"
RULES = Rules(changes=modified("src/a.py", TEST))
RED, GREEN = ran(a="f", b="p"), ran(a="p", b="p")


def evidence(
    *restored: CheckResult, check: Check = ACCEPTANCE, files: Sequence[str] = (TEST,)
) -> CheckEvidence:
    return CheckEvidence(check, [RED], [GREEN], restored, files)


def judged(*restored: CheckResult) -> CheckVerdict:
    return judge_check(evidence(*restored), RULES)


def test_what_is_proven_rests_on_the_tests_and_settings_that_the_claim_changes() -> None:
    assert paths_to_restore(build_comparison(evidence(), RULES)) == (TEST,)
    assert paths_to_restore(build_comparison(evidence(), Rules(changes=modified("src/a.py")))) == ()


@pytest.mark.parametrize("restored", [[], [RED], [RED, GREEN], [RED, RED]])
def test_what_was_restored_does_not_change_what_has_to_be(restored: list[CheckResult]) -> None:
    assert paths_to_restore(build_comparison(evidence(*restored), RULES)) == (TEST,)


def test_what_is_not_proven_needs_no_tests_of_the_base() -> None:
    unproven = CheckEvidence(ACCEPTANCE, [GREEN], [GREEN])
    assert paths_to_restore(build_comparison(unproven, RULES)) == ()
    assert not needs_restored_rerun(build_comparison(unproven, RULES))


def kept(*restored: CheckResult, check: Check = REGRESSION) -> CheckEvidence:
    return CheckEvidence(check, [GREEN], [GREEN], restored, (TEST,))


def test_a_check_that_is_kept_passes_with_the_tests_of_the_base_too() -> None:
    rules = Rules(changes=modified("src/a.py", TEST), has_acceptance_check=True)
    assert paths_to_restore(build_comparison(kept(), rules)) == (TEST,)
    assert paths_to_restore(build_comparison(kept(check=DISCOVERED), rules)) == ()
    assert judge_check(kept(GREEN), rules).finding == "kept"
    broken = ran(a="f", b="p")
    assert needs_restored_rerun(build_comparison(kept(broken), rules))
    verdict = judge_check(kept(broken, broken), rules)
    assert (verdict.finding, verdict.reason_code) == ("unverified", "own_tests")
    assert f"{TEST} (with the base's versions it does not pass)" in verdict.reason


def test_a_proof_that_holds_with_the_tests_of_the_base_is_one() -> None:
    assert judged(GREEN).finding == "proven"
    assert not needs_restored_rerun(build_comparison(evidence(GREEN), RULES))


@pytest.mark.parametrize("once", [RED, ran(a="p", b="f"), CANNOT, command(1)])
def test_a_proof_is_withheld_only_after_a_second_run_with_the_tests_of_the_base(
    once: CheckResult,
) -> None:
    assert needs_restored_rerun(build_comparison(evidence(once), RULES))
    assert not needs_restored_rerun(build_comparison(evidence(once, once), RULES))
    verdict = judged(once, once)
    assert (verdict.finding, verdict.reason_code) == ("unverified", "own_tests")
    assert TEST in verdict.reason
    assert verdict.fixable


@pytest.mark.parametrize("other", [RED, CANNOT, ran(a="s", b="p")])
def test_two_outcomes_with_the_tests_of_the_base_are_flaky_and_accuse_no_test_file(
    other: CheckResult,
) -> None:
    for restored in ([other, GREEN], [GREEN, other]):
        verdict = judged(*restored)
        assert (verdict.finding, verdict.reason_code) == ("unverified", "flaky")
        assert "two outcomes" in verdict.reason
        assert "that the claim changes" not in verdict.reason
        assert not verdict.fixable


def test_a_flaky_test_of_the_base_is_named_although_another_one_always_fails() -> None:
    base, claim = ran(a="f", b="f"), ran(a="p", b="f")
    both = CheckEvidence(ACCEPTANCE, [base], [claim], [base, claim], (TEST,))
    rules = Rules(changes=RULES.changes, known_red=["*::test_b"])
    verdict = judge_check(both, rules)
    assert (verdict.finding, verdict.reason_code) == ("unverified", "flaky")
    assert f"{TEST}::test_a" in verdict.reason
    assert f"{TEST}::test_a" in verdict.flaky


def test_a_discovered_check_that_is_flaky_with_the_tests_of_the_base_is_neutral() -> None:
    rules = Rules(changes=modified("src/a.py", "conftest.py"), has_acceptance_check=False)
    assert judge_check(evidence(check=DISCOVERED), rules).finding != "proven"
    rules = Rules(changes=modified("src/a.py", "tox.ini"), has_acceptance_check=False)
    assert judge_check(evidence(check=DISCOVERED), rules).finding == "proven"
    assert judge_check(evidence(RED, GREEN, check=DISCOVERED), rules).finding == "neutral"
    assert judge_check(evidence(RED, RED, check=DISCOVERED), rules).finding == "unverified"


def test_a_proof_names_the_files_that_it_rests_on_and_how_many_more() -> None:
    files = tuple(f"test_{number}.py" for number in range(7))
    verdict = judge_check(evidence(RED, RED, files=files), RULES)
    assert verdict.reason.startswith("1 test that failed at the base passes now")
    assert "rests on tests and settings" in verdict.reason
    assert "test_4.py and 2 more" in verdict.reason


NOBODY_NAMED = Rules(changes=modified("src/a.py", TEST), has_acceptance_check=False)


@pytest.mark.parametrize(
    ("restored", "finding"),
    [
        # A worker that mends the code and adds a test beside the one that failed.
        ([GREEN], "proven"),
        # The test passes since the claim changed it.
        ([RED], "kept"),
        ([ran(a="p", b="f")], "kept"),
        ([command(0)], "kept"),
        ([CANNOT], "kept"),
        ([GREEN, RED], "kept"),
        ([], "kept"),
    ],
)
def test_where_no_check_is_named_the_tests_of_the_base_prove_a_fix(
    restored: list[CheckResult], finding: str
) -> None:
    found = evidence(*restored, check=DISCOVERED)
    assert paths_to_restore(build_comparison(found, NOBODY_NAMED)) == (TEST,)
    verdict = judge_check(found, NOBODY_NAMED)
    assert (verdict.finding, verdict.reason_code) == (finding, "fixed")


def test_beside_a_named_check_a_discovered_one_stays_kept() -> None:
    rules = Rules(changes=modified("src/a.py", TEST), has_acceptance_check=True)
    assert judge_check(evidence(GREEN, check=DISCOVERED), rules).finding == "kept"


def test_a_claim_of_tests_alone_is_not_proven_by_a_test_that_was_red_once() -> None:
    rules = Rules(changes=modified(TEST, "README.md"), has_acceptance_check=False)
    found = CheckEvidence(DISCOVERED, [RED], [GREEN], [GREEN], (TEST,))
    assert judge_check(found, rules).finding == "kept"
