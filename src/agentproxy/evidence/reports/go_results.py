"""Reads what `go test -v` prints. Pure.

go has no report but its output, where a test may print anything. So a run counts where each test
that it says to run has one result, within a package that has an end.
"""

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

from agentproxy.events.check import Outcome, ReportDoubt, TestResult
from agentproxy.evidence.reports.junit import MAX_TEST_CASES, MAX_TEST_NAME_CHARACTERS
from agentproxy.evidence.reports.report import MAX_MESSAGE_LENGTH, Report, merge_tests

_RUN = re.compile(r"=== RUN   (\S+)")
_AGAIN = re.compile(r"=== (?:CONT|NAME)  (\S+)")
# What a test prints without a newline comes before its result.
_RESULT = re.compile(r".*--- (PASS|FAIL|SKIP): (\S+) \(\d+\.\d+s\)")
_PACKAGE = re.compile(r"(ok|FAIL)[ \t]+(\S+)[ \t]+(?:[\d.]+s|\(cached\))(?:[ \t].*)?")
_NOT_BUILT = re.compile(r"FAIL[ \t]+\S+[ \t]+\[(?:build|setup) failed\]")
_SAID = re.compile(r"\s{4,}(\w[\w.-]*\.go:\d{1,7}): (.*)")
# Of the places on the way to a panic, the first one in a test.
_FRAME = re.compile(r"\t\S{0,4096}/(\w[\w.-]*_test\.go:\d{1,7})(?: \+0x[0-9a-f]+)?")
_WANT = re.compile(r"(?:got|want):")
_OUTCOMES: dict[str, Outcome] = {"PASS": "passed", "FAIL": "failed", "SKIP": "skipped"}


@dataclass(slots=True)
class _Package:
    started: Counter[str] = field(default_factory=Counter[str])
    results: list[tuple[str, Outcome]] = field(default_factory=list[tuple[str, Outcome]])
    said: dict[str, list[tuple[str, str]]] = field(default_factory=dict[str, list[tuple[str, str]]])
    running: str = ""
    panicked: str = ""  # the test that did, until its place is known

    def read(self, line: str) -> None:
        if run := _RUN.fullmatch(line):
            self.started[run[1]] += 1
            self.running = run[1]
        elif again := _AGAIN.fullmatch(line):
            self.running = again[1]
        elif result := _RESULT.fullmatch(line):
            self.results.append((result[2], _OUTCOMES[result[1]]))
            # An example says what it got and wanted after its result.
            self.running = result[2]
        elif (said := _SAID.fullmatch(line)) is not None:
            self.said.setdefault(self.running, []).append((said[1], said[2]))
        elif _WANT.fullmatch(line):
            self.said.setdefault(self.running, []).append(("", line))
        elif line.startswith("panic: "):
            self.results = [each for each in self.results if each[0] != self.running]
            self.said[self.running] = [("", line)]
            self.panicked = self.running
        elif self.panicked and (frame := _FRAME.fullmatch(line)):
            self.said[self.panicked].append((frame[1], ""))
            self.panicked = ""

    def tests(self, name: str, *, passes: bool) -> list[TestResult] | ReportDoubt:
        """The tests of a package that has ended."""
        ended = Counter(test for test, _ in self.results)
        # Where the process died, the tests that were under way have failed with it.
        died = Counter[str]() if passes else self.started - ended
        if ended - self.started or self.started - ended - died:
            return "other_totals"
        found = [self._test(name, test, outcome) for test, outcome in self.results]
        return [*found, *(self._test(name, test, "failed") for test in died.elements())]

    def _test(self, package: str, test: str, outcome: Outcome) -> TestResult:
        said = self.said.get(test, [])
        place = next((place for place, _ in said if place), "")
        panicked = any(text.startswith("panic: ") for _, text in said)
        return TestResult(
            name=f"{package} > {test}"[:MAX_TEST_NAME_CHARACTERS],
            outcome=outcome,
            message="\n".join(text for _, text in said if text)[:MAX_MESSAGE_LENGTH],
            place=place if outcome == "failed" else "",
            by_assertion=outcome == "failed" and bool(said) and not panicked,
        )


def read_go(output: str) -> Report | ReportDoubt | None:
    """Returns the tests of all packages, or why they do not count; None where no test ran."""
    found: list[TestResult] = []
    package = _Package()
    for line in output.splitlines():
        if _NOT_BUILT.fullmatch(line):
            return "not_built"
        end = _PACKAGE.fullmatch(line)
        if end is None:
            package.read(line)
            continue
        tests = package.tests(end[2], passes=end[1] == "ok")
        if not isinstance(tests, list):
            return tests
        found += tests
        package = _Package()
    if package.started or len(found) > MAX_TEST_CASES:
        return "other_totals"
    return _report(found) if found else None


def _report(tests: Sequence[TestResult]) -> Report:
    return Report(tuple(merge_tests(tests)), sum(test.outcome == "failed" for test in tests))
