"""Gives tests of Go the files that declare them. `go test` prints only packages."""

import platform
import posixpath
import re
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import cache
from pathlib import Path

from agentproxy.events.check import TestResult
from agentproxy.evidence.reports.go_assertions import is_on_the_way
from agentproxy.evidence.reports.go_source import code_of, is_built, tests_in
from agentproxy.evidence.reports.junit import MAX_TEST_NAME_CHARACTERS
from agentproxy.files.safe_files import BadPath, SafeDir

# The names that Go has for this machine.
SYSTEM = sys.platform
_PROCESSORS = {"x86_64": "amd64", "aarch64": "arm64", "i386": "386", "i686": "386"}
PROCESSOR = _PROCESSORS.get(platform.machine(), platform.machine())
MAX_FILES = 5_000
MAX_FILE_BYTES = 1 << 20
MAX_BYTES = 64 << 20  # of all files together
_MODULE = re.compile(r"^\s*module\s+[\"`]?([^\s\"`]+)", re.MULTILINE)
_LINE_NUMBER = re.compile(r"[0-9]{1,7}")
_NAME = re.compile(r"(\S+) > ([^\s/#\[]+)(.*)", re.DOTALL)


def read_go_files(tree: Path, files: Iterable[str]) -> Mapping[str, str]:
    """The texts of `go.mod` and of files of tests of Go in a tree, by path. Blocking."""
    wanted = sorted(path for path in files if path.endswith("_test.go") or _is_module(path))
    if not any(path.endswith("_test.go") for path in wanted):
        return {}
    texts: dict[str, str] = {}
    left = MAX_BYTES
    with SafeDir(tree) as root:
        for path in wanted[:MAX_FILES]:
            try:
                content = root.read(path, limit=min(left, MAX_FILE_BYTES))
            except (OSError, BadPath):
                continue
            texts[path] = content.decode(errors="replace")
            left -= len(content)
    return texts


def find_go_tests(texts: Mapping[str, str]) -> Mapping[str, str]:
    """The files that declare tests of Go, by `package > test`. Those that are not built here
    declare nothing. A test that two files of a package declare is left out, where a tag that nobody
    knows here does not tell them apart.
    """
    modules = {
        posixpath.dirname(path): found[1]
        for path, text in texts.items()
        if _is_module(path) and (found := _MODULE.search(text))
    }
    certain: dict[str, set[str]] = {}
    possible: dict[str, set[str]] = {}
    for path, text in texts.items():
        package = _package_of(posixpath.dirname(path), modules)
        built = is_built(path, text, system=SYSTEM, processor=PROCESSOR)
        if package and path.endswith("_test.go") and built != "no":
            declared = certain if built == "yes" else possible
            for test in tests_in(text):
                declared.setdefault(f"{package} > {test}", set()).add(path)
    declared = possible | certain
    return {name: next(iter(paths)) for name, paths in declared.items() if len(paths) == 1}


def with_go_files(tests: Sequence[TestResult], texts: Mapping[str, str]) -> tuple[TestResult, ...]:
    """The tests, with the file in the place of the package where that is known. One that panicked
    on the way to a comparison failed by an assertion.
    """
    declared = find_go_tests(texts)

    @cache
    def code_lines(path: str) -> Sequence[str]:
        # Only this ends a line for Go.
        return code_of(texts.get(path, "")).split("\n")

    return tuple(_with_file(test, declared, code_lines) for test in tests)


def _with_file(
    test: TestResult, declared: Mapping[str, str], code_lines: Callable[[str], Sequence[str]]
) -> TestResult:
    parts = _NAME.fullmatch(test.name)
    file = declared.get(f"{parts[1]} > {parts[2]}") if parts else None
    if parts is None or file is None:
        return test
    name = f"{file}::{parts[2]}{parts[3]}"[:MAX_TEST_NAME_CHARACTERS]
    asserts = test.by_assertion or _panics_on_the_way(test, posixpath.dirname(file), code_lines)
    return test.model_copy(update={"name": name, "by_assertion": asserts})


def _panics_on_the_way(
    test: TestResult, folder: str, code_lines: Callable[[str], Sequence[str]]
) -> bool:
    if test.outcome != "failed" or not test.message.startswith("panic: runtime error"):
        return False
    name, _, number = test.place.rpartition(":")
    if not _LINE_NUMBER.fullmatch(number):
        return False
    return is_on_the_way(code_lines(posixpath.join(folder, name)), int(number))


def _package_of(folder: str, modules: Mapping[str, str]) -> str:
    """The path of the package in a folder; "" where no module is around it."""
    above = folder
    while above not in modules and above:
        above = posixpath.dirname(above)
    if above not in modules:
        return ""
    inside = posixpath.relpath(folder or ".", above or ".")
    return posixpath.normpath(posixpath.join(modules[above], inside))


def _is_module(path: str) -> bool:
    return posixpath.basename(path) == "go.mod"
