"""Reads what `deno test` prints. Pure.

No variable asks deno for its JUnit report, which lacks the modules that cannot be loaded.
"""

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field

from agentproxy.events.check import Outcome, ReportDoubt, TestResult
from agentproxy.evidence.reports.junit import MAX_TEST_CASES, MAX_TEST_NAME_CHARACTERS
from agentproxy.evidence.reports.line_report import (
    Source,
    TestFailure,
    is_assertion,
    source_shown,
)
from agentproxy.evidence.reports.report import (
    MAX_MESSAGE_LENGTH,
    MESSAGE_LINES,
    Report,
    merge_tests,
    number_tests,
    place_in_stack,
)

_FILE = re.compile(r"running (\d{1,9}) tests? from (\.?/\S.*)")
# With --parallel each line names its file.
_FILE_BEFORE = re.compile(r"(\./\S.*?) => ")
_RESULT = re.compile(r"(ok|FAILED|ignored)(?: \([^()]{1,80}\)){0,2}")
_NOT_LOADED = re.compile(r"Uncaught error from (\S.*) FAILED")
_PRINTS = re.compile(r"-{7} (?:pre-test |post-test )?output -{7}")
_PRINTED = re.compile(r".*-{5} (?:pre-test |post-test )?output end -{5}")
_STEPS = r"(?: \((\d{1,9}) steps?\))?"
_END = re.compile(
    rf"(?:ok|FAILED) \| (\d{{1,9}}) passed{_STEPS} \| (\d{{1,9}}) failed{_STEPS}"
    rf"(?: \| (\d{{1,9}}) ignored{_STEPS})?(?: \| \d+ \w+(?: out)?)* \(.*\)"
)
_FAILED_AT = re.compile(r"(.{1,1000}) => (\S.{0,1000}):\d+:\d+")
_NOT_LOADED_AT = re.compile(r"(\S.*) \(uncaught error\)")
_ERROR = re.compile(r"error: (?:\(in promise\) )?(?:(?:Uncaught )?(\w*Error): )?")
_CARET = re.compile(r" *\^+")
# The lines of an example change with every edit above it.
_LINES = re.compile(r"\$\d+-\d+(?:\.\w+)?$")
_OUTCOMES: dict[str, Outcome] = {"ok": "passed", "FAILED": "failed", "ignored": "skipped"}


@dataclass(slots=True)
class _DenoRun:
    file: str = ""
    announced: int = 0
    results: list[tuple[str, tuple[str, ...], Outcome]] = field(
        default_factory=list[tuple[str, tuple[str, ...], Outcome]]
    )
    broken: list[str] = field(default_factory=list[str])  # files that cannot be loaded
    open: list[str] = field(default_factory=list[str])  # titles of steps around the next one
    prints: bool = False  # a test does, and not deno
    section: str = ""  # of the errors, after the results
    errors: dict[str, list[str]] = field(default_factory=dict[str, list[str]])
    about: str = ""
    end: tuple[int, ...] | None = None

    @property
    def started(self) -> bool:
        # Other programs print lines in the form of a result with --parallel.
        return bool(self.announced or self.broken)

    def read(self, line: str) -> None:
        if self.prints:
            self.prints = _PRINTED.fullmatch(line) is None
        elif end := _END.fullmatch(line):
            self.end = tuple(int(number or 0) for number in end.groups())
        elif line in (" ERRORS ", " FAILURES "):
            self.section = line.strip()
        elif self.section:
            self._reads_error(line)
        elif _PRINTS.fullmatch(line):
            self.prints = True
        elif start := _FILE.fullmatch(line):
            self.file, self.announced = start[2], self.announced + int(start[1])
        elif broken := _NOT_LOADED.fullmatch(line):
            self.broken.append(broken[1])
        else:
            self._reads_result(line)

    def _reads_result(self, line: str) -> None:
        titles = line.lstrip(" ")
        if (named := _FILE_BEFORE.match(line)) is not None:
            path = line[named.end() :].split(" ... ")
            file, around = named[1], path[:-2]
            title, word = (path[-2], path[-1]) if len(path) > 1 else ("", "")
        else:
            depth = (len(line) - len(titles)) // 2
            file, around = self.file, self.open[:depth]
            if line.endswith(" ..."):
                self.open = [*around, titles.removesuffix(" ...")]
                return
            title, _, word = titles.rpartition(" ... ")
        result = _RESULT.fullmatch(word)
        if result and title and file:
            self.results.append((file, (*around, title), _OUTCOMES[result[1]]))

    def _reads_error(self, line: str) -> None:
        if self.section != "ERRORS":
            return
        if failed := _FAILED_AT.fullmatch(line):
            self.about = _name(failed[2], tuple(failed[1].split(" ... ")))
        elif broken := _NOT_LOADED_AT.fullmatch(line):
            self.about = _name(broken[1], ())
        elif self.about:
            self.errors.setdefault(self.about, []).append(line)

    @property
    def agrees(self) -> bool:
        tests = Counter(outcome for _, path, outcome in self.results if len(path) == 1)
        steps = Counter(outcome for _, path, outcome in self.results if len(path) > 1)
        failed = tests["failed"] + len(self.broken)
        listed = (tests["passed"], steps["passed"], failed, steps["failed"])
        return self.end == (*listed, tests["skipped"], steps["skipped"])

    def tests(self, root: str) -> Iterator[TestResult]:
        for file, path, outcome in self.results:
            yield self._test(_name(file, path), outcome, root)
        broken = (self._test(_name(file, ()), "failed", root) for file in self.broken)
        yield from merge_tests(broken)

    def _test(self, name: str, outcome: Outcome, root: str) -> TestResult:
        said = self.errors.get(name) if outcome == "failed" else None
        if not said:
            return TestResult(name=name, outcome=outcome)
        failure = _failure("\n".join(said), root)
        return TestResult(
            name=name,
            outcome=outcome,
            message=failure.message[:MAX_MESSAGE_LENGTH],
            place=place_in_stack(failure.stack, root),
            by_assertion=is_assertion(failure, root),
        )


def _name(file: str, path: tuple[str, ...]) -> str:
    file = _LINES.sub("", file.removeprefix("./"))
    return (f"{file}::{' > '.join(path)}" if path else file)[:MAX_TEST_NAME_CHARACTERS]


def _failure(said: str, root: str) -> TestFailure:
    error = _ERROR.match(said)
    message = said.partition("\n    at ")[0].splitlines()
    # deno shows the line of the code, and where in it.
    sources: list[Source] = []
    if message and _CARET.fullmatch(message[-1]):
        sources = source_shown(message, place_in_stack(said, root).rpartition(":")[0])
        message = message[:-2]
    text = "\n".join(message[:MESSAGE_LINES]).strip().removeprefix("error: ")
    name = (error[1] or "") if error else ""
    return TestFailure(name=name, message=text, stack=said, sources=sources)


def read_deno(output: str, root: str) -> Report | ReportDoubt | None:
    """Returns the tests of all runs, or why they do not count; None where no test ran."""
    runs = [_DenoRun()]
    for line in output.splitlines():
        runs[-1].read(line)
        if runs[-1].end is not None:
            runs.append(_DenoRun())
    if runs.pop().started:
        return "ended_early"
    found = [test for run in runs for test in run.tests(root)]
    if not all(run.agrees for run in runs) or len(found) > MAX_TEST_CASES:
        return "other_totals"
    tests = tuple(number_tests(found))
    return Report(tests, sum(test.outcome == "failed" for test in tests)) if tests else None
