"""A project whose tests are unittest's is not asked to have pytest."""

from pathlib import Path

import pytest
from support.repositories import write

from agentproxy.evidence.discovery import discover

CASE = "import unittest\n\n\nclass TestA(unittest.TestCase):\n    def test_a(self): pass\n"
PLAIN = "def test_a(): pass\n"
PYTEST = "python -m pytest -q"


@pytest.mark.parametrize(
    ("files", "command"),
    [
        ({"test_a.py": CASE}, "python -m unittest"),
        ({"tests/__init__.py": "", "tests/test_a.py": CASE}, "python -m unittest"),
        ({"tests/test_a.py": CASE}, "python -m unittest discover -s tests"),
        ({"tests/a_test.py": CASE}, "python -m unittest discover -s tests -p '*_test.py'"),
        (
            {"src/p/__init__.py": "", "src/p/tests/__init__.py": "", "src/p/tests/test_a.py": CASE},
            "python -m unittest discover -s src",
        ),
        ({"p/__init__.py": "", "p/test/test_a.py": CASE}, "python -m unittest discover -s p/test"),
        ({"tests/test_a.py": CASE, "tests/test_b.py": PLAIN}, PYTEST),
        ({"tests/test_a.py": CASE, "tests/b_test.py": CASE}, PYTEST),
        # unittest would not enter the folder
        ({"tests/test_a.py": CASE, "tests/more/test_b.py": CASE}, PYTEST),
        ({"tests/test_a.py": f"import pytest\n{CASE}"}, PYTEST),
        ({"tests/test_a.py": CASE, "requirements-dev.txt": "pytest==8\n"}, PYTEST),
        ({"tests/test_a.py": CASE, "tox.ini": "commands = pytest\n"}, PYTEST),
        ({"tests/test_a.py": PLAIN}, PYTEST),
        ({"tests/test_a.py": "from django.test import TestCase\n"}, PYTEST),
        ({"tests/te st/test_a.py": CASE}, PYTEST),
    ],
)
def test_the_tests_of_a_project_say_which_runner_they_need(
    tmp_path: Path, files: dict[str, str], command: str
) -> None:
    write(tmp_path, files)
    assert [check.command for check in discover(tmp_path, ".")] == [command]
