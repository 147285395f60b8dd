"""The verdict table of the design, row by row, and its clauses by test."""

import pytest
from support.results import (
    ACCEPTANCE,
    CANNOT,
    DISCOVERED,
    NO_CARGO,
    NOTHING_COLLECTED,
    REGRESSION,
    TIMED_OUT,
    UNREADABLE,
    command,
    finding,
    judge,
    modified,
    named_tests,
    ran,
)

from agentproxy.events.check import CannotRun, CheckResult
from agentproxy.events.contract import Check
from agentproxy.events.git_facts import Change
from agentproxy.events.verdict import Finding
from agentproxy.evidence.check_evidence import Rules

TABLE = [
    (command(1), command(0), "proven", "kept"),
    (ran(a="f", b="p"), ran(a="p", b="p"), "proven", "kept"),
    (ran(a="f", b="p"), ran(a="p", b="f"), "refuted", "refuted"),
    (ran(a="f"), ran(a="f"), "refuted", "neutral"),
    (command(1), command(1), "refuted", "neutral"),
    (ran(a="f", b="f"), ran(a="p", b="f"), "unverified", "neutral"),
    (ran(a="p"), ran(a="f"), "refuted", "refuted"),
    (command(0), command(1), "refuted", "refuted"),
    (ran(a="p"), ran(a="p"), "unverified", "kept"),
    (command(0), command(0), "unverified", "kept"),
    (command(0), CANNOT, "refuted", "refuted"),
    # `a && b`: the base failed in a, and the claim mends a and comes to b, which is not installed.
    (command(1), CANNOT, "unverified", "neutral"),
    (ran(a="f", b="p"), CANNOT, "refuted", "refuted"),
    (ran(a="p"), TIMED_OUT, "refuted", "refuted"),
    (command(1), TIMED_OUT, "refuted", "refuted"),
    (ran(a="f", b="p"), NOTHING_COLLECTED, "refuted", "refuted"),
    (command(1), UNREADABLE, "refuted", "refuted"),
    (UNREADABLE, UNREADABLE, "unverified", "neutral"),
    (CANNOT, command(0), "unverified", "kept"),
    (CANNOT, command(1), "refuted", "neutral"),
    (CANNOT, CANNOT, "unverified", "neutral"),
    (TIMED_OUT, TIMED_OUT, "unverified", "neutral"),
]


@pytest.mark.parametrize(("base", "claim", "if_acceptance", "if_other"), TABLE)
def test_each_row_of_the_table_is_judged_as_the_design_says(
    base: CheckResult, claim: CheckResult, if_acceptance: Finding, if_other: Finding
) -> None:
    assert finding(ACCEPTANCE, base, claim) == if_acceptance
    assert finding(REGRESSION, base, claim) == if_other
    assert finding(DISCOVERED, base, claim) == if_other


def test_a_check_that_lacked_a_module_which_the_claim_brings_had_failed_at_the_base() -> None:
    base = CheckResult(
        exit_code=1,
        ending="exited",
        seconds=1.0,
        cannot_run=CannotRun(kind="missing_module", subject="tools.verify", text="any words"),
    )
    added = (Change(path="tools/verify.py", status="added"),)
    brought = judge(ACCEPTANCE, [base], [command(0)], rules=Rules(changes=added))
    assert (brought.finding, brought.reason_code) == ("proven", "fixed")
    strange = judge(
        ACCEPTANCE, [base], [command(0)], rules=Rules(changes=modified("tools/verify.py"))
    )
    assert (strange.finding, strange.reason_code) == ("unverified", "green_before")


@pytest.mark.parametrize("words", ["", "the compiler of Rust was looked for and is not there"])
def test_what_a_sentence_says_of_an_obstacle_changes_no_verdict(words: str) -> None:
    reworded = CANNOT.model_copy(update={"cannot_run": NO_CARGO.model_copy(update={"text": words})})
    verdict = judge(ACCEPTANCE, [reworded], [reworded])
    assert (verdict.finding, verdict.reason_code) == ("unverified", "cannot_run")
    assert "put it on PATH" in verdict.reason
    lists = Rules(changes=modified("Cargo.toml"))
    refuted = judge(ACCEPTANCE, [command(0)], [reworded], rules=lists)
    assert (refuted.finding, refuted.reason_code) == ("unverified", "environment")


def test_green_before_proves_nothing_and_no_worker_can_fix_that() -> None:
    verdict = judge(ACCEPTANCE, [ran(a="p")], [ran(a="p", b="p")])
    assert verdict.finding == "unverified"
    assert "it was green before" in verdict.reason
    assert not verdict.fixable


def test_what_cannot_run_anywhere_names_the_cause_and_no_worker_can_fix_it() -> None:
    verdict = judge(ACCEPTANCE, [CANNOT], [CANNOT])
    assert "cargo" in verdict.reason
    assert not verdict.fixable


@pytest.mark.parametrize("way", ["s", "x", None])
@pytest.mark.parametrize("check", [ACCEPTANCE, REGRESSION, DISCOVERED])
def test_a_passing_test_that_is_removed_or_skipped_is_named_and_unverified(
    check: Check, way: str | None
) -> None:
    claim = ran(a="p") if way is None else ran(a="p", lost=way)
    verdict = judge(check, [ran(a="p", lost="p")], [claim])
    assert verdict.finding == "unverified"
    assert verdict.fixable
    assert [place.test for place in verdict.places] == ["tests/test_a.py::test_lost"]
    assert "test_lost" in verdict.reason


def test_a_passing_test_that_the_task_names_may_go_but_is_still_said() -> None:
    rules = Rules(task="Remove test_lost together with the old parser")
    verdict = judge(REGRESSION, [ran(a="p", lost="p")], [ran(a="p")], rules=rules)
    assert verdict.finding == "kept"
    assert "test_lost" in verdict.reason


def test_a_task_that_names_the_file_does_not_give_away_the_tests_in_it() -> None:
    base, claim = ran(a="f", lost="p"), ran(a="p")
    assert finding(ACCEPTANCE, base, claim, task="Fix tests/test_a.py") == "unverified"


def test_a_test_whose_name_only_begins_like_the_one_in_the_task_is_not_named() -> None:
    base, claim = ran(a="p", lost="p"), ran(a="p")
    assert finding(REGRESSION, base, claim, task="Remove test_lost_again") == "unverified"


@pytest.mark.parametrize("way", ["s", "x", None])
def test_a_failing_test_that_disappears_is_not_fixed(way: str | None) -> None:
    claim = ran(b="p") if way is None else ran(b="p", a=way)
    verdict = judge(ACCEPTANCE, [ran(a="f", b="p")], [claim], rules=Rules(task="Fix test_a"))
    assert verdict.finding == "unverified"
    assert verdict.fixable
    assert verdict.fixed == ()


def test_a_discovered_check_made_green_by_skipping_is_not_called_kept() -> None:
    assert finding(DISCOVERED, ran(a="f", b="p"), ran(a="s", b="p")) == "neutral"


def test_a_renamed_failing_test_is_not_fixed() -> None:
    assert finding(ACCEPTANCE, ran(a="f"), ran(renamed="p")) == "unverified"


def test_hiding_every_red_test_and_failing_still_is_refuted() -> None:
    base = ran(a="f", b="p")
    claim = named_tests({"tests/test_a.py::test_b": "p"}, exit_code=1)
    assert finding(ACCEPTANCE, base, claim) == "refuted"


def test_a_new_test_that_fails_breaks_a_check_that_passed() -> None:
    verdict = judge(ACCEPTANCE, [ran(a="p")], [ran(a="p", new="f")])
    assert verdict.finding == "refuted"
    assert verdict.places[0].test == "tests/test_a.py::test_new"


def test_a_new_test_that_fails_beside_a_fixed_one_withholds_the_proof() -> None:
    verdict = judge(ACCEPTANCE, [ran(a="f")], [ran(a="p", new="f")])
    assert verdict.finding == "unverified"
    assert verdict.fixable
    assert "test_new" in verdict.reason


def test_a_new_test_that_fails_in_a_discovered_check_that_failed_is_neutral_and_said() -> None:
    verdict = judge(DISCOVERED, [ran(a="f")], [ran(a="f", new="f")])
    assert verdict.finding == "neutral"
    assert "test_new" in verdict.reason


@pytest.mark.parametrize("pattern", ["tests/test_a.py::test_b", "*::test_b*", "*_b", "tests/*_b"])
def test_known_red_tests_may_stay_red(pattern: str) -> None:
    base, claim = ran(a="f", b="f"), ran(a="p", b="f")
    assert finding(ACCEPTANCE, base, claim, known_red=(pattern,)) == "proven"
    assert finding(ACCEPTANCE, base, claim) == "unverified"


def test_known_red_tests_may_be_skipped_too() -> None:
    base, claim = ran(a="f", b="f"), ran(a="p", b="s")
    assert finding(ACCEPTANCE, base, claim, known_red=("*_b",)) == "proven"
    assert finding(ACCEPTANCE, base, claim, task="Fix test_a") == "unverified"


@pytest.mark.parametrize("pattern", ["tests/test_b.py", "tests/test_b.py::", "tests/test_b*"])
def test_a_whole_file_may_be_known_red(pattern: str) -> None:
    base = named_tests({"tests/test_a.py::test_a": "f", "tests/test_b.py::test_b": "f"})
    claim = named_tests({"tests/test_a.py::test_a": "p", "tests/test_b.py::test_b": "f"})
    assert finding(ACCEPTANCE, base, claim, known_red=(pattern,)) == "proven"


def test_a_bracket_in_a_pattern_is_a_parameter_and_not_a_class_of_characters() -> None:
    base = named_tests({"tests/test_a.py::test_a": "f", "tests/test_a.py::test_p1": "f"})
    claim = named_tests({"tests/test_a.py::test_a": "p", "tests/test_a.py::test_p1": "f"})
    assert (
        finding(ACCEPTANCE, base, claim, known_red=("tests/test_a.py::test_p[1]",)) == "unverified"
    )


def test_what_is_known_red_and_passed_at_the_base_still_refutes() -> None:
    base, claim = ran(a="f", b="p"), ran(a="p", b="f")
    assert finding(ACCEPTANCE, base, claim, known_red=("*",)) == "refuted"


@pytest.mark.parametrize("task", ["Fix test_a", "fix tests/test_a.py::test_a please"])
def test_only_the_tests_that_the_task_names_must_be_fixed(task: str) -> None:
    verdict = judge(ACCEPTANCE, [ran(a="f", b="f")], [ran(a="p", b="f")], rules=Rules(task=task))
    assert verdict.finding == "proven"
    assert "test_b" in verdict.reason


def test_a_file_named_by_the_task_must_be_fixed_whole() -> None:
    names = ("tests/test_a.py::test_a", "tests/test_a.py::test_b", "tests/test_z.py::test_z")
    base = named_tests(dict.fromkeys(names, "f"))
    half = named_tests(dict(zip(names, "pff", strict=True)))
    whole = named_tests(dict(zip(names, "ppf", strict=True)))
    assert finding(ACCEPTANCE, base, half, task="Make test_a.py pass") == "unverified"
    assert finding(ACCEPTANCE, base, whole, task="Make test_a.py pass") == "proven"


def test_fixing_another_test_than_the_one_named_is_not_enough() -> None:
    base, claim = ran(a="f", b="f"), ran(a="f", b="p")
    assert finding(ACCEPTANCE, base, claim, task="Fix test_a") == "unverified"


def test_a_common_word_as_title_is_not_a_test_that_the_task_names() -> None:
    base = named_tests({"adds": "f", "divides": "f"})
    claim = named_tests({"adds": "p", "divides": "f"})
    assert finding(ACCEPTANCE, base, claim, task="it adds the wrong numbers") == "unverified"


def test_tests_that_pass_under_a_command_that_still_fails_prove_nothing_yet() -> None:
    base = named_tests({"test_a.py::test_a": "f"})
    claim = named_tests({"test_a.py::test_a": "p"}, exit_code=2)
    verdict = judge(ACCEPTANCE, [base], [claim])
    assert verdict.finding == "unverified"
    assert "exit 2" in verdict.reason


def test_a_failing_test_counts_where_the_command_hides_it() -> None:
    base = named_tests({"test_a.py::test_a": "f"}, exit_code=0)
    assert finding(ACCEPTANCE, base, base) == "refuted"
    assert finding(ACCEPTANCE, base, ran(a="p")) == "unverified"
    assert finding(ACCEPTANCE, base, named_tests({"test_a.py::test_a": "p"})) == "proven"


def test_a_file_that_could_not_be_loaded_is_fixed_when_its_tests_pass() -> None:
    base = named_tests({"tests/test_new.py": "f"})
    good = named_tests({"tests/test_new.py::test_one": "p"})
    assert finding(ACCEPTANCE, base, good) == "proven"
    half = named_tests({"tests/test_new.py::test_one": "p", "tests/test_new.py::test_two": "f"})
    verdict = judge(ACCEPTANCE, [base], [half])
    assert verdict.finding == "refuted"
    assert verdict.places[0].test == "tests/test_new.py::test_two"
    emptied = named_tests({"tests/test_new.py::test_one": "s", "tests/test_a.py::test_a": "p"})
    assert finding(ACCEPTANCE, base, emptied) == "unverified"


def test_a_hook_that_fails_after_the_tests_of_a_file_counts_for_the_file() -> None:
    broken = named_tests({"a.test.js::adds": "p", "a.test.js": "f"})
    whole = named_tests({"a.test.js::adds": "p"})
    verdict = judge(ACCEPTANCE, [broken], [whole])
    assert (verdict.finding, verdict.fixed) == ("proven", ("a.test.js",))
    verdict = judge(REGRESSION, [whole], [broken])
    assert (verdict.finding, verdict.places[0].test) == ("refuted", "a.test.js")
    red = named_tests({"a.test.js::adds": "p", "b.test.js::b": "f"})
    mended = named_tests({"a.test.js::adds": "p", "a.test.js": "f", "b.test.js::b": "p"})
    assert finding(ACCEPTANCE, red, mended) == "refuted"


def test_a_file_that_cannot_be_loaded_any_more_takes_its_passing_tests_with_it() -> None:
    base = named_tests({"tests/test_a.py::test_a": "p", "tests/test_b.py::test_b": "f"})
    claim = named_tests({"tests/test_a.py": "f"})
    verdict = judge(DISCOVERED, [base], [claim])
    assert verdict.finding == "refuted"
    assert verdict.places[0].test == "tests/test_a.py::test_a"
    assert verdict.places[0].message == "assert 1 == 2"


def test_a_claim_that_names_no_tests_any_more_cannot_prove_by_its_exit() -> None:
    base = ran(a="f", b="p")
    verdict = judge(ACCEPTANCE, [base], [command(0)])
    assert verdict.finding == "unverified"
    assert "names no tests at the claim" in verdict.reason
    assert finding(REGRESSION, ran(a="p"), command(0)) == "unverified"
    assert finding(REGRESSION, ran(a="p"), command(1)) == "refuted"


def test_places_say_what_to_fix_and_are_bounded() -> None:
    many = {f"tests/test_a.py::test_{number:03}": "p" for number in range(100)}
    claim = named_tests(dict.fromkeys(many, "f"))
    verdict = judge(REGRESSION, [named_tests(many)], [claim])
    assert len(verdict.places) == 20
    assert verdict.places[0].where == "src/a.py:7"
    assert verdict.places[0].message == "assert 1 == 2"
    assert verdict.reason.startswith("100 tests that passed before fail now")
    assert verdict.reason.endswith("and 97 more")


def test_a_command_that_breaks_shows_the_end_of_its_output() -> None:
    verdict = judge(REGRESSION, [command(0)], [command(2, "x" * 9000 + "a.py:1: error")])
    assert verdict.places[0].message.endswith("a.py:1: error")
    assert len(verdict.places[0].message) <= 2000


REFUSED = "ConnectionRefusedError: [Errno 111] Connection refused"


def test_tests_that_fail_at_both_for_an_outside_reason_are_named_with_the_cure() -> None:
    base = with_message(ran(a="f", store="f", b="p"), "store", REFUSED)
    claim = with_message(ran(a="p", store="f", b="p"), "store", REFUSED)
    verdict = judge(ACCEPTANCE, [base], [claim])
    assert (verdict.finding, verdict.fixable) == ("unverified", False)
    assert "store" in verdict.reason
    assert 'network = "host"' in verdict.reason


@pytest.mark.parametrize("at_base", ["", "assert 1 == 2", "ENOTFOUND"])
def test_an_outside_reason_that_only_the_claim_gives_excuses_nothing(at_base: str) -> None:
    base = with_message(ran(store="f", b="p"), "store", at_base)
    claim = with_message(ran(store="f", b="p"), "store", REFUSED)
    verdict = judge(ACCEPTANCE, [base], [claim])
    assert (verdict.finding, verdict.fixable) == ("refuted", True)


def test_where_nothing_else_is_red_a_check_that_needs_a_server_accuses_nobody() -> None:
    both = with_message(ran(store="f", b="p"), "store", REFUSED)
    verdict = judge(ACCEPTANCE, [both], [both])
    assert (verdict.finding, verdict.fixable) == ("unverified", False)


def with_message(result: CheckResult, name: str, message: str) -> CheckResult:
    """The result where one test says why it failed."""
    tests = tuple(
        test.model_copy(update={"message": message}) if test.name.endswith(f"_{name}") else test
        for test in result.tests
    )
    return result.model_copy(update={"tests": tests})
