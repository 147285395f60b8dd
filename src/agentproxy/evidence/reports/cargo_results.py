"""Reads what `cargo test` prints, program by program. Pure."""

import re
from collections import Counter
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

_PROGRAM = re.compile(r"\s+Running (?:unittests )?(\S+)(?: \(.*\))?|\s+Doc-tests (\S+)")
_HEADER = re.compile(r"running (\d{1,7}) tests?")
_TEST = re.compile(
    r"test (.+?)(?: - should panic| - compile(?: fail)?)? \.\.\. (ok|FAILED|ignored)(?:, .*)?"
)
_END = re.compile(r"test result: \w+\. (\d{1,9}) passed; (\d{1,9}) failed; (\d{1,9}) ignored; .*")
_ABOUT = re.compile(r"---- (.+) stdout ----")
_PLACE = re.compile(r"thread '.*' (?:\(\d+\) )?panicked at (?:'.*', )?([^\s:']+:\d+):\d+:?")
_ASSERTED = re.compile(r"assertion\b.* failed|did not panic as expected|panic did not contain")
# The line of an example changes with every edit above it.
_LINE = re.compile(r" \(line \d+\)$")
_OUTCOMES: dict[str, Outcome] = {"ok": "passed", "FAILED": "failed", "ignored": "skipped"}


@dataclass(slots=True)
class _Program:
    name: str
    announced: int
    outcomes: dict[str, Outcome] = field(default_factory=dict[str, Outcome])
    said: dict[str, list[str]] = field(default_factory=dict[str, list[str]])
    lists: bool = True  # its tests, and not yet what the failed ones said
    about: str = ""
    end: tuple[int, ...] | None = None  # how many it says that passed, failed and were ignored

    def read(self, line: str) -> None:
        if end := _END.fullmatch(line):
            self.end = (int(end[1]), int(end[2]), int(end[3]))
        elif line == "failures:":
            self.lists = False
        elif self.lists and (test := _TEST.fullmatch(line)):
            self.outcomes[test[1]] = _OUTCOMES[test[2]]
        elif not self.lists and (about := _ABOUT.fullmatch(line)):
            self.about = about[1]
        elif self.about and line:
            self.said.setdefault(self.about, []).append(line)

    @property
    def names_nothing(self) -> bool:
        """Whether it prints dots, as with -q."""
        return self.announced > 0 and not self.outcomes

    @property
    def agrees(self) -> bool:
        counts = Counter(self.outcomes.values())
        listed = (counts["passed"], counts["failed"], counts["skipped"])
        return self.end == listed and sum(listed) == self.announced

    def tests(self) -> list[TestResult]:
        return [self._test(test, outcome) for test, outcome in self.outcomes.items()]

    def _test(self, test: str, outcome: Outcome) -> TestResult:
        said = self.said.get(test, [])
        text = "\n".join(said)
        place = _PLACE.search(text)
        return TestResult(
            name=self._name(test)[:MAX_TEST_NAME_CHARACTERS],
            outcome=outcome,
            message="\n".join(said[:MESSAGE_LINES])[:MAX_MESSAGE_LENGTH],
            place=place[1] if place and outcome == "failed" else "",
            by_assertion=outcome == "failed" and _ASSERTED.search(text) is not None,
        )

    def _name(self, test: str) -> str:
        # Tests beside the code are no reason to put the file of the code back to the base's.
        if not self.name.startswith("tests/"):
            return " > ".join([self.name, *_LINE.sub("", test).split("::")])
        return f"{self.name}::{test}"


def read_cargo(output: str) -> Report | ReportDoubt | None:
    """Returns the tests of all programs, or why they do not count; None where no test ran."""
    programs = list(_programs(output))
    # Code under test may have ended a program.
    if any(program.end is None for program in programs):
        return "ended_early"
    if any(program.names_nothing for program in programs):
        return None
    # What follows printed last words is of the program all the same.
    ends = sum(_END.fullmatch(line) is not None for line in output.splitlines())
    if ends > len(programs) or not all(program.agrees for program in programs):
        return "other_totals"
    found = [test for program in programs for test in program.tests()]
    if len(found) > MAX_TEST_CASES:
        return "other_totals"
    tests = tuple(number_tests(found))
    return Report(tests, sum(test.outcome == "failed" for test in tests)) if tests else None


def _programs(output: str) -> Iterator[_Program]:
    program: _Program | None = None
    name = ""
    for line in output.splitlines():
        start, header = _PROGRAM.fullmatch(line), _HEADER.fullmatch(line)
        if start:
            name = start[1] or f"examples of {start[2]}"
        if start or header:
            if program is not None:
                yield program
            program = _Program(name, int(header[1])) if header else None
        elif program is not None:
            program.read(line)
            if program.end is not None:
                yield program
                program = None
    if program is not None:
        yield program
