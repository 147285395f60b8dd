"""Runners other than pytest and node: what they report decides as it does there."""

import pytest
from support.front_door import Pa

UNITTEST = "python -m unittest"
TEST = """\
import unittest

import calc


class Calc(unittest.TestCase):
    def test_add(self):
        self.assertEqual(calc.add(1, 2), 3)
"""
CODE = "def add(a, b):\n    return a {} b\n"
FEATURE = "printf '\\n\\ndef sub(a, b):\\n    return a - b\\n' >> calc.py"
TESTED = (
    "printf '\\n    def test_sub(self):\\n        self.assertEqual(calc.sub(5, 3), 2)\\n'"
    " >> tests/test_calc.py"
)
CALLED = TESTED.replace("self.assertEqual(calc.sub(5, 3), 2)", "calc.sub(5, 3)")


@pytest.fixture
def unittests(pa: Pa) -> Pa:
    pa.write({"calc.py": CODE.format("+"), "tests/__init__.py": "", "tests/test_calc.py": TEST})
    pa.commit("Green")
    return pa


def test_a_feature_with_a_unittest_that_needs_it_is_verified(unittests: Pa) -> None:
    ran = unittests.task("--check", UNITTEST, worker=f"{FEATURE}\n{TESTED}")
    finding = ran.finding(UNITTEST)
    assert (ran.code, finding["reason_code"]) == (0, "falsified"), finding
    assert "tests/test_calc.py::Calc::test_sub" in finding["reason"]


@pytest.mark.slow
def test_a_unittest_that_only_calls_proves_nothing(unittests: Pa) -> None:
    ran = unittests.task("--check", UNITTEST, "--max-rounds", "1", worker=f"{FEATURE}\n{CALLED}")
    finding = ran.finding(UNITTEST)
    assert (ran.code, finding["reason_code"]) == (3, "result_not_checked"), finding


@pytest.mark.slow
def test_a_test_of_unittest_that_is_taken_away_is_missed(unittests: Pa) -> None:
    unittests.write({"tests/test_red.py": TEST.replace("1, 2), 3", "1, 2), 4")})
    unittests.commit("Red")
    worker = "sed -i 's/a + b/a + b + 1/' calc.py\nrm tests/test_calc.py"
    ran = unittests.task("--check", UNITTEST, "--max-rounds", "1", worker=worker)
    finding = ran.finding(UNITTEST)
    assert finding["finding"] != "proven", finding
    assert "tests/test_calc.py::Calc::test_add" in finding["reason"]


@pytest.mark.slow
def test_code_that_ends_the_process_of_unittest_passes_nothing(unittests: Pa) -> None:
    unittests.write({"calc.py": CODE.format("-")})
    unittests.commit("Red")
    worker = "printf 'import os\\nos._exit(0)\\n' > calc.py"
    ran = unittests.task("--check", UNITTEST, "--max-rounds", "1", worker=worker)
    assert (ran.code, ran.result["verdict"]) == (1, "refuted")


@pytest.mark.slow
def test_the_second_of_two_runs_in_one_command_is_not_missed_where_the_first_fails(pa: Pa) -> None:
    tests = {
        name: f"from calc import add\n\n\ndef test_{name}():\n    assert add(1, 2) == 3\n"
        for name in ("a", "b")
    }
    pa.write({f"{name}/test_{name}.py": text for name, text in tests.items()})
    pa.write({"calc.py": CODE.format("-"), "conftest.py": ""})
    pa.commit("Red")
    command = "python -m pytest -q a && python -m pytest -q b"
    ran = pa.task("--check", command, worker="sed -i 's/a - b/a + b/' calc.py")
    assert (ran.code, ran.finding(command)["finding"]) == (0, "proven")


NODE_TEST = (
    "const test = require('node:test')\nconst { add } = require('./calc.js')\n"
    "test('adds', () => { if (add(1, 2) !== 3) throw new Error('wrong') })\n"
)


def test_the_tests_of_each_package_of_a_workspace_are_named(pa: Pa) -> None:
    script = '{"name": "NAME", "scripts": {"test": "node --test"}}\n'
    pa.write(
        {
            "package.json": (
                '{"workspaces": ["packages/*"], "scripts": {"test": "npm test --workspaces"}}\n'
            ),
            "packages/a/package.json": script.replace("NAME", "a"),
            "packages/a/calc.js": "exports.add = (a, b) => a - b\n",
            "packages/a/calc.test.js": NODE_TEST,
            "packages/b/package.json": script.replace("NAME", "b"),
            "packages/b/calc.js": "exports.add = (a, b) => a + b\n",
            "packages/b/calc.test.js": NODE_TEST,
        }
    )
    pa.commit("A workspace")
    ran = pa.task(worker="sed -i 's/a - b/a + b/' packages/a/calc.js")
    assert ran.code == 0, ran.result
    assert "packages/a/calc.test.js::adds" in ran.result["reason"]
