"""Reads the test reports of pytest into tests by name, and holds what all reports share."""

import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal, get_args

from agentproxy.events.check import Outcome, TestResult
from agentproxy.evidence.reports.assertions import failed_line, fails_on_the_way
from agentproxy.evidence.reports.junit import (
    MAX_TEST_NAME_CHARACTERS,
    JunitProblem,
    TestCase,
    read_cases,
)
from agentproxy.evidence.reports.junit import ReportUnusable as ReportUnusable

LineRunner = Literal[
    "node", "jest", "vitest", "mocha", "ava", "playwright", "RSpec", "prove", "minitest"
]
PrintedRunner = Literal["go test", "cargo test", "bun", "deno", "ctest", "tape"]
PRINTING: frozenset[str] = frozenset(get_args(PrintedRunner))
Runner = Literal[
    "pytest", "unittest", "PHPUnit", "Surefire", "Gradle", "dotnet test", LineRunner, PrintedRunner
]

MAX_MESSAGE_LENGTH = 600
MESSAGE_LINES = 8
# A class name of dots alone would make as many prefixes as it has characters.
MAX_PARTS = 64
# Python refuses to convert a number of thousands of digits.
MAX_DIGITS = 9

_AT_LINE = re.compile(r"^(?:E\s+)?(\S[^:\n]{0,400}):(\d{1,7}): ?[\w<(]?", re.MULTILINE)
_FILE_LINE = re.compile(r'File "([^"\n]{1,400})", line (\d{1,7})')
_FRAME = re.compile(r"(?:\(|at (?:async )?)(?:file://)?(/[^():\n]{1,400}):(\d{1,7}):\d{1,7}\)?")
_ASSERTED = re.compile(r"(?:assert\b|(?:\w+\.)*\w*AssertionError\b|Failed: DID NOT )")
_OUTSIDE = ("site-packages/", "dist-packages/", "node_modules/", "/lib/python")
_RANK: dict[Outcome, int] = {"passed": 0, "skipped": 1, "xfailed": 2, "failed": 3}


@dataclass(frozen=True, slots=True)
class Counts:
    """What a runner has counted, as it told our reporter."""

    passed: int = 0
    failed: int = 0
    errors: int = 0  # beside all tests and files
    missing: int = 0  # files that were to run, and did not come to their end
    ended: bool = True


@dataclass(frozen=True, slots=True)
class Report:
    """The tests of a report in its order, and what its runner's own totals are compared with."""

    tests: tuple[TestResult, ...]
    failures: int  # a test of pytest may hold several
    ran: int = 0  # the number of tests as unittest, PHPUnit and Surefire count them
    counts: Counts | None = None


def read_pytest(xml: bytes, root: str) -> Report:
    """Reads the tests of a report of pytest, named by their node ids.

    Raises:
        ReportUnusable: the XML is broken, hostile or too large.
    """
    cases = read_cases(xml)
    modules = {_module(file): file for case in cases if (file := case.attributes.get("file"))}
    # pytest.exit() in a test adds a case without a name.
    named = (case for case in cases if case.name or case.attributes.get("classname"))
    tests = tuple(merge_tests(_pytest_test(case, modules, root) for case in named))
    failures = sum(p.tag in ("failure", "error") for case in cases for p in case.problems)
    return Report(tests, failures)


def _pytest_test(case: TestCase, modules: dict[str, str], root: str) -> TestResult:
    outcome = outcome_of(case)
    return TestResult(
        name=_node_id(case, modules)[:MAX_TEST_NAME_CHARACTERS],
        outcome=outcome,
        message=_pytest_message(case),
        place=_pytest_place(case, root) if outcome == "failed" else "",
        by_assertion=outcome == "failed" and any(map(_is_pytest_assertion, case.problems)),
        skipped_part=skipped_part(case) if outcome == "failed" else None,
    )


def skipped_part(case: TestCase) -> str | None:
    # pytest puts what its subtests say on the whole test.
    skips = (p.message[:MAX_MESSAGE_LENGTH] for p in case.problems if p.tag == "skipped")
    return next(skips, None)


def outcome_of(case: TestCase) -> Outcome:
    tags = {problem.tag for problem in case.problems}
    if tags & {"failure", "error"}:
        return "failed"
    if "skipped" not in tags:
        return "passed"
    return "xfailed" if any(p.type == "pytest.xfail" for p in case.problems) else "skipped"


def _node_id(case: TestCase, modules: dict[str, str]) -> str:
    classname = case.attributes.get("classname", "")[:MAX_TEST_NAME_CHARACTERS]
    file = case.attributes.get("file", "")
    if not classname:
        # pytest reports a file that it cannot load without a class name, under the module's name.
        return file or case.name
    # pytest joins path and class by dots: `path.to.module.Class`. Only the files of the report
    # show where the path ends.
    module = _longest_module(classname, modules) or _guess_module(classname, file)
    path = modules.get(module) or module.replace(".", "/") + ".py"
    # `a.b/test_q.py` and `a/b/test_q.py` have one module.
    if file and _module(file) == module:
        path = file
    classes = classname[len(module) :].strip(".")
    return "::".join([path, *(part for part in classes.split(".") if part), case.name])


def _longest_module(classname: str, modules: dict[str, str]) -> str:
    parts = classname.split(".")[:MAX_PARTS]
    prefixes = (".".join(parts[:length]) for length in range(len(parts), 0, -1))
    return next((prefix for prefix in prefixes if prefix in modules), "")


def _guess_module(classname: str, file: str) -> str:
    if not file:
        return classname
    # A test that is inherited from another file names that file. Modules rarely begin with a
    # capital letter, and classes do.
    parts = classname.split(".")
    capital = next((n for n, part in enumerate(parts) if part[:1].isupper()), len(parts))
    return ".".join(parts[: max(capital, 1)])


def _module(file: str) -> str:
    return re.sub(r"\.py$", "", file).replace("/", ".")


def _pytest_message(case: TestCase) -> str:
    # A subtest that fails says more than one that is skipped.
    for problem in sorted(case.problems, key=lambda problem: problem.tag == "skipped"):
        if problem.tag == "skipped":
            return problem.message[:MAX_MESSAGE_LENGTH]
        # pytest marks its own words about the failure with E.
        marked = [line[1:].strip() for line in problem.text.splitlines() if line.startswith("E  ")]
        message = "\n".join(marked[:MESSAGE_LINES]) or problem.message or problem.text.strip()
        return message[:MAX_MESSAGE_LENGTH]
    return ""


def _is_pytest_assertion(problem: JunitProblem) -> bool:
    """Whether a value was not the expected one, rather than a name missing or a call failing."""
    if _ASSERTED.match(problem.message):
        return True
    line, above = failed_line(problem.text)
    return fails_on_the_way(problem.message, line, above)


def _pytest_place(case: TestCase, root: str) -> str:
    for problem in case.problems:
        found = [*_AT_LINE.finditer(problem.text), *_FILE_LINE.finditer(problem.text)]
        for match in reversed(found):
            path = path_inside(match[1], root)
            if path:
                return f"{path}:{match[2]}"
    file, line = case.attributes.get("file", ""), case.attributes.get("line", "")
    is_number = line.isascii() and line.isdigit() and len(line) <= MAX_DIGITS
    # pytest counts the lines of its `line` attribute from zero.
    return f"{file}:{int(line) + 1}" if file and is_number else file


def place_in_stack(text: str, root: str) -> str:
    for match in _FRAME.finditer(text):
        path = path_inside(match[1], root)
        if path:
            return f"{path}:{match[2]}"
    return ""


def path_inside(path: str, root: str) -> str:
    """Returns a path relative to `root`, or "" for one outside of the tree."""
    # A place outside the tree helps no reader: libraries, builtins, `<string>`.
    if any(part in path for part in _OUTSIDE) or path.startswith(("<", "../", "node:")):
        return ""
    if not path.startswith("/") or not root:
        return path
    return path[len(root) :].lstrip("/") if path.startswith(root.rstrip("/") + "/") else ""


def merge_tests(tests: Iterable[TestResult]) -> Iterable[TestResult]:
    # pytest reports a failure and an error in the teardown of one test as two cases.
    found: dict[str, TestResult] = {}
    for test in tests:
        known = found.get(test.name)
        if known is None or _RANK[test.outcome] > _RANK[known.outcome]:
            found[test.name] = test
    return found.values()


def number_tests(tests: Iterable[TestResult]) -> Iterable[TestResult]:
    """Numbers the tests of one name, in their order: node's runners allow equal titles."""
    found = list(tests)
    # A title may end in a number of its own.
    taken = {test.name for test in found}
    seen: Counter[str] = Counter()
    for test in found:
        seen[test.name] += 1
        if seen[test.name] == 1:
            yield test
            continue
        while (name := _numbered(test.name, seen[test.name])) in taken:
            seen[test.name] += 1
        taken.add(name)
        yield test.model_copy(update={"name": name})


def _numbered(name: str, number: int) -> str:
    suffix = f" #{number}"
    return name[: MAX_TEST_NAME_CHARACTERS - len(suffix)] + suffix
