"""Reads what tape prints: TAP with the title of each test before its assertions. Pure.

It has no report but its output. So a run counts where it comes to its plan, with as many assertions
as it says. A comment of a test looks like a title, and names the assertions after it.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from agentproxy.events.check import Outcome, ReportDoubt, TestResult
from agentproxy.evidence.reports.junit import MAX_TEST_CASES, MAX_TEST_NAME_CHARACTERS
from agentproxy.evidence.reports.report import (
    MAX_MESSAGE_LENGTH,
    MESSAGE_LINES,
    Report,
    number_tests,
    place_in_stack,
)

_START = re.compile(r"^TAP version 13$", re.MULTILINE)
_END = re.compile(
    r"^1\.\.(\d{1,7})\n# tests (\d{1,7})\n# pass  (\d{1,7})(?:\n# fail  (\d{1,7}))?$", re.MULTILINE
)
_DURATION = re.compile(r"\d+(?:\.\d+)?(?= ?(?:ns|[µu]s|ms|s|sec|seconds|milliseconds)\b)")
_TITLE = re.compile(r"# (?:(SKIP|TODO) ?)?(.*)")
_RESULT = re.compile(r"(not )?ok \d{1,7} ?(.*?)(?: # (TODO|SKIP)(?: .*)?)?")
_OPERATOR = re.compile(r"^    operator: (\S+)$", re.MULTILINE)
# What tape says itself of a test that went wrong.
_NO_ASSERTION = ("fail", "error")


@dataclass(slots=True)
class _TapeTest:
    title: str
    skipped: bool = False
    passed: int = 0
    excused: int = 0  # fails, and is to do
    failed: list[list[str]] = field(default_factory=list[list[str]])

    @property
    def outcome(self) -> Outcome:
        if self.failed:
            return "failed"
        if self.excused:
            return "xfailed"
        return "passed" if self.passed else "skipped"


def read_tape(output: str, root: str) -> Report | ReportDoubt | None:
    """Returns the tests of all runs by their titles, why they do not count, or None for no run."""
    found: list[TestResult] = []
    runs = [text for text in _START.split(output)[1:] if _END.search(text)]
    for text in runs:
        tests, agrees = _read_run(text)
        if not agrees or len(found) > MAX_TEST_CASES:
            return "other_totals"
        found += [_result(test, root) for test in tests]
    if not found:
        return None
    numbered = tuple(number_tests(found))
    return Report(numbered, sum(test.outcome == "failed" for test in numbered))


def _read_run(text: str) -> tuple[list[_TapeTest], bool]:
    """The tests of a run, and whether they are those that it counts at its end."""
    end = list(_END.finditer(text))[-1]
    tests = [test for test in _tests_in(text[: end.start()]) if test.skipped or _ran(test)]
    plan, ran, _, failed = (int(count or 0) for count in end.groups())
    counted = sum(test.passed + test.excused + len(test.failed) for test in tests)
    return tests, plan == ran == counted and failed == sum(len(test.failed) for test in tests)


def _ran(test: _TapeTest) -> bool:
    return bool(test.passed or test.excused or test.failed)


def _tests_in(text: str) -> Iterator[_TapeTest]:
    test, said = _TapeTest("tape"), [""]
    for line in text.splitlines():
        if result := _RESULT.fullmatch(line):
            said = [result[2]]
            if not result[1]:
                test.passed += 1
            elif result[3]:
                test.excused += 1
            else:
                test.failed.append(said)
        elif line.startswith("  "):
            said.append(line)
        elif title := _TITLE.fullmatch(line):
            yield test
            # A test's comment looks like the title of the next one, and may tell how long it took.
            named = _DURATION.sub("#", title[2])
            test = _TapeTest(named, skipped=title[1] == "SKIP")
    yield test


def _result(test: _TapeTest, root: str) -> TestResult:
    said = test.failed[0] if test.failed else []
    text = "\n".join(said)
    operator = _OPERATOR.search(text)
    shown: Sequence[str] = [line.strip() for line in said if line.strip() not in ("---", "...")]
    return TestResult(
        name=test.title[:MAX_TEST_NAME_CHARACTERS],
        outcome=test.outcome,
        message="\n".join(shown[:MESSAGE_LINES])[:MAX_MESSAGE_LENGTH],
        place=place_in_stack(text, root),
        by_assertion=operator is not None and operator[1] not in _NO_ASSERTION,
    )
