"""Reads the reports of Maven Surefire and Failsafe, as `java_collect/` gathers them. Pure."""

import re

from agentproxy.events.check import ReportDoubt, TestResult
from agentproxy.evidence.reports.junit import (
    MAX_TEST_NAME_CHARACTERS,
    JunitProblem,
    TestCase,
    read_cases,
)
from agentproxy.evidence.reports.report import (
    MAX_MESSAGE_LENGTH,
    MESSAGE_LINES,
    Report,
    number_tests,
    outcome_of,
)

# Such a line without a time is of a module, and not of a class.
_TOTALS = re.compile(
    r"^\[(?:INFO|WARNING|ERROR)\] Tests run: (\d{1,7}), Failures: (\d{1,7}), Errors: (\d{1,7}), "
    r"Skipped: (\d{1,7})(?:, Flakes: \d+)?$",
    re.MULTILINE,
)
_QUIET = re.compile(r"\s(?:-q|--quiet)(?:\s|$)")
_FRAME = re.compile(r"\(([\w$-]{1,200}\.\w{1,10}):(\d{1,7})\)")


def read_surefire(xml: bytes, _root: str) -> Report:
    """Reads the tests of all modules, named `file::Class::test`, or `class > test` where the class
    has no file of its own.

    Raises:
        ReportUnusable: the XML is broken, hostile or too large.
    """
    cases = sorted(read_cases(xml), key=lambda case: case.suites)
    tests = tuple(number_tests(test_of(case) for case in cases))
    return Report(tests, sum(test.outcome == "failed" for test in tests), ran=len(cases))


def find_doubt_of_surefire(output: str, command: str, report: Report) -> ReportDoubt | None:
    """Returns why the report does not count: Maven says other totals, or none."""
    said = [tuple(map(int, totals)) for totals in _TOTALS.findall(output)]
    if not said:
        # With -q Maven says nothing where all is well.
        return None if _QUIET.search(command) else "no_totals"
    ran, failures, errors, skipped = (sum(numbers) for numbers in zip(*said, strict=True))
    if failures + errors > report.failures:
        return "hides_failures"
    if _QUIET.search(command):
        # And of several modules only those where a test fails say how many ran.
        agrees = failures + errors == report.failures and ran <= report.ran
        return None if agrees else "other_totals"
    listed = sum(test.outcome == "skipped" for test in report.tests)
    agrees = (ran, failures + errors, skipped) == (report.ran, report.failures, listed)
    return None if agrees else "other_totals"


def test_of(case: TestCase) -> TestResult:
    """The result of a case of JUnit below the file of its class."""
    outcome = outcome_of(case)
    problem = next(iter(case.problems), None)
    failed = problem if outcome == "failed" else None
    return TestResult(
        name=_name(case)[:MAX_TEST_NAME_CHARACTERS],
        outcome=outcome,
        message=_message(failed) if failed else "",
        place=_place(failed, _file(case)) if failed else "",
        by_assertion=failed is not None and failed.tag == "failure",
    )


def _file(case: TestCase) -> str:
    """The file of the report, where the class of the test is the one that the file is named for."""
    file = case.suites[0] if case.suites else ""
    outer = case.attributes.get("classname", "").partition("$")[0]
    ends = tuple(f"/{outer.replace('.', '/')}.{kind}" for kind in ("java", "kt", "groovy"))
    return file if file.endswith(ends) else ""


def _name(case: TestCase) -> str:
    group, file = case.attributes.get("classname", ""), _file(case)
    # What fails before the tests of a class stands for them, without a name.
    if not case.name:
        return file or group
    if not file:
        return f"{group} > {case.name}"
    return "::".join([file, *group.rpartition(".")[2].split("$"), case.name])


def _message(problem: JunitProblem) -> str:
    lines = (problem.message or problem.text).strip().splitlines()
    return "\n".join(lines[:MESSAGE_LINES])[:MAX_MESSAGE_LENGTH]


def _place(problem: JunitProblem, file: str) -> str:
    own = file.rpartition("/")[2]
    lines = (line for name, line in _FRAME.findall(problem.text) if name == own)
    line = next(lines, "") if file else ""
    return f"{file}:{line}" if line else ""
