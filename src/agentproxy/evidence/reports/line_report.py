"""Reads what our reporters write line by line (`node_preload/`, `ruby_start/`). Pure."""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import takewhile
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

from agentproxy.events.check import Outcome, TestResult
from agentproxy.evidence.reports.javascript_assertions import (
    is_on_the_way,
    names_nothing,
    only_calls,
)
from agentproxy.evidence.reports.junit import (
    MAX_REPORT_BYTES,
    MAX_TEST_CASES,
    MAX_TEST_NAME_CHARACTERS,
    MEGABYTE,
    ReportUnusable,
)
from agentproxy.evidence.reports.report import (
    Counts,
    Report,
    number_tests,
    path_inside,
    place_in_stack,
)
from agentproxy.evidence.test_files import is_test_file
from agentproxy.text.colours import strip_colours

MAX_MESSAGE_LENGTH = 600
# What our reporters write; code under test may write more.
MAX_SOURCE = 3_000
MAX_SOURCES = 10
_RANK: Mapping[Outcome, int] = {"skipped": 0, "xfailed": 1, "passed": 2, "failed": 3}
_OUTCOMES: Mapping[str, Outcome] = {
    "passed": "passed",
    "failed": "failed",
    "expected": "xfailed",  # a test that has to fail, and does
}
_FRAME = re.compile(r"\s+at .{0,400}(?::\d+\)?|<anonymous>\)?)$")
_CODE = re.compile(r" {0,8}\d{1,7} \| (.*)")
_UNPRINTABLE = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]")
# of node and chai, of sinon, of unexpected, of RSpec and of minitest
_ASSERTIONS = (
    "AssertionError",
    "AssertError",
    "UnexpectedError",
    "RSpec::Expectations::ExpectationNotMetError",
    "RSpec::Expectations::MultipleExpectationsNotMetError",
    "RSpec::Mocks::MockExpectationError",
    "Minitest::Assertion",
)
_ASSERTED = re.compile(
    r"\AAssertionError|ERR_ASSERTION|\A(?:Error: )?(?:expect|assert)(?:\.\w+)*\("
    r"|\A(?:Error: )?Snapshot .{0,400} mismatched|\A.{0,400}\bDifference \("
)


class _Line(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore")


class Source(_Line):
    """The code around the place of a failure."""

    file: str = ""
    before: str = ""
    after: str = ""


class TestFailure(_Line):
    """What a test says of its failure."""

    name: str = ""
    message: str = ""
    stack: str = ""
    sources: list[Source] = []  # innermost first


class _Start(_Line):
    kind: Literal["start"]
    files: list[str]  # that are to run, where the runner says so


class _Test(_Line):
    kind: Literal["test"]
    id: int | None = None  # where a runner speaks of one test more than once
    file: str
    project: str = ""
    path: list[str]  # titles, outermost first
    state: str
    failures: list[TestFailure] = []


class _File(_Line):
    """A file has come to its end; it fails beside its tests where it cannot load, or in a hook."""

    kind: Literal["file"]
    file: str
    failures: list[TestFailure] = []


class _End(_Line):
    kind: Literal["end"]
    passed: int = Field(ge=0)
    failed: int = Field(ge=0)
    files: int | None = None  # as many files were to run


class _Error(_Line):
    kind: Literal["error"]


_AnyLine = _Start | _Test | _File | _End | _Error
_READ = TypeAdapter[_AnyLine](Annotated[_AnyLine, Field(discriminator="kind")])


def read_lines(content: bytes, root: str) -> Report:
    """Reads the report of one run. Names are `file::outer > inner`, the file relative to `root`.

    Raises:
        ReportUnusable: a line is not one of ours, or a bound is exceeded.
    """
    if len(content) > MAX_REPORT_BYTES:
        raise ReportUnusable(f"the report is larger than {MAX_REPORT_BYTES // MEGABYTE} MB")
    lines = list(_lines(content))
    starts = [line for line in lines if isinstance(line, _Start)]
    if not starts or lines[:1] != starts:
        raise ReportUnusable("the report does not begin with its runner, or has two")
    results = _results((line for line in lines if isinstance(line, _Test)), root)
    files = [line for line in lines if isinstance(line, _File)]
    tests = (*results, *_failed_files(files, root))
    failures = sum(test.outcome == "failed" for test in tests)
    return Report(tests, failures, counts=_count(starts[0], files, lines))


def _count(start: _Start, files: Sequence[_File], lines: Sequence[_AnyLine]) -> Counts:
    end = next((line for line in lines if isinstance(line, _End)), None)
    if end is None:
        return Counts(ended=False)
    names = {line.file for line in files}
    expected = len(files) if end.files is None else end.files
    return Counts(
        passed=end.passed,
        failed=end.failed,
        errors=sum(isinstance(line, _Error) for line in lines),
        missing=max(len(set(start.files) - names), expected - len(files), 0),
    )


def _lines(content: bytes) -> Iterator[_AnyLine]:
    # A runner that was killed may have written half of its last line.
    whole = content[: content.rfind(b"\n") + 1]
    for number, line in enumerate(whole.splitlines()):
        if number > MAX_TEST_CASES:
            raise ReportUnusable(f"the report holds more than {MAX_TEST_CASES} tests")
        try:
            yield _READ.validate_json(line)
        except ValidationError as error:
            raise ReportUnusable(f"line {number + 1} of the report is not one of ours") from error


def _results(lines: Iterable[_Test], root: str) -> Iterable[TestResult]:
    found: dict[int | str, TestResult] = {}
    for number, line in enumerate(lines):
        key = f"id {line.id}" if line.id is not None else number
        result = _test(line, root)
        known = found.get(key)
        if known is None or _RANK[result.outcome] > _RANK[known.outcome]:
            found[key] = result
    return number_tests(found.values())


def _test(line: _Test, root: str) -> TestResult:
    outcome = _OUTCOMES.get(line.state, "skipped")
    failure = line.failures[0] if line.failures and outcome == "failed" else None
    return TestResult(
        name=_name(line, root),
        outcome=outcome,
        message=_message(failure),
        place=place_in_stack(failure.stack, root) if failure else "",
        by_assertion=any(is_assertion(each, root) for each in line.failures)
        and outcome == "failed",
    )


def _name(line: _Test, root: str) -> str:
    project = [f"[{line.project}]"] if line.project else []
    titles = " > ".join(_printable(title) for title in [*project, *line.path])
    file = _file(line.file, root)
    return (f"{file}::{titles}" if file else titles)[:MAX_TEST_NAME_CHARACTERS]


def _file(path: str, root: str) -> str:
    return _printable(path_inside(path, root) or path)


def _printable(title: str) -> str:
    return _UNPRINTABLE.sub(lambda match: match[0].encode("unicode_escape").decode(), title)


def _failed_files(lines: Iterable[_File], root: str) -> Iterable[TestResult]:
    found: dict[str, TestResult] = {}
    for line in lines:
        name = _file(line.file, root)[:MAX_TEST_NAME_CHARACTERS]
        if line.failures and name not in found:
            failure = line.failures[0]
            place = place_in_stack(failure.stack, root) or name
            found[name] = TestResult(
                name=name, outcome="failed", message=_message(failure), place=place
            )
    return found.values()


def _message(failure: TestFailure | None) -> str:
    if failure is None:
        return ""
    text = strip_colours(failure.message).strip()
    # jest gives its stack as the message.
    lines = [line for line in text.splitlines() if not _FRAME.match(line)]
    return "\n".join(lines).strip()[:MAX_MESSAGE_LENGTH]


def source_shown(lines: Sequence[str], file: str) -> list[Source]:
    """The code that a runner shows in the lines above a caret, which is in the last of them."""
    if len(lines) < 2:
        return []
    code = [*reversed(list(takewhile(bool, map(_CODE.fullmatch, reversed(lines[:-1])))))]
    texts = [match[1] for match in code if match] or [lines[-2]]
    column = lines[-1].find("^") - (len(lines[-2]) - len(texts[-1]))
    before = "\n".join([*texts[:-1], texts[-1][: max(column, 0)]])
    return [Source(file=file, before=before, after=texts[-1][max(column, 0) :])]


def is_assertion(failure: TestFailure, root: str) -> bool:
    """Whether a value was not the expected one, rather than a name missing or a call failing."""
    message = strip_colours(failure.message).strip()
    of_tests = [
        Source(file=each.file, before=each.before[-MAX_SOURCE:], after=each.after[:MAX_SOURCE])
        for each in failure.sources[:MAX_SOURCES]
        if is_test_file(path_inside(each.file, root))
    ]
    if failure.name in _ASSERTIONS or _ASSERTED.search(message):
        return not any(only_calls(message, each.before, each.after) for each in of_tests[:1])
    if names_nothing(message):
        return False
    return any(is_on_the_way(each.before, each.after) for each in of_tests)
