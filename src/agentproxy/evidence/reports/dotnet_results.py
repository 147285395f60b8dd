"""Reads the TRX reports of `dotnet test`, one for each assembly and framework. Pure.

By Microsoft's documents and schema: the tool is not here, and none of this was tried on it.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from xml.etree.ElementTree import Element

from agentproxy.events.check import Outcome, ReportDoubt, TestResult
from agentproxy.evidence.reports.junit import (
    MAX_TEST_CASES,
    MAX_TEST_NAME_CHARACTERS,
    MAX_TEXT_LENGTH,
    ReportUnusable,
    read_elements,
    tag_of,
)
from agentproxy.evidence.reports.report import (
    MAX_MESSAGE_LENGTH,
    MESSAGE_LINES,
    Report,
    number_tests,
    path_inside,
)

# The test platform says this of each assembly, and the older one of each run.
_TOTALS = re.compile(
    r"^\s*(?:Passed|Failed|Skipped)!\s+- Failed: +(\d{1,7}), Passed: +(\d{1,7}), "
    r"Skipped: +(\d{1,7}), Total: +(\d{1,7})\b",
    re.MULTILINE,
)
_OLD_TOTAL = re.compile(r"^Total tests: (\d{1,7})", re.MULTILINE)
_OUTCOMES: Mapping[str, Outcome] = {
    "Passed": "passed",
    "NotExecuted": "skipped",
    "Inconclusive": "skipped",
    "Pending": "skipped",
}
# of xUnit, NUnit, MSTest, FluentAssertions and Shouldly
_ASSERTED = re.compile(
    r"\s*(?:Assert\.\w+(?:<[^>]*>)?(?:\(\))? (?:Failure|failed)|Assert\.That\(|Expected\b"
    r"|\S+\n\s+should )"
)
_FRAME = re.compile(r" in (/[^\n]{1,400}):line (\d{1,7})\s*$", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class _Definition:
    assembly: str
    group: str  # the class


def read_dotnet(xml: bytes, root: str) -> Report:
    """Reads the tests of one assembly, named `framework/assembly > class > test`.

    Raises:
        ReportUnusable: the XML is broken, hostile, too large, or differs from its own totals.
    """
    results: list[Element] = []
    definitions: dict[str, _Definition] = {}
    total = -1
    for element in read_elements(xml, ("UnitTestResult", "UnitTest", "Counters")):
        match tag_of(element):
            case "UnitTestResult":
                results += _leaves(element)
            case "UnitTest":
                definitions[element.get("id", "")] = _definition(element)
            case _:
                total = _number(element.get("total"))
        if len(results) > MAX_TEST_CASES:
            raise ReportUnusable(f"the report holds more than {MAX_TEST_CASES} tests")
    if total < 0:
        raise ReportUnusable("the report has no end")
    found = sorted((_test(each, definitions, root) for each in results), key=_by_name)
    tests = tuple(number_tests(found))
    return Report(tests, sum(test.outcome == "failed" for test in tests), ran=len(tests))


def find_doubt_of_dotnet(output: str, reports: Sequence[Report]) -> ReportDoubt | None:
    """Returns why the reports do not count: the test platform says other totals, or none."""
    said = [tuple(map(int, totals)) for totals in _TOTALS.findall(output)]
    tests = [test for report in reports for test in report.tests]
    failures = sum(report.failures for report in reports)
    if not said:
        totals = [int(total) for total in _OLD_TOTAL.findall(output)]
        if not totals:
            return "no_totals"
        return None if sum(totals) == len(tests) else "other_totals"
    failed, passed, skipped, total = (sum(numbers) for numbers in zip(*said, strict=True))
    if failed > failures:
        return "hides_failures"
    listed = [sum(test.outcome == each for test in tests) for each in ("passed", "skipped")]
    agrees = (failed, passed, skipped, total) == (failures, *listed, len(tests))
    return None if agrees else "other_totals"


def _leaves(result: Element) -> Iterator[Element]:
    """The results of the rows of a test with data, or its own."""
    rows = [
        row
        for child in result
        if tag_of(child) == "InnerResults"
        for row in child
        if tag_of(row) == "UnitTestResult"
    ]
    if not rows:
        yield result
    for row in rows:
        yield from _leaves(row)


def _definition(element: Element) -> _Definition:
    # The folder of an assembly has the name of its framework.
    parts = element.get("storage", "").replace("\\", "/").split("/")
    groups = (child.get("className", "") for child in element if tag_of(child) == "TestMethod")
    # The older platform adds the name of the assembly.
    group = next(groups, "").partition(",")[0]
    return _Definition(assembly="/".join(parts[-2:]), group=group)


def _test(element: Element, definitions: Mapping[str, _Definition], root: str) -> TestResult:
    defined = definitions.get(element.get("testId", ""), _Definition("", ""))
    title = element.get("testName", "").removeprefix(f"{defined.group}.")
    outcome = _OUTCOMES.get(element.get("outcome", ""), "failed")
    message, trace = _said(element) if outcome == "failed" else ("", "")
    parts = (defined.assembly, defined.group, title)
    return TestResult(
        name=" > ".join(part for part in parts if part)[:MAX_TEST_NAME_CHARACTERS],
        outcome=outcome,
        message="\n".join(message.strip().splitlines()[:MESSAGE_LINES])[:MAX_MESSAGE_LENGTH],
        place=_place(trace, root),
        by_assertion=_ASSERTED.match(message) is not None,
    )


def _said(element: Element) -> tuple[str, str]:
    texts = {tag_of(each): (each.text or "")[:MAX_TEXT_LENGTH] for each in element.iter()}
    return texts.get("Message", "").replace("\r", ""), texts.get("StackTrace", "")


def _place(trace: str, root: str) -> str:
    for path, line in _FRAME.findall(trace.replace("\r", "")):
        if inside := path_inside(path, root):
            return f"{inside}:{line}"
    return ""


def _by_name(test: TestResult) -> str:
    return test.name


def _number(text: str | None) -> int:
    return int(text) if text and re.fullmatch(r"\d{1,9}", text, re.ASCII) else -1
