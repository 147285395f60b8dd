"""Reads the JUnit reports of PHPUnit. Pure."""

import re

from agentproxy.events.check import Outcome, TestResult
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
    path_inside,
)

_FRAME = re.compile(r"^(/[^:\n]{1,400}):(\d{1,7})$", re.MULTILINE)
_RISKY = "PHPUnit\\Framework\\RiskyTestError"
_HOOKS = ("setUpBeforeClass", "tearDownAfterClass")


def read_phpunit(xml: bytes, root: str) -> Report:
    """Reads the tests of one run, named `file::Class::test`.

    Raises:
        ReportUnusable: the XML is broken, hostile or too large.
    """
    cases = read_cases(xml)
    # A case without a class stands for a warning about no test, or for a broken data provider.
    named = (case for case in cases if case.attributes.get("class") or case.problems)
    tests = tuple(number_tests(_test(case, root) for case in named))
    failures = sum(test.outcome == "failed" for test in tests)
    return Report(tests, failures, ran=len(cases))


def _test(case: TestCase, root: str) -> TestResult:
    outcome = _outcome(case)
    problem = next(iter(case.problems), None)
    failed = problem if outcome == "failed" else None
    return TestResult(
        name=_name(case, root)[:MAX_TEST_NAME_CHARACTERS],
        outcome=outcome,
        message=_message(failed) if failed else "",
        place=_place(failed, root) if failed else "",
        by_assertion=failed is not None and failed.tag == "failure" and case.name not in _HOOKS,
    )


def _outcome(case: TestCase) -> Outcome:
    # A test that asserts nothing is risky, which PHPUnit reports as an error and ends with 0.
    others = [problem for problem in case.problems if problem.type != _RISKY]
    return "skipped" if case.problems and not others else outcome_of(case)


def _name(case: TestCase, root: str) -> str:
    file = path_inside(case.attributes.get("file", ""), root)
    group = case.attributes.get("class", "").rpartition("\\")[2]
    if case.name in _HOOKS and file:
        return file
    if not group and case.suites:
        return case.suites[-1]
    return "::".join(part for part in (file, group, case.name) if part)


def _message(problem: JunitProblem) -> str:
    # The first line is the name of the test.
    _, _, said = (problem.text or problem.message).strip().partition("\n")
    lines = _FRAME.split(said)[0].strip().splitlines()
    return "\n".join(lines[:MESSAGE_LINES])[:MAX_MESSAGE_LENGTH]


def _place(problem: JunitProblem, root: str) -> str:
    for path, line in _FRAME.findall(problem.text):
        inside = path_inside(path, root)
        if inside and not inside.startswith("vendor/"):
            return f"{inside}:{line}"
    return ""
