"""Reads what our recorder of unittest's runners has written (`python_start`). Pure."""

import re

from agentproxy.events.check import TestResult
from agentproxy.evidence.reports.assertions import fails_on_the_way
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
    ReportUnusable,
    merge_tests,
    outcome_of,
    path_inside,
    skipped_part,
)
from agentproxy.evidence.test_files import is_test_file

_RAN = re.compile(rb'<ran tests="(\d{1,9})"/></testsuites>\s*$')
_LAST_BYTES = 200
_FRAME = re.compile(r'^  File "([^"\n]{1,400})", line (\d{1,7}), in .*\n    (.*)$', re.MULTILINE)
_ASSERTED = re.compile(r"(?:\w+\.)*AssertionError\b|unexpected success$")
_NOT_LOADED = "ImportError: Failed to import test module"


def read_unittest(xml: bytes, root: str) -> Report:
    """Reads the tests of one run, named as pytest names them: `file::Class::test`.

    Raises:
        ReportUnusable: the XML is broken, hostile or too large.
    """
    cases = read_cases(xml)
    ran = _RAN.search(xml[-_LAST_BYTES:])
    if ran is None:
        raise ReportUnusable("the report has no end")
    failures = sum(p.tag in ("failure", "error") for case in cases for p in case.problems)
    tests = tuple(merge_tests(_test(case, root) for case in cases))
    return Report(tests, failures, ran=int(ran[1]))


def _test(case: TestCase, root: str) -> TestResult:
    outcome = outcome_of(case)
    reported = sorted(case.problems, key=lambda problem: problem.tag == "skipped")
    failed = outcome == "failed"
    return TestResult(
        name=_name(case, root)[:MAX_TEST_NAME_CHARACTERS],
        outcome=outcome,
        message=_message(reported[0]) if reported else "",
        place=_place(reported[0], root) if failed else "",
        by_assertion=failed and any(_is_assertion(problem, root) for problem in reported),
        skipped_part=skipped_part(case) if failed else None,
    )


def _name(case: TestCase, root: str) -> str:
    file = path_inside(case.attributes.get("file", ""), root)
    group = case.attributes.get("classname", "")
    # A test of the standard library or of a dependency has no file that a reader knows.
    place = file or (case.attributes.get("module", "") if group else "")
    return "::".join(part for part in (place, *group.split("."), case.name) if part)


def _message(problem: JunitProblem) -> str:
    lines = problem.message.strip().splitlines()
    # The loader gives the traceback in place of a message. Its last line says what is missing.
    if problem.message.startswith(_NOT_LOADED):
        lines = lines[-1:]
    return "\n".join(lines[:MESSAGE_LINES])[:MAX_MESSAGE_LENGTH]


def _place(problem: JunitProblem, root: str) -> str:
    for path, line, _ in reversed(_FRAME.findall(problem.text)):
        if inside := path_inside(path, root):
            return f"{inside}:{line}"
    return ""


def _is_assertion(problem: JunitProblem, root: str) -> bool:
    if problem.tag == "skipped":
        return False
    if _ASSERTED.match(problem.message):
        return True
    frames = _FRAME.findall(problem.text)
    # Below the test itself are its helpers and the code under test.
    of_tests = (each for each in frames if is_test_file(path_inside(each[0], root)))
    _, _, source = next(of_tests, ("", "", ""))
    return fails_on_the_way(problem.message, source)
