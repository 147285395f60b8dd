"""Reads what `ctest` prints. Pure. No variable asks it for a JUnit report."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from agentproxy.events.check import Outcome, ReportDoubt, TestResult
from agentproxy.evidence.reports.junit import MAX_TEST_CASES, MAX_TEST_NAME_CHARACTERS
from agentproxy.evidence.reports.report import (
    MAX_MESSAGE_LENGTH,
    MESSAGE_LINES,
    Report,
    number_tests,
)

# A test that is repeated has a line without its place in the run.
_RESULT = re.compile(
    r"(?: *(\d{1,7})/(\d{1,7})| {4,}) Test +#(\d{1,7}): (.+?) \.+"
    r"(?:   (Passed)|\*\*\*(Failed|Exception: \w+|Timeout|Skipped|Not Run(?: \(Disabled\))?)) .*"
)
_START = re.compile(r" +Start +\d+: .*|The following tests .*")
_END = re.compile(r"\d+% tests passed, (\d{1,7}) tests? failed out of (\d{1,7})")
_ASSERTED = re.compile(
    r"[Aa]ssertion\b.{0,200}\bfailed|AssertionError|\b(?:EXPECT|ASSERT)_|\bExpected\b"
    r"|\b(?:REQUIRE|CHECK)(?:_\w+)?\(|\bcheck .{0,200} has failed"
)
_OUTCOMES: dict[str, Outcome] = {
    "Passed": "passed",
    "Skipped": "skipped",
    "Not Run (Disabled)": "skipped",
}


@dataclass(slots=True)
class _CtestTest:
    name: str
    word: str
    has_place: bool = False  # in the run
    said: list[str] = field(default_factory=list[str])

    @property
    def outcome(self) -> Outcome:
        return _OUTCOMES.get(self.word, "failed")

    def result(self) -> TestResult:
        failed = self.outcome == "failed"
        said = [self.word, *(line for line in self.said if line.strip())]
        text = "\n".join(said)
        return TestResult(
            name=self.name[:MAX_TEST_NAME_CHARACTERS],
            outcome=self.outcome,
            message="\n".join(said[:MESSAGE_LINES])[:MAX_MESSAGE_LENGTH] if failed else "",
            by_assertion=failed and _ASSERTED.search(text) is not None,
        )


@dataclass(slots=True)
class _Run:
    tests: dict[str, _CtestTest] = field(default_factory=dict[str, _CtestTest])  # by their numbers
    places: list[int] = field(default_factory=list[int])
    sizes: set[int] = field(default_factory=set[int])  # how many tests it says that it has
    last: _CtestTest | None = None
    betters: bool = False  # a line without a place says that what failed has passed
    end: tuple[int, int] | None = None  # how many it says that failed, and ran

    def read(self, line: str) -> None:
        if end := _END.fullmatch(line):
            self.end = (int(end[1]), int(end[2]))
        elif result := _RESULT.fullmatch(line):
            if result[1]:
                self.places.append(int(result[1]))
                self.sizes.add(int(result[2]))
            test = _CtestTest(result[4], result[5] or result[6])
            known = self.tests.get(result[3])
            # What a failed test prints is shown below its line.
            self.betters |= (
                known is not None
                and known.outcome == "failed" != test.outcome
                and (known.has_place and not result[1])
            )
            test.has_place = bool(result[1])
            self.last = self.tests[result[3]] = test
        elif _START.fullmatch(line):
            self.last = None
        elif self.last is not None:
            self.last.said.append(line)

    @property
    def agrees(self) -> bool:
        tests = list(self.tests.values())
        failed = sum(test.outcome == "failed" for test in tests)
        ran = sum(test.word != "Not Run (Disabled)" for test in tests)
        every = list(range(1, len(tests) + 1))
        complete = self.sizes == {len(tests)} and sorted(self.places) == every
        return complete and not self.betters and self.end == (failed, ran)


def read_ctest(output: str) -> Report | ReportDoubt | None:
    """Returns the tests of all runs, or why they do not count; None where no test ran."""
    runs = list(_runs(output))
    if any(run.end is None for run in runs):
        return "ended_early"
    found = [test.result() for run in runs for test in run.tests.values()]
    if not all(run.agrees for run in runs) or len(found) > MAX_TEST_CASES:
        return "other_totals"
    tests = tuple(number_tests(found))
    return Report(tests, sum(test.outcome == "failed" for test in tests)) if tests else None


def _runs(output: str) -> Iterator[_Run]:
    run = _Run()
    for line in output.splitlines():
        run.read(line)
        if run.end is not None:
            yield run
            run = _Run()
    if run.tests:
        yield run
