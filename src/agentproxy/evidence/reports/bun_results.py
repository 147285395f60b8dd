"""Reads what `bun test` prints. Pure.

Its JUnit report is no help: it has no file that cannot be loaded, and none at all where a process
ends early or no other file has a test.
"""

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from agentproxy.events.check import Outcome, ReportDoubt, TestResult
from agentproxy.evidence.reports.junit import MAX_TEST_CASES, MAX_TEST_NAME_CHARACTERS
from agentproxy.evidence.reports.line_report import TestFailure, is_assertion, source_shown
from agentproxy.evidence.reports.report import (
    MAX_MESSAGE_LENGTH,
    MESSAGE_LINES,
    Report,
    merge_tests,
    number_tests,
    place_in_stack,
)

_START = re.compile(r"bun test v\d\S* \(\w+\)")
_FILE = re.compile(r"(\S[^\n]*\.(?:[cm]?[jt]sx?)):(?: \(run #\d+\))?")
# What a test prints without a newline comes before its result.
_RESULT = re.compile(r"\((pass|fail|skip|todo)\) ")
_AFTER_TITLE = re.compile(r"(?: \(attempt \d{1,9}\))?(?: \[[\d.]{1,20}m?s\])?$")
_HOOK = re.compile(r"(?:.* > )?\(unnamed\)")
_BETWEEN = "# Unhandled error between tests"
_TOTAL = re.compile(r" ?(\d{1,9}) (pass|fail|skip|todo|error)s?")
_END = re.compile(r"Ran (\d{1,9}) tests? across (\d{1,9}) files?\. \[.*\]")
_ERROR = re.compile(r"(\w*Error|error): (.*)")
_CARET = re.compile(r" {1,500}\^")
_OUTCOMES: dict[str, Outcome] = {
    "pass": "passed",
    "fail": "failed",
    "skip": "skipped",
    "todo": "skipped",
}


@dataclass(slots=True)
class _BunRun:
    root: str
    file: str = ""
    files: set[str] = field(default_factory=set[str])
    tests: list[TestResult] = field(default_factory=list[TestResult])
    broken: list[TestResult] = field(default_factory=list[TestResult])  # files that fail as a whole
    seen: Counter[str] = field(default_factory=Counter[str])
    totals: Counter[str] = field(default_factory=Counter[str])
    said: list[str] = field(default_factory=list[str])  # since the last result
    between: bool = False  # an error of no test is being said
    end: tuple[int, int] | None = None  # how many tests and files it says that it ran

    def read(self, line: str) -> None:
        if end := _END.fullmatch(line):
            self.end = (int(end[1]), int(end[2]))
        elif (heading := _FILE.fullmatch(line)) and not any(self.said[-1:]):
            self.file, self.said = heading[1], []
            self.files.add(self.file)
        elif total := _TOTAL.fullmatch(line):
            self.totals[total[2]] += int(total[1])
        elif result := _RESULT.search(line):
            self._ends_test(result[1], _AFTER_TITLE.sub("", line[result.end() :]))
        elif line == _BETWEEN:
            self.said, self.between = [], True
        elif self.between and line.startswith("---") and self.said:
            self._breaks_file()
        elif not (self.between and (line.startswith("---") or not (line or self.said))):
            self.said.append(line)

    def _ends_test(self, word: str, title: str) -> None:
        self.seen[word] += 1
        if word == "fail" and _HOOK.fullmatch(title):
            # The tests of a group whose hook fails are not run, and have no line.
            self._breaks_file()
            return
        name = f"{self.file}::{title}"[:MAX_TEST_NAME_CHARACTERS]
        self.tests.append(self._result(name, _OUTCOMES[word]))
        self.said = []

    def _breaks_file(self) -> None:
        self.seen["error"] += self.between
        self.broken.append(self._result(self.file[:MAX_TEST_NAME_CHARACTERS], "failed"))
        self.said, self.between = [], False

    def _result(self, name: str, outcome: Outcome) -> TestResult:
        if outcome != "failed":
            return TestResult(name=name, outcome=outcome)
        failure = _failure(self.said, self.root)
        return TestResult(
            name=name,
            outcome=outcome,
            message=failure.message[:MAX_MESSAGE_LENGTH],
            place=place_in_stack(failure.stack, self.root),
            by_assertion=is_assertion(failure, self.root),
        )

    @property
    def agrees(self) -> bool:
        seen, said = self.seen, self.totals
        # A file that cannot be loaded counts as a test that fails, and an error in a hook does not.
        unnamed = said["fail"] - seen["fail"]
        return (
            all(seen[word] == said[word] for word in ("pass", "skip", "todo", "error"))
            and 0 <= unnamed <= seen["error"]
            and self.end == (len(self.tests) + self._hooks + unnamed, len(self.files))
        )

    @property
    def _hooks(self) -> int:
        return len(self.broken) - self.seen["error"]


def _failure(said: Sequence[str], root: str) -> TestFailure:
    """What a test said of its failure; before it is what it printed."""
    carets = [number for number, line in enumerate(said) if _CARET.fullmatch(line)]
    lines = said[carets[-1] + 1 :] if carets else said
    errors = [number for number, line in enumerate(lines) if _ERROR.match(line)]
    if not errors:
        return TestFailure()
    lines = lines[errors[0] :]
    frames = (number for number, line in enumerate(lines) if line.startswith("      at "))
    frame = next(frames, len(lines))
    message = "\n".join(lines[: min(frame, MESSAGE_LINES)]).strip()
    error = _ERROR.match(message)
    text = message.removeprefix("error: ")
    stack = "\n".join(lines[frame:])
    file = place_in_stack(stack, root).rpartition(":")[0]
    sources = source_shown(said[: carets[-1] + 1], file) if carets else []
    return TestFailure(name=error[1] if error else "", message=text, stack=stack, sources=sources)


def read_bun(output: str, root: str) -> Report | ReportDoubt | None:
    """Returns the tests of all runs, or why they do not count; None where there was no run."""
    runs = list(_runs(output, root))
    ends = sum(_END.fullmatch(line) is not None for line in output.splitlines())
    # A test that starts bun, or prints its words, shows them within those of the check's own.
    if ends > len(runs) or (ends == len(runs) and any(run.end is None for run in runs)):
        return "of_another_process"
    if any(run.end is None for run in runs):
        return "ended_early"
    found = [test for run in runs for test in (*run.tests, *merge_tests(run.broken))]
    if not all(run.agrees for run in runs) or len(found) > MAX_TEST_CASES:
        return "other_totals"
    tests = tuple(number_tests(found))
    return Report(tests, sum(test.outcome == "failed" for test in tests)) if tests else None


def _runs(output: str, root: str) -> Iterator[_BunRun]:
    run: _BunRun | None = None
    for line in output.splitlines():
        if _START.fullmatch(line):
            if run is not None:
                yield run
            run = _BunRun(root)
        elif run is not None:
            run.read(line)
            if run.end is not None:
                yield run
                run = None
    if run is not None:
        yield run
