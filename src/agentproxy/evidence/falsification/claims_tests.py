"""Which tests of a check are the claim's. Pure."""

from collections.abc import Collection

from agentproxy.events.check import CheckResult
from agentproxy.evidence.comparison import Comparison
from agentproxy.evidence.reports.test_ids import file_of, is_changed


def find_claims_tests(comparison: Comparison, test_files: Collection[str]) -> frozenset[str]:
    """The tests that pass at the claim, and are new or in a test file that the claim changes."""
    passed = comparison.claim.names_of("passed")
    # By file: there may be many thousand tests.
    changed = {file for file in map(file_of, passed) if is_changed(file, test_files)}
    return frozenset(
        name for name in passed if name not in comparison.base.tests or file_of(name) in changed
    )


def passing(result: CheckResult) -> frozenset[str]:
    """The tests that passed in one run."""
    return frozenset(test.name for test in result.tests if test.outcome == "passed")


def find_new_tests(
    comparison: Comparison, test_files: Collection[str], functions: Collection[str]
) -> frozenset[str]:
    """Those of the claim's tests that are new by name, or by their text: in one of `functions`,
    given as `file::function`. An old test in the same file says nothing of the claim.
    """
    return frozenset(
        name
        for name in find_claims_tests(comparison, test_files)
        if name not in comparison.base.tests or _is_one_of(functions, name)
    )


def _is_one_of(functions: Collection[str], name: str) -> bool:
    file, _, inside = name.partition("::")
    meant = f"{file}::{inside.partition('[')[0].replace('::', '.')}"
    # A check may run in a folder below the root, so that its paths are shorter.
    return any(each == meant or each.endswith(f"/{meant}") for each in functions)
