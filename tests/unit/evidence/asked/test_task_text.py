"""What is read from the words of a task."""

import pytest

from agentproxy.evidence.asked.task_text import asks_for_tests_alone, read_task


@pytest.mark.parametrize(
    ("task", "renames"),
    [
        ("Rename `total` to `sum_up`", {"total": "sum_up"}),
        ("Rename the function total() to sum_up() everywhere", {"total": "sum_up"}),
        ("rename parse_date into read_date and update the callers", {"parse_date": "read_date"}),
        ("Rename the class Basket to Cart.", {"Basket": "Cart"}),
        ("Move the helpers to a module of their own", {}),
        ("Add a rounding mode to total", {}),
    ],
)
def test_a_task_names_what_gets_another_name(task: str, renames: dict[str, str]) -> None:
    assert read_task(task).renames == renames


@pytest.mark.parametrize(
    ("task", "removed"),
    [
        ("Remove the deprecated `parse_legacy`; callers use `parse`", {"parse_legacy"}),
        ("Remove `a_b` and `c_d` from `util.py`", {"a_b", "c_d"}),
        ("Delete the function old_total, nobody calls it", {"old_total"}),
        ("Drop the --legacy option of the command line", {"--legacy"}),
        ("Nobody uses --ordered: remove the option from the README and the specs", {"--ordered"}),
        ("parse_loose is old: remove it", {"parse_loose"}),
        ("Mend a_b and c_d, and remove it", set[str]()),
        ("Remove duplicates from the list", set[str]()),
        ("Strip blanks from names", set[str]()),
    ],
)
def test_a_task_names_what_goes(task: str, removed: set[str]) -> None:
    assert read_task(task).removed == removed


@pytest.mark.parametrize(
    ("task", "only"),
    [
        ("Rename `total` to `sum_up` and update all callers", True),
        ("Rename `total` to `sum_up`. The tests should still pass.", True),
        ("Rename `total` to `sum_up` and make it skip refunds", False),
        ("Remove `parse_legacy`, and support years before 1900 in `parse`", False),
        ("Remove the unused `parse_legacy` and its tests", True),
        ("Rename `total` to `sum_up` and bump the limit to 5", False),
        ("Rename `total` to `sum_up`, and cap it at 100", False),
        ("Remove `parse_legacy`. Also, limit `parse` to 80 characters.", False),
    ],
)
def test_a_task_may_ask_for_more_than_a_name(task: str, only: bool) -> None:
    assert read_task(task).asks_only_for_names is only


@pytest.mark.parametrize(
    ("task", "names"),
    [
        ("`slugify` should keep dots", {"slugify"}),
        ("cart.total() must raise ValueError", {"cart.total", "total", "ValueError"}),
        ("Add a --verbose option to bin/run.py", {"--verbose", "bin/run.py", "run.py", "py"}),
        ("Fix the bug in the parser", set[str]()),
    ],
)
def test_names_are_what_is_spelled_as_code(task: str, names: set[str]) -> None:
    assert names - {"py", "run.py"} <= read_task(task).names
    assert not read_task(task).names & {"should", "bug", "the", "keep"}


@pytest.mark.parametrize(
    ("task", "behaviour", "tests"),
    [
        ("Use 50 instead of 20 items a page", True, False),
        ("Change the default timeout from 30 to 60 seconds", True, False),
        ("Add a rounding mode to `total`", False, False),
        ("Fix `total` for an empty basket", False, False),
        ("Pull sleep out of src/retry.js. Nothing else changes.", False, False),
        ("Pull `sleep` out without changing what `retry` does", False, False),
        ("Wait 5 seconds instead of 3; nothing else may change", True, False),
        ("Return None for unknown users and adjust the tests", False, True),
        ("Regenerate the snapshots for the new header", False, True),
    ],
)
def test_a_task_may_ask_for_other_behaviour_and_for_other_tests(
    task: str, behaviour: bool, tests: bool
) -> None:
    read = read_task(task)
    assert (read.changes_behaviour, read.updates_tests) == (behaviour, tests)


@pytest.mark.parametrize(
    ("task", "alone"),
    [
        (
            "Write tests/test_request.py for router/request.py: headers, reading the body",
            True,
        ),
        ("stock/store.py has no tests. Write some for load and save.", True),
        ("Please add a spec for src/anchors.js: case, spaces, and hyphens.", True),
        ("files is tested too thinly: add tests for commas. Tests only, no change of code.", True),
        ("Add a setting `timeout` with the default 30, and add a test.", False),
        ("Change the port to 8080 in defaults.toml (test and README say 8000 too).", False),
        ("`total` must skip refunds. Add a test.", False),
        ("Add a --verbose option", False),
    ],
)
def test_a_task_may_ask_for_tests_alone(task: str, alone: bool) -> None:
    assert asks_for_tests_alone(task) is alone
