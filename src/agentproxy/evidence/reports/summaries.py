"""Reads the summary that each run of a test runner prints at its end. Pure."""

import re
from dataclasses import dataclass

REPORTING = ("pytest", "node")  # the runners whose reports are read

_COUNT = re.compile(r"\d+ [a-z]+(?: [a-z]+)?")
_TIME = re.compile(r"\d+\.\d+s(?: \(\d+:\d\d:\d\d\))?")
_OF_PACKAGE = re.compile(r"([\w@./-]{1,200} [\w:.-]{1,100}): ")
# tape puts two spaces before its counts.
_NODE = re.compile(r"^(?:#|\u2139) tests (\d+)$(?!\n# pass  )", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class _Row:
    """How a runner ends; `nothing` is found in that text where no test ran."""

    runner: str
    end: re.Pattern[str]
    nothing: re.Pattern[str]


def _row(runner: str, end: str, nothing: str) -> _Row:
    return _Row(runner, re.compile(end, re.MULTILINE), re.compile(nothing))


_ROWS = (
    # tried on 18.20, 20.20, 22.23 and 24.22
    _row(
        "node",
        r"^(?:#|\u2139) tests \d+$(?!\n# pass  )(?:\n(?:#|\u2139) (?!tests)[a-z]+ \d+$)*",
        r" tests 0(?!\d)",
    ),
    # tried on 3.11
    _row("unittest", r"^Ran \d+ tests? in [\d.]+s$", r"^Ran 0 "),
    # tried on 30.5
    _row("jest", r"^Tests: .* total$", r"^(?!.*\d (?:passed|failed))"),
    # tried on 5.1
    _row("vitest", r"^ +Tests  .*(?:\(\d+\)|no tests)$", r"^(?!.*\d (?:passed|failed))"),
    # tried on 12.0
    _row(
        "mocha",
        r"^ +\d+ passing \(\w+\)(?:\n +\d+ pending)?(?:\n +\d+ failing)?",
        r"^ +0 passing(?!(?:.|\n)*failing)",
    ),
    # tried on 1.19 and 1.27
    _row(
        "go test",
        r"^(?:ok|FAIL)[ \t]+\S+[ \t]+(?:[\d.]+s|\(cached\)|\[\w+ failed\])(?:[ \t].*)?$",
        r"\[no tests to run\]$",
    ),
    # tried on 1.95
    _row(
        "cargo test",
        r"^test result: \w+\. \d+ passed; \d+ failed;.*$",
        r" 0 passed; 0 failed;",
    ),
    # tried on 3.25
    _row(
        "ctest",
        r"^\d+% tests passed, \d+ tests? failed out of \d+$|^No tests were found!!!$",
        r"^No tests| out of 0$",
    ),
    # tried on 9.6
    _row(
        "PHPUnit",
        r"^OK \(\d+ tests?, .*\)$|^Tests: \d+, Assertions: .*$|^No tests executed!$",
        r"^No tests",
    ),
    # tried on 3.12
    _row("RSpec", r"^\d+ examples?, \d+ failures?.*$", r"^0 examples, 0 failures(?!.*error)"),
    # tried on 5.10
    _row("tape", r"^# tests \d+\n# pass  \d+(?:\n# fail  \d+)?$", r"^# tests 0\n"),
    # tried on 5.15
    _row(
        "minitest",
        r"^\d+ runs, \d+ assertions, \d+ failures, \d+ errors, \d+ skips$",
        r"^0 runs",
    ),
    # tried on 2.9
    _row(
        "deno",
        r"^(?:ok|FAILED) \| \d+ passed.*$",
        r" 0 passed(?: \(0 steps\))? \| 0 failed",
    ),
    # tried on 1.4
    _row("bun", r"^Ran \d+ tests? across \d+ files?\..*$", r"^Ran 0 "),
    # tried on 5.36
    _row(
        "prove",
        r"^(?:Files=\d+, Tests=\d+, .*\n)?Result: (?:PASS|FAIL|NOTESTS)$",
        r"NOTESTS$",
    ),
)
_NOTHING = {row.runner: row.nothing for row in _ROWS} | {
    "pytest": re.compile(r"^[= ]*no tests ran|^[= ]*\d+ deselected in")
}


def count_summaries(output: str) -> dict[str, int]:
    return {
        "pytest": sum(is_pytest_summary(line) for line in output.splitlines()),
        "node": len(_NODE.findall(output)),
    }


def found_nothing(output: str) -> bool:
    """Whether every run of a runner in the output says at its end that no test ran."""
    ends = [(runner, end) for runner, found in find_summaries(output).items() for end in found]
    return bool(ends) and all(_NOTHING[runner].search(end) is not None for runner, end in ends)


def last_to_end(output: str) -> str:
    """Returns the runner whose last words are the last ones of an output, "" for none."""
    # What comes before may be the words of a runner that a test has started.
    at = {row.runner: match.start() for row in _ROWS for match in row.end.finditer(output)}
    position = 0
    for line in output.splitlines(keepends=True):
        if is_pytest_summary(line.rstrip("\n")):
            at["pytest"] = position
        position += len(line)
    return max(at, key=lambda runner: at[runner], default="")


def find_summaries(output: str) -> dict[str, list[str]]:
    """Returns what the runs in an output say at their end, by runner."""
    found = {row.runner: [match[0] for match in row.end.finditer(output)] for row in _ROWS}
    found["pytest"] = [line for line in output.splitlines() if is_pytest_summary(line)]
    return {runner: ends for runner, ends in found.items() if ends}


def unmixed(output: str) -> str:
    """Returns an output with the lines of each package together, without what pnpm puts before
    them: packages of a workspace may print at the same time.
    """
    lines: dict[str, list[str]] = {"": []}
    for line in output.splitlines():
        found = _OF_PACKAGE.match(line)
        lines.setdefault(found[1] if found else "", []).append(
            line[found.end() :] if found else line
        )
    return "\n".join(line for each in lines.values() for line in each)


def is_pytest_summary(line: str) -> bool:
    counts, separator, time = line.strip("= \r").rpartition(" in ")
    if not separator or not _TIME.fullmatch(time):
        return False
    if counts == "no tests ran":
        return True
    return all(_COUNT.fullmatch(count) for count in counts.split(", "))
