"""A named check that is red for what the task does not mention accuses nobody."""

import pytest
from support.results import ACCEPTANCE, DISCOVERED, judge, modified, named_tests

from agentproxy.events.check import CheckResult
from agentproxy.events.contract import Check
from agentproxy.evidence.check_evidence import Rules

FEATURE = "Add a `--verbose` option to the export command"
OLD = {
    "tests/test_dates.py::test_leap_years": "f",
    "tests/test_cart.py::test_total": "p",
    "tests/test_cart.py::test_discount": "p",
}
NEW = {**OLD, "tests/test_export.py::test_verbose": "p"}


def reason_code(
    before: dict[str, str], after: dict[str, str], *, task: str = FEATURE, changed: str = "shop.py"
) -> tuple[str, str]:
    rules = Rules(task=task, changes=modified(changed))
    said = judge(ACCEPTANCE, [named_tests(before)], [named_tests(after)], rules=rules)
    return said.finding, said.reason_code


def test_what_is_red_beside_the_task_is_weighed_as_green_before() -> None:
    assert reason_code(OLD, NEW) == ("unverified", "green_before")


@pytest.mark.parametrize(
    "task",
    [
        "Fix the dates",
        "Leap years should be exported by the command",
        "Support 29 February in the dates of the export",
        "Make the suite green",
        "Do it",
        "",
    ],
)
def test_what_the_task_may_mean_is_refuted_where_it_stays_red(task: str) -> None:
    assert reason_code(OLD, NEW, task=task) == ("refuted", "still_failing")


def test_a_check_that_is_mostly_red_was_written_for_the_task() -> None:
    red = dict.fromkeys(OLD, "f")
    assert reason_code(red, red) == ("refuted", "still_failing")


def test_a_new_failure_beside_it_is_refuted_all_the_same() -> None:
    worse = {**NEW, "tests/test_cart.py::test_total": "f"}
    assert reason_code(OLD, worse) == ("refuted", "newly_failing")
    new = {**NEW, "tests/test_export.py::test_verbose": "f"}
    assert reason_code(OLD, new)[0] == "refuted"


@pytest.mark.parametrize(("check", "finding"), [(DISCOVERED, "kept")])
def test_without_a_named_check_it_is_kept(check: Check, finding: str) -> None:
    rules = Rules(task=FEATURE, has_acceptance_check=False)
    results: list[list[CheckResult]] = [[named_tests(OLD)], [named_tests(NEW)]]
    assert judge(check, *results, rules=rules).finding == finding
