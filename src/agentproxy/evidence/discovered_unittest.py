"""Whether the tests of a Python project are unittest's, and which command runs them all.

An environment for such a project has no pytest.
"""

import posixpath
import re
from collections.abc import Sequence
from itertools import islice

from agentproxy.evidence.environments.untrusted_folder import Folder

MAX_READ = 100  # test files
# Where a project says what its tests need.
_NEEDS = (
    *("pyproject.toml", "setup.cfg", "setup.py", "tox.ini", "noxfile.py", "Makefile", "Pipfile"),
    *("environment.yml", "requirements.txt", "requirements-dev.txt", "requirements-test.txt"),
    *("dev-requirements.txt", "test-requirements.txt", "requirements/dev.txt"),
    *("requirements/test.txt", "pytest.ini", "pytest.toml", ".pytest.ini", ".pytest.toml"),
)
_OF_UNITTEST = re.compile(r"^(?:import unittest\b|from unittest(?:\.\w+)? import )", re.MULTILINE)
# A function of its own is a test of pytest's alone.
_OF_PYTEST = re.compile(r"\bpytest\b|^(?:async )?def test", re.MULTILINE)
_TEST_FILE = re.compile(r"test_.*\.py|.*_test\.py")


def unittest_command(folder: Folder, first: str) -> str:
    """Returns the command where all tests are of unittest, and pytest is named nowhere; else "".

    `first` is a test file of the project.
    """
    if not first or any("pytest" in folder.text(name) for name in _NEEDS):
        return ""
    start = _start_of(folder, first)
    found = folder.each(start, lambda name: _TEST_FILE.fullmatch(name) is not None, deep=True)
    files = list(islice(found, MAX_READ))
    if not files or not all(_is_found(folder, path, start) for path in files):
        return ""
    if not all(_is_of_unittest(folder.text(path)) for path in files):
        return ""
    where = "" if start == "." else f" discover -s {start}"
    if all(posixpath.basename(path).startswith("test") for path in files):
        return f"python -m unittest{where}"
    if all(path.endswith("_test.py") for path in files):
        return f"python -m unittest discover -s {start} -p '*_test.py'"
    return ""


def _is_of_unittest(text: str) -> bool:
    return bool(_OF_UNITTEST.search(text)) and not _OF_PYTEST.search(text)


def _start_of(folder: Folder, path: str) -> str:
    """The folder above a test below which all are packages: unittest enters no others."""
    parts = path.split("/")[:-1]
    for count in range(len(parts), 0, -1):
        if not folder.has("/".join([*parts[:count], "__init__.py"])):
            return "/".join(parts[:count])
    return "."


def _is_found(folder: Folder, path: str, start: str) -> bool:
    inside = posixpath.relpath(path, start).split("/")[:-1]
    if not re.fullmatch(r"[\w./-]+", start):
        return False
    steps: Sequence[str] = [posixpath.join(start, *inside[: n + 1]) for n in range(len(inside))]
    return all(folder.has(posixpath.join(step, "__init__.py")) for step in steps)
