"""What the variants of a claim say of a check that was green before, by a table."""

from collections.abc import Mapping
from dataclasses import replace

import pytest
from support.results import (
    ACCEPTANCE,
    CANNOT,
    DISCOVERED,
    TIMED_OUT,
    command,
    modified,
    named_tests,
)

from agentproxy.events.check import CheckResult, TrialKind
from agentproxy.events.contract import Check
from agentproxy.events.verdict import CheckVerdict
from agentproxy.evidence.check_evidence import CheckEvidence, Rules, Trials
from agentproxy.evidence.comparison import build_comparison
from agentproxy.evidence.verdict import judge_check, trial_to_run

OLD, NEW = "tests/test_a.py::test_old", "tests/test_b.py::test_new"
BASE = named_tests({OLD: "p"})
CLAIM = named_tests({OLD: "p", NEW: "p"})
RULES = Rules(changes=modified("src/a.py", "tests/test_b.py"))
ALL: tuple[TrialKind, ...] = ("without", "stub", "raising")

PASSES = named_tests({NEW: "p"})
FAILS = named_tests({NEW: "f"})
ASSERTS = FAILS.model_copy(
    update={"tests": tuple(each.model_copy(update={"by_assertion": True}) for each in FAILS.tests)}
)
NOT_BUILT = named_tests({}, exit_code=1).model_copy(update={"doubt": "not_built"})
UNLOADED = named_tests({"tests/test_b.py": "f"}, exit_code=2)


def evidence(
    check: Check = ACCEPTANCE,
    *,
    sides: tuple[CheckResult, CheckResult] = (BASE, CLAIM),
    tests: tuple[str, ...] = ("tests/test_b.py",),
    code: tuple[str, ...] = ("src/a.py",),
    variants: tuple[TrialKind, ...] = ALL,
    results: Mapping[str, CheckResult] | None = None,
    resigned: tuple[str, ...] = (),
    unparsed: tuple[str, ...] = (),
) -> CheckEvidence:
    given = results or {}
    kinds: tuple[TrialKind, ...] = (*ALL, "control")
    ran: dict[TrialKind, CheckResult] = {kind: given[kind] for kind in kinds if kind in given}
    trials = Trials(
        tests=tests,
        code=code,
        variants=variants,
        results=ran,
        resigned=resigned,
        unparsed=unparsed,
    )
    return CheckEvidence(check, [sides[0]], [sides[1]], trials=trials)


def verdict(found: CheckEvidence) -> CheckVerdict:
    assert trial_to_run(build_comparison(found, RULES)) is None
    return judge_check(found, RULES)


def test_a_green_check_goes_through_the_trials_in_order_as_far_as_they_say_something() -> None:
    unprepared = CheckEvidence(ACCEPTANCE, [BASE], [CLAIM])
    assert trial_to_run(build_comparison(unprepared, RULES)) == "without"
    assert judge_check(unprepared, RULES).reason_code == "green_before"
    for results, due in (
        ({}, "without"),
        ({"without": PASSES}, None),
        ({"without": UNLOADED}, "stub"),
        ({"without": UNLOADED, "stub": ASSERTS}, None),
        ({"without": FAILS, "stub": FAILS}, "raising"),
        ({"without": FAILS, "stub": PASSES, "raising": FAILS}, None),
    ):
        assert trial_to_run(build_comparison(evidence(results=results), RULES)) == due, results


def test_what_is_red_refuted_or_proven_has_no_trials() -> None:
    red = named_tests({OLD: "f"})
    for sides in ((red, CLAIM), (BASE, red), (red, red), (CANNOT, CANNOT)):
        assert (
            trial_to_run(build_comparison(CheckEvidence(ACCEPTANCE, [sides[0]], [sides[1]]), RULES))
            is None
        )


def test_discovered_checks_have_trials_only_without_an_acceptance_check() -> None:
    found = CheckEvidence(DISCOVERED, [BASE], [CLAIM])
    assert trial_to_run(build_comparison(found, RULES)) is None
    alone = Rules(changes=RULES.changes, has_acceptance_check=False)
    assert trial_to_run(build_comparison(found, alone)) == "without"
    lint = CheckEvidence(
        DISCOVERED.model_copy(update={"name": "lint", "command": "ruff ."}),
        [command(0)],
        [command(0)],
    )
    assert trial_to_run(build_comparison(lint, alone)) is None


@pytest.mark.parametrize(
    ("found", "code"),
    [
        (evidence(results={"without": UNLOADED, "stub": ASSERTS}), "falsified"),
        (
            evidence(results={"without": FAILS, "stub": PASSES, "raising": FAILS}),
            "result_not_checked",
        ),
        (
            evidence(results={"without": UNLOADED, "stub": FAILS, "raising": FAILS}),
            "result_not_checked",
        ),
        # Stubs that a compiler does not take say nothing of the tests.
        (evidence(results={"without": ASSERTS, "stub": NOT_BUILT}), "falsified"),
        (
            evidence(results={"without": NOT_BUILT, "stub": NOT_BUILT, "raising": NOT_BUILT}),
            "result_not_checked",
        ),
        (evidence(results={"without": PASSES}), "passes_without_change"),
        (evidence(results={"without": TIMED_OUT}), "green_before"),
        (evidence(tests=()), "no_test"),
        (evidence(code=()), "tests_only"),
        (evidence(sides=(BASE, BASE)), "tests_not_run"),
        (evidence(variants=("without",), results={"without": ASSERTS}), "falsified"),
        (evidence(variants=("without",), results={"without": UNLOADED}), "result_not_checked"),
    ],
)
def test_a_proof_needs_a_test_that_fails_by_an_assertion_without_the_change(
    found: CheckEvidence, code: str
) -> None:
    said = verdict(found)
    assert said.reason_code == code
    assert said.finding == ("proven" if code == "falsified" else "unverified")


def left_out(result: CheckResult) -> CheckResult:
    return result.model_copy(update={"left_out": ("tests/test_a.py",)})


@pytest.mark.parametrize(
    ("control", "code"), [(PASSES, "falsified"), (ASSERTS, "fails_alone"), (CANNOT, "fails_alone")]
)
def test_a_test_that_fails_in_a_run_of_its_own_proves_nothing(
    control: CheckResult, code: str
) -> None:
    results = {"without": left_out(ASSERTS), "stub": left_out(ASSERTS)}
    variants: tuple[TrialKind, ...] = (*ALL, "control")
    assert (
        trial_to_run(build_comparison(evidence(variants=variants, results=results), RULES))
        == "control"
    )
    said = verdict(evidence(variants=variants, results={**results, "control": left_out(control)}))
    assert said.reason_code == code
    # Where a variant runs all that the claim runs, the claim has shown it.
    whole = {"without": ASSERTS, "stub": ASSERTS}
    assert verdict(evidence(variants=variants, results=whole)).reason_code == "falsified"
    # Its text is not that of the claim, and the test may have read it.
    found = evidence(variants=variants, results=whole)
    assert found.trials is not None
    reads = replace(found.trials, reads=True)
    again = build_comparison(replace(found, trials=reads), RULES)
    assert trial_to_run(again) == "control"


FAILED = command(1, "AssertionError: 1 != 2\n")


@pytest.mark.parametrize(
    ("found", "code"),
    [
        ({"without": FAILED, "stub": FAILED}, "falsified"),
        ({"without": command(1, "ImportError"), "stub": FAILED}, "falsified"),
        (
            {"without": FAILED, "stub": command(1, "TypeError"), "raising": FAILED},
            "result_not_checked",
        ),
        ({"without": command(0)}, "passes_without_change"),
    ],
)
def test_a_runner_that_names_no_tests_is_read_by_its_exit_and_what_it_prints(
    found: dict[str, CheckResult], code: str
) -> None:
    assert verdict(evidence(sides=(command(0), command(0)), results=found)).reason_code == code


@pytest.mark.parametrize("title", ["ok 2 expected 1, got 1", "\u2714 expected 1, got 1"])
def test_the_title_of_a_test_that_passes_is_no_assertion(title: str) -> None:
    threshold = command(1, f"{title}\n1..2\nexpected 3 got\nERROR: Coverage is too low\n")
    green = command(0, "1..2\nexpected 3 got\n")
    found = {"without": FAILED, "stub": threshold, "raising": FAILED}
    said = verdict(evidence(sides=(green, green), results=found))
    assert said.reason_code == "result_not_checked"


def test_the_first_tests_of_a_project_prove_what_they_test() -> None:
    nothing = CANNOT.model_copy(update={"exit_code": 5})
    found = evidence(
        sides=(nothing, named_tests({NEW: "p"})), results={"without": UNLOADED, "stub": ASSERTS}
    )
    assert verdict(found).reason_code == "falsified"


def test_an_old_test_that_its_file_takes_along_proves_nothing() -> None:
    both = {"tests/test_b.py::test_old": "p", NEW: "p"}
    sides = (named_tests({"tests/test_b.py::test_old": "p"}), named_tests(both))
    old = named_tests({"tests/test_b.py::test_old": "f", NEW: "p"})
    failed, passed = old.tests
    tests = (failed.model_copy(update={"by_assertion": True}), passed)
    asserted = old.model_copy(update={"tests": tests})
    said = verdict(
        evidence(sides=sides, results={"without": UNLOADED, "stub": asserted, "raising": FAILS})
    )
    assert said.reason_code == "result_not_checked"


def test_without_names_a_stub_of_another_signature_tells_nothing() -> None:
    results = {"without": command(1, "ImportError"), "stub": FAILED, "raising": FAILED}
    found = evidence(sides=(command(0), command(0)), results=results, resigned=("add",))
    assert verdict(found).reason_code == "result_not_checked"


def test_code_that_could_not_be_parsed_is_not_taken_for_code_without_functions() -> None:
    found = evidence(variants=("without",), results={"without": ASSERTS}, unparsed=("src/a.py",))
    assert verdict(found).reason_code == "result_not_checked"


@pytest.mark.parametrize(
    ("words", "runs_tests"),
    [
        ("npm run unit", True),
        ("npx tape suite/*.js", True),
        ("nyc node all.js", True),
        ("ruff check community/", False),
        ("npm run build", False),
        ("cat tapes.txt", False),
    ],
)
def test_a_check_judged_by_its_exit_has_trials_where_its_words_speak_of_tests(
    words: str, runs_tests: bool
) -> None:
    check = ACCEPTANCE.model_copy(update={"command": words})
    found = CheckEvidence(check, [command(0)], [command(0)])
    assert (trial_to_run(build_comparison(found, RULES)) == "without") is runs_tests


def test_a_linter_is_no_place_for_a_test_and_a_later_part_holds_the_work_of_others() -> None:
    lint = ACCEPTANCE.model_copy(update={"command": "ruff check ."})
    green = CheckEvidence(lint, [command(0)], [command(0)])
    assert trial_to_run(build_comparison(green, RULES)) is None
    later = Rules(changes=RULES.changes, later_part=True)
    assert trial_to_run(build_comparison(CheckEvidence(ACCEPTANCE, [BASE], [CLAIM]), later)) is None
