"""Reads the reports of Gradle's test tasks, as `java_collect/` gathers them. Pure.

Gradle counts tests only in tasks where one fails. It says of all faults that they are failures.
"""

import re
from dataclasses import replace

from agentproxy.events.check import ReportDoubt
from agentproxy.evidence.reports.junit import TestCase, read_cases
from agentproxy.evidence.reports.report import Report, number_tests
from agentproxy.evidence.reports.surefire_results import test_of

_TOTALS = re.compile(r"^(\d{1,7}) tests? completed, (\d{1,7}) failed(?:, \d{1,7} skipped)?$", re.M)
_END = re.compile(r"^BUILD (?:SUCCESSFUL|FAILED) in ", re.MULTILINE)
_IGNORED = "There were failing tests"
_QUIET = re.compile(r"\s(?:-q|--quiet)(?:\s|$)")
# of JUnit 4 and 5, TestNG, Hamcrest, AssertJ, Spock and Kotest
_ASSERTED = re.compile(
    r"(?:Assertion\w*Error|ComparisonFailure|MultipleFailuresError|ConditionNotSatisfiedError)$"
)


def read_gradle(xml: bytes, _root: str) -> Report:
    """Reads the tests of all tasks, named as those of Surefire.

    Raises:
        ReportUnusable: the XML is broken, hostile or too large.
    """
    cases = sorted(map(_told_apart, read_cases(xml)), key=lambda case: case.suites)
    tests = tuple(number_tests(test_of(case) for case in cases))
    return Report(tests, sum(test.outcome == "failed" for test in tests), ran=len(cases))


def _told_apart(case: TestCase) -> TestCase:
    problems = tuple(
        replace(each, tag="error")
        if each.tag == "failure" and not _ASSERTED.search(each.type)
        else each
        for each in case.problems
    )
    return replace(case, problems=problems)


def find_doubt_of_gradle(output: str, command: str, report: Report) -> ReportDoubt | None:
    """Returns why the report does not count: Gradle says other totals, or does not end."""
    quiet = _QUIET.search(command) is not None
    if not quiet and not _END.search(output):
        return "no_totals"
    said = [(int(ran), int(failed)) for ran, failed in _TOTALS.findall(output)]
    ran, failed = sum(each[0] for each in said), sum(each[1] for each in said)
    if failed > report.failures:
        return "hides_failures"
    silent = not said and (quiet or _IGNORED in output)
    agrees = silent or (failed == report.failures and ran <= report.ran)
    return None if agrees else "other_totals"
