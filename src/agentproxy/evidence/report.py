"""Test reports as tests by name: pytest's JUnit XML, and that of node's runner."""

import re
from collections import Counter
from collections.abc import Iterable
from typing import Literal

from agentproxy.events.check import Outcome, TestResult
from agentproxy.evidence.junit import MAX_TEST_NAME_CHARACTERS, TestCase, read_cases
from agentproxy.evidence.junit import ReportUnusable as ReportUnusable

Runner = Literal["pytest", "node"]

MAX_MESSAGE_LENGTH = 600
MESSAGE_LINES = 8
MAX_PARTS = 64  # of the dotted name of a module
MAX_DIGITS = 9

_AT_LINE = re.compile(r"^(?:E\s+)?(\S[^:\n]{0,400}):(\d{1,7}): ?[\w<(]?", re.MULTILINE)
_FILE_LINE = re.compile(r'File "([^"\n]{1,400})", line (\d{1,7})')
_FRAME = re.compile(r"(?:\(|at (?:async )?)(?:file://)?(/[^():\n]{1,400}):(\d{1,7}):\d{1,7}\)?")
_OUTSIDE = ("site-packages/", "dist-packages/", "node_modules/", "/lib/python")
_RANK: dict[Outcome, int] = {"passed": 0, "skipped": 1, "xfailed": 2, "failed": 3}


def read_report(xml: bytes, *, runner: Runner = "pytest", root: str = "") -> tuple[TestResult, ...]:
    """The tests of a report by their runner's names, in its order.

    pytest's tests are named as its node ids; an id that occurs twice (a failure and an error in
    its teardown) is one test with the worse outcome. Names of node's runner are the titles from
    the outside in; one that occurs again gets #2. Paths under `root` are shown relative to it.

    Raises:
        ReportUnusable: the XML is broken, hostile or too large.
    """
    cases = read_cases(xml)
    if runner == "node":
        return tuple(_numbered(_node_test(case, root) for case in cases))
    modules = {_module(file): file for case in cases if (file := case.attributes.get("file"))}
    return tuple(_merged(_pytest_test(case, modules, root) for case in cases))


def _pytest_test(case: TestCase, modules: dict[str, str], root: str) -> TestResult:
    outcome = _outcome(case)
    return TestResult(
        name=_node_id(case, modules)[:MAX_TEST_NAME_CHARACTERS],
        outcome=outcome,
        message=_pytest_message(case),
        place=_pytest_place(case, root) if outcome == "failed" else "",
    )


def _outcome(case: TestCase) -> Outcome:
    tags = {problem.tag for problem in case.problems}
    if tags & {"failure", "error"}:
        return "failed"
    if "skipped" not in tags:
        return "passed"
    return "xfailed" if any(p.type == "pytest.xfail" for p in case.problems) else "skipped"


def _node_id(case: TestCase, modules: dict[str, str]) -> str:
    """`path::Class::test[param]`: the class name says `path.to.module.Class`, joined by dots."""
    classname = case.attributes.get("classname", "")[:MAX_TEST_NAME_CHARACTERS]
    file = case.attributes.get("file", "")
    if not classname:
        # A collector that failed has no class name: its own name is the module's.
        return file or case.name
    module = _longest_module(classname, modules) or _guess(classname, file)
    path = modules.get(module) or module.replace(".", "/") + ".py"
    classes = classname[len(module) :].strip(".")
    return "::".join([path, *(part for part in classes.split(".") if part), case.name])


def _longest_module(classname: str, modules: dict[str, str]) -> str:
    parts = classname.split(".")[:MAX_PARTS]
    prefixes = (".".join(parts[:length]) for length in range(len(parts), 0, -1))
    return next((prefix for prefix in prefixes if prefix in modules), "")


def _guess(classname: str, file: str) -> str:
    """Where a test is inherited from another file: modules are rarely capitalised, classes are."""
    if not file:
        return classname
    parts = classname.split(".")
    capital = next((n for n, part in enumerate(parts) if part[:1].isupper()), len(parts))
    return ".".join(parts[: max(capital, 1)])


def _module(file: str) -> str:
    return re.sub(r"\.py$", "", file).replace("/", ".")


def _pytest_message(case: TestCase) -> str:
    for problem in case.problems:
        if problem.tag == "skipped":
            return problem.message[:MAX_MESSAGE_LENGTH]
        # The lines that pytest marks with E are what it says itself about the failure.
        marked = [line[1:].strip() for line in problem.text.splitlines() if line.startswith("E  ")]
        message = "\n".join(marked[:MESSAGE_LINES]) or problem.message or problem.text.strip()
        return message[:MAX_MESSAGE_LENGTH]
    return ""


def _pytest_place(case: TestCase, root: str) -> str:
    for problem in case.problems:
        found = [*_AT_LINE.finditer(problem.text), *_FILE_LINE.finditer(problem.text)]
        for match in reversed(found):
            path = _inside(match[1], root)
            if path:
                return f"{path}:{match[2]}"
    file, line = case.attributes.get("file", ""), case.attributes.get("line", "")
    is_number = line.isascii() and line.isdigit() and len(line) <= MAX_DIGITS
    # pytest counts these lines from zero.
    return f"{file}:{int(line) + 1}" if file and is_number else file


def _node_test(case: TestCase, root: str) -> TestResult:
    problems = {problem.tag: problem for problem in case.problems}
    failure = problems.get("failure") or problems.get("error")
    skipped = problems.get("skipped")
    outcome: Outcome = "failed" if failure else "passed"
    if skipped is not None:
        # A "todo" may fail without failing the run: it is node's word for expected to fail.
        outcome = "xfailed" if skipped.type == "todo" else "skipped"
    told = failure or skipped
    return TestResult(
        name=_node_name(case, root),
        outcome=outcome,
        message=told.message[:MAX_MESSAGE_LENGTH] if told else "",
        place=_node_place(failure.text, root) if failure else "",
    )


def _node_name(case: TestCase, root: str) -> str:
    titles = [_title(title, root) for title in (*case.suites, case.name)]
    file = _inside(case.attributes.get("file", ""), root)
    joined = " > ".join(title for title in titles if title)
    if file and joined != file:
        joined = f"{file}::{joined}"
    return joined[:MAX_TEST_NAME_CHARACTERS]


def _title(title: str, root: str) -> str:
    # node 20 escapes quotes twice.
    plain = title.replace("&quot;", '"').strip()
    return (_inside(plain, root) or plain) if plain.startswith("/") else plain


def _node_place(text: str, root: str) -> str:
    for match in _FRAME.finditer(text):
        path = _inside(match[1], root)
        if path:
            return f"{path}:{match[2]}"
    return ""


def _inside(path: str, root: str) -> str:
    """The path as a reader of the tree knows it, or "" where it leads elsewhere."""
    if any(part in path for part in _OUTSIDE) or path.startswith(("<", "../", "node:")):
        return ""
    if not path.startswith("/") or not root:
        return path
    return path[len(root) :].lstrip("/") if path.startswith(root.rstrip("/") + "/") else ""


def _merged(tests: Iterable[TestResult]) -> Iterable[TestResult]:
    found: dict[str, TestResult] = {}
    for test in tests:
        known = found.get(test.name)
        if known is None or _RANK[test.outcome] > _RANK[known.outcome]:
            found[test.name] = test
    return found.values()


def _numbered(tests: Iterable[TestResult]) -> Iterable[TestResult]:
    seen: Counter[str] = Counter()
    for test in tests:
        seen[test.name] += 1
        if seen[test.name] == 1:
            yield test
        else:
            suffix = f" #{seen[test.name]}"
            name = test.name[: MAX_TEST_NAME_CHARACTERS - len(suffix)] + suffix
            yield test.model_copy(update={"name": name})
