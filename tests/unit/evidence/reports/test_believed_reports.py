"""Which reports count: they agree with what their runner says at its end. Outputs are recorded."""

import pytest

from agentproxy.events.check import CheckResult, ReportDoubt
from agentproxy.evidence.attempts import status_of
from agentproxy.evidence.instrumentation import interpret
from agentproxy.workspace.sandbox.port import Ended
from tests.support.results import ACCEPTANCE, judge

ROOT = "/home/me/lib"
REPORT = {"pytest": "pytest-0.xml", "unittest": "unittest-0.xml"}


def ran(exit_code: int, output: str, command: str, **reports: str) -> CheckResult:
    """What a run says; a report by its runner."""
    size = len(output.encode())
    ended = Ended("exited", exit_code, 1.0, output, size, "d")
    found = {REPORT[runner]: xml.encode() for runner, xml in reports.items()}
    return interpret(ended, found, command=command, root=ROOT)


# A test with two failing subtests has three failures: one is its own.
PYTEST_SUBTESTS = (
    '<testcase classname="test_s" name="test_t" file="test_s.py" line="5">'
    '<failure message="assert 0"/><failure message="assert 0"/>'
    '<failure message="contains 2 failed subtests"/></testcase>'
)
PYTEST_TEARDOWN = (
    '<testcase classname="test_d" name="test_b" file="test_d.py"><failure/></testcase>'
    '<testcase classname="test_d" name="test_b" file="test_d.py"><error/></testcase>'
)
PYTEST_PASSED = '<testcase classname="test_d" name="test_a" file="test_d.py"/>'


@pytest.mark.parametrize(
    ("cases", "exit_code", "output", "doubt", "status"),
    [
        (PYTEST_SUBTESTS, 1, "3 failed, 2 subtests passed in 2.56s", None, "fails"),
        (PYTEST_TEARDOWN, 1, "1 failed, 1 passed, 1 error in 3.45s", None, "fails"),
        (PYTEST_PASSED, 0, "1 passed, 1 xfailed in 3.45s", None, "passes"),
        (PYTEST_PASSED, 1, "FAIL Required test coverage of 90%\n1 passed in 1.0s", None, "fails"),
        (PYTEST_PASSED, 0, "=== 1 failed, 1 passed in 0.10s ===", "hides_failures", "fails"),
        (PYTEST_TEARDOWN, 1, "2 failed, 1 error in 0.10s", "hides_failures", "fails"),
    ],
)
def test_a_report_of_pytest_holds_what_its_summary_counts(
    cases: str, exit_code: int, output: str, doubt: ReportDoubt | None, status: str
) -> None:
    xml = f"<testsuites><testsuite>{cases}</testsuite></testsuites>"
    result = ran(exit_code, output, "pytest -q", pytest=xml)
    assert (result.doubt, result.by_test, status_of(result)) == (doubt, doubt is None, status)


PYTEST_CHILD = '<testcase classname="test_s" name="test_x" file="test_s.py"><failure/></testcase>'


@pytest.mark.parametrize(
    ("command", "output", "doubt"),
    [
        ("python -m unittest", "Ran 1 test in 0.9s\n\nOK\n", "of_another_process"),
        ("python3 -m unittest -v", "1 failed in 0.1s\nRan 1 test in 0.9s\n", "of_another_process"),
        ("make test", "Ran 1 test in 0.9s\n\nOK\n", "of_another_process"),
        ("make test", "1 failed in 0.1s\n", None),
        ("make test", "", None),
        ("python -m pytest -qq && python -m unittest", "Ran 1 test in 0.9s\n", None),
        ("python -m unittest; make test", "1 failed in 0.1s\n", None),
    ],
)
def test_a_report_of_pytest_that_a_test_started_is_not_the_checks(
    command: str, output: str, doubt: ReportDoubt | None
) -> None:
    xml = f"<testsuites><testsuite>{PYTEST_CHILD}</testsuite></testsuites>"
    result = ran(0, output, command, pytest=xml)
    assert (result.doubt, result.by_test) == (doubt, doubt is None)
    assert status_of(result) == ("fails" if doubt is None else "passes")


# pytest 9.2: with self.subTest("a"): self.skipTest("x"); with self.subTest("b"): self.assertTrue(0)
SKIPPED_PART = '<skipped type="pytest.skip" message="{}">test_sub.py:16: x</skipped>'
FAILED_PART = '<failure message="AssertionError: 0 is not true">E   AssertionError</failure>'


@pytest.mark.parametrize(
    ("base", "claim", "finding"),
    [
        (SKIPPED_PART.format("x") + FAILED_PART, SKIPPED_PART.format("x"), "proven"),
        (FAILED_PART, SKIPPED_PART.format("x"), "unverified"),
        (SKIPPED_PART.format("x") + FAILED_PART, SKIPPED_PART.format("another"), "unverified"),
        (SKIPPED_PART.format("x") + FAILED_PART, FAILED_PART, "refuted"),
    ],
)
def test_a_skipped_subtest_does_not_hide_that_the_one_beside_it_is_fixed(
    base: str, claim: str, finding: str
) -> None:
    results: list[CheckResult] = []
    for parts in (base, claim):
        case = (
            f'<testcase classname="test_sub.T" name="test_v" file="test_sub.py">{parts}</testcase>'
        )
        failed = "failure" in parts
        output = "1 failed, 1 passed in 0.1s" if failed else "1 passed, 1 skipped in 0.1s"
        xml = f"<testsuites>{PYTEST_PASSED}{case}</testsuites>"
        results.append(ran(int(failed), output, "pytest -q", pytest=xml))
    assert judge(ACCEPTANCE, results[:1], results[1:]).finding == finding
