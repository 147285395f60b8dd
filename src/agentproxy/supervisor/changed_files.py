"""Which changed files of a claim are tests."""

from agentproxy.events.check import claim_tree
from agentproxy.evidence.reports.test_ids import file_of_test
from agentproxy.evidence.test_files import is_test_file
from agentproxy.supervisor.state import State

MAX_PARSED_BYTES = 1 << 20  # bytes of a file that is parsed


def split_changes(state: State, number: int) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The test files that a claim adds or changes, and its other paths. A file whose tests a check
    has run is a test file, wherever it is.
    """
    ran = _files_that_ran(state, number)
    tests: list[str] = []
    code: list[str] = []
    for change in state.claims[number].changes:
        if is_test_file(change.path) or change.path in ran:
            if change.status != "deleted":
                tests.append(change.path)
        else:
            code.append(change.path)
    return tuple(tests), tuple(code)


def has_unusual_tests(state: State, number: int) -> bool:
    """Whether a check has run tests of a changed file that does not look like one of tests."""
    changed = {change.path for change in state.claims[number].changes}
    return any(not is_test_file(path) for path in changed & _files_that_ran(state, number))


def _files_that_ran(state: State, number: int) -> set[str]:
    return {
        file
        for check in state.scope.checks
        for result in state.results_of(check.name, claim_tree(number))
        for test in result.tests
        if (file := file_of_test(test.name))
    }
