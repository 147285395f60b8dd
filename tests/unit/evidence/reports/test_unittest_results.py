"""Results by test of unittest: each way in which a test can end, from real runs."""

import sys
from pathlib import Path

import pytest

from agentproxy.events.check import CheckResult, ReportDoubt
from agentproxy.evidence.instrumentation import interpret
from agentproxy.workspace.sandbox.port import Ended
from tests.support.python_runs import run_check, write_files

UNITTEST = f"{Path(sys.executable).name} -m unittest"
ENDINGS = """\
import unittest


class Ends(unittest.TestCase):
    def test_ok(self): pass
    def test_wrong(self): self.assertEqual(2, 3)
    def test_raises(self): raise KeyError("x")
    def test_on_the_way(self):
        self.assertEqual(None.x, 1)
    def test_below(self):
        self.assertEqual(self.reads(), 1)
    def test_missing_name(self):
        self.assertEqual(missing, 1)
    def reads(self):
        return {}["x"]
    @unittest.skip("a reason")
    def test_skipped(self): pass
    @unittest.expectedFailure
    def test_expected(self): self.fail()
    @unittest.expectedFailure
    def test_unexpected(self): pass
    def test_parts(self):
        for n in range(3):
            with self.subTest(n=n):
                if n == 1: self.skipTest("a part \\x1b[0m")
                self.assertNotEqual(n, 2)


class SetUpFails(unittest.TestCase):
    @classmethod
    def setUpClass(cls): raise ValueError("no set-up")
    def test_one(self): pass
    def test_two(self): pass


class TearDownFails(unittest.TestCase):
    @classmethod
    def tearDownClass(cls): raise ValueError("no tear-down")
    def test_one(self): pass
    def test_two(self): pass


class SetUpSkips(unittest.TestCase):
    @classmethod
    def setUpClass(cls): raise unittest.SkipTest("no server")
    def test_one(self): pass
"""
IN_MODULE = """\
import unittest
def setUpModule(): raise ValueError("no module")
class M(unittest.TestCase):
    def test_m(self): pass
"""
DOCTESTS = '''\
import doctest
def double(x):
    """
    >>> double(2)
    5
    """
    return 2 * x
def load_tests(loader, tests, ignore):
    tests.addTests(doctest.DocTestSuite())
    return tests
'''
CHILDREN = """\
import io, os, subprocess, sys, unittest
class Empty(unittest.TestCase):
    def test_never(self): pass
class Starts(unittest.TestCase):
    def test_children(self):
        for module in ("unittest", "pytest"):
            child = [sys.executable, "-m", module, "sample/test_red.py"]
            subprocess.run(child, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        suite = unittest.TestLoader().loadTestsFromTestCase(Empty)
        unittest.TextTestRunner(stream=io.StringIO()).run(suite)
del Empty.test_never
"""
RED = "import unittest\nclass Red(unittest.TestCase):\n    def test_red(self): self.fail()\n"
GREEN = "import unittest\nclass Green(unittest.TestCase):\n    def test_green(self): pass\n"


@pytest.fixture(scope="module")
def all_endings(tmp_path_factory: pytest.TempPathFactory) -> CheckResult:
    folder = tmp_path_factory.mktemp("endings") / "project"
    files = {
        "tests/__init__.py": "",
        "tests/test_ends.py": ENDINGS,
        "tests/test_module.py": IN_MODULE,
        "tests/test_missing.py": "import not_there\n",
        "tests/test_doc.py": DOCTESTS,
        "tests/test_none.py": "import unittest\nraise unittest.SkipTest('all of it')\n",
    }
    write_files(folder, files)
    return run_check(folder, UNITTEST)


def test_each_test_is_named_by_its_file_and_has_its_outcome(all_endings: CheckResult) -> None:
    assert (all_endings.by_test, all_endings.doubt) == (True, None)
    assert {test.name: test.outcome for test in all_endings.tests} == {
        "tests/test_ends.py::Ends::test_ok": "passed",
        "tests/test_ends.py::Ends::test_wrong": "failed",
        "tests/test_ends.py::Ends::test_raises": "failed",
        "tests/test_ends.py::Ends::test_on_the_way": "failed",
        "tests/test_ends.py::Ends::test_below": "failed",
        "tests/test_ends.py::Ends::test_missing_name": "failed",
        "tests/test_ends.py::Ends::test_skipped": "skipped",
        "tests/test_ends.py::Ends::test_expected": "xfailed",
        "tests/test_ends.py::Ends::test_unexpected": "failed",
        "tests/test_ends.py::Ends::test_parts": "failed",
        "tests/test_ends.py::SetUpFails::test_one": "failed",
        "tests/test_ends.py::SetUpFails::test_two": "failed",
        "tests/test_ends.py::TearDownFails::test_one": "passed",
        "tests/test_ends.py::TearDownFails::test_two": "failed",
        "tests/test_ends.py::SetUpSkips::test_one": "skipped",
        "tests/test_module.py::M::test_m": "failed",
        "tests/test_missing.py": "failed",
        "tests/test_doc.py::tests.test_doc.double": "failed",
        "tests/test_none.py": "skipped",
    }


def test_a_failure_says_what_where_and_whether_a_value_was_wrong(all_endings: CheckResult) -> None:
    tests = {test.name.rpartition("::")[2]: test for test in all_endings.tests}
    wrong, parts = tests["test_wrong"], tests["test_parts"]
    assert (wrong.message, wrong.place) == ("AssertionError: 2 != 3", "tests/test_ends.py:6")
    assert (parts.message, parts.skipped_part) == ("AssertionError: 2 == 2", "a part [0m")
    missing = tests["tests/test_missing.py"]
    assert missing.message == "ModuleNotFoundError: No module named 'not_there'"
    by_assertion = {name for name, test in tests.items() if test.by_assertion}
    assert by_assertion >= {"test_wrong", "test_on_the_way", "test_parts", "test_unexpected"}
    assert "test_below" in by_assertion
    assert not by_assertion & {
        "test_missing_name",
        "test_raises",
        "tests/test_missing.py",
        "test_one",
        "test_m",
    }


def test_what_a_test_starts_is_not_taken_for_the_check(tmp_path: Path) -> None:
    folder = tmp_path / "project"
    write_files(folder, {"test_children.py": CHILDREN, "sample/test_red.py": RED})
    result = run_check(folder, UNITTEST)
    assert (result.exit_code, result.by_test) == (0, True)
    assert [test.name for test in result.tests] == ["test_children.py::Starts::test_children"]


@pytest.mark.parametrize(
    ("command", "names"),
    [
        (
            f"{UNITTEST} tests.test_red; {UNITTEST} tests.test_green",
            {"tests/test_red.py::Red::test_red", "tests/test_green.py::Green::test_green"},
        ),
        (f"{UNITTEST} discover -s tests -p test_g*", {"tests/test_green.py::Green::test_green"}),
        (f"{UNITTEST} tests.test_new.New.test_x", {"tests/test_new.py"}),
        (f"{UNITTEST} tests.test_red.Red.test_new", {"tests/test_red.py"}),
        ("python tests/test_red.py", {"tests/test_red.py::Red::test_red"}),
    ],
)
def test_each_way_to_start_it_gives_the_same_names(
    tmp_path: Path, command: str, names: set[str]
) -> None:
    folder = tmp_path / "project"
    red = f"{RED}if __name__ == '__main__': unittest.main()\n"
    write_files(folder, {"tests/test_red.py": red, "tests/test_green.py": GREEN})
    result = run_check(folder, command)
    assert result.by_test
    assert {test.name for test in result.tests} == names


def test_a_sitecustomize_of_the_users_still_runs(tmp_path: Path) -> None:
    folder = tmp_path / "project"
    test = f"{GREEN}    def test_mine(self): import sys; self.assertTrue(sys.mine)\n"
    write_files(folder, {"mine/sitecustomize.py": "import sys\nsys.mine = 1\n", "test_m.py": test})
    result = run_check(folder, UNITTEST, env={"PYTHONPATH": str(folder / "mine")})
    assert (result.exit_code, result.count("passed")) == (0, 2)


def test_code_under_test_that_ends_the_process_leaves_no_report(tmp_path: Path) -> None:
    folder = tmp_path / "project"
    test = f"{GREEN}    def test_out(self): import os; os._exit(0)\n"
    write_files(folder, {"test_m.py": test})
    assert run_check(folder, UNITTEST).tests == ()


CASE = "<testcase file='/p/test_a.py' module='test_a' classname='A' name='t{}'>{}</testcase>"
FAILED = CASE.format(1, "<failure type='AssertionError' message='AssertionError'/>")


@pytest.mark.parametrize(
    ("command", "output", "doubt"),
    [
        ("make", "Ran 2 tests in 0.1s\n\nFAILED (failures=1)\n", None),
        ("make", "Ran 2 tests in 0.1s\n\nFAILED (failures=1, expected failures=4)\n", None),
        (
            "make",
            "Ran 2 tests in 0.1s\n\nFAILED (errors=1, unexpected successes=1)\n",
            "hides_failures",
        ),
        ("make", "Ran 3 tests in 0.1s\n\nFAILED (failures=1)\n", "other_totals"),
        ("make", "", "of_another_process"),
        ("make", "Ran 2 tests in 0.1s\n\nOK\nRan 2 tests in 0.1s\n", "several_runs"),
        ("python -m unittest", "Ran 9 tests in 0.1s\n\nRan 2 tests in 0.1s\n", None),
        ("python -m pytest", "Ran 2 tests in 0.1s\n1 passed in 0.1s\n", "of_another_process"),
    ],
)
def test_a_report_counts_where_it_agrees_with_what_unittest_prints(
    command: str, output: str, doubt: ReportDoubt | None
) -> None:
    xml = f"<testsuites>{FAILED}{CASE.format(2, '')}<ran tests='2'/></testsuites>"
    xml = xml.replace("<ran tests='2'/>", '<ran tests="2"/>')
    ended = Ended("exited", 1, 1.0, output, len(output), "d")
    result = interpret(ended, {"unittest-0.xml": xml.encode()}, command=command, root="/p")
    assert (result.doubt, result.by_test) == (doubt, doubt is None)


def test_a_report_without_an_end_is_not_read() -> None:
    ended = Ended("exited", 0, 1.0, "Ran 1 test in 0.1s\n", 20, "d")
    xml = f"<testsuites>{CASE.format(1, '')}</testsuites>".encode()
    assert interpret(ended, {"unittest-0.xml": xml}, command="make").doubt == "unreadable"
