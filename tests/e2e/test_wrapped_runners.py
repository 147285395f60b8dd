"""Results by test through what starts the runners: real tools, each on a small project."""

import os
from pathlib import Path

import pytest
from support.front_door import Pa
from support.python_runs import run_check, write_files
from support.real_tools import compiled_by_go, programs_of

pytestmark = pytest.mark.slow

TESTS = """\
import unittest


class A(unittest.TestCase):
    def test_a(self):
        pass

    def test_b(self):
        self.assertEqual(1, 2)
"""
PROJECT = {
    "test_a.py": TESTS,
    "tox.ini": """\
[tox]
skipsdist = true
envlist = one, two
[testenv]
skip_install = true
allowlist_externals = *
commands = python -m unittest
[testenv:two]
pass_env = OTHER
set_env = PYTEST_ADDOPTS = -q
commands = pytest
""",
    "noxfile.py": """\
import nox


@nox.session(venv_backend="none")
def tests(session):
    session.run("pytest", "-q", external=True)
""",
    "pyproject.toml": """\
[project]
name = "sample"
version = "1"
[tool.hatch.envs.default]
skip-install = true
path = ".hatch"
""",
    "Makefile": "test:\n\tpython -m unittest\n",
}
BOTH = {"test_a.py::A::test_a": "passed", "test_a.py::A::test_b": "failed"}
TWICE = BOTH | {f"{name} #2": outcome for name, outcome in BOTH.items()}


@pytest.mark.parametrize(
    ("tool", "command", "outcomes"),
    [
        ("tox", "tox -q", TWICE),
        ("tox", "tox -q -p all", TWICE),
        ("nox", "nox", BOTH),
        ("hatch", "hatch run python -m unittest", BOTH),
        ("coverage", "coverage run -m unittest", BOTH),
        ("nose2", "nose2", BOTH),
        ("uv", "uv run --no-project --offline python -m unittest", BOTH),
        ("", "make test", BOTH),
    ],
)
def test_each_test_is_named_inside_a_tool_that_starts_the_runner(
    tmp_path: Path, tool: str, command: str, outcomes: dict[str, str]
) -> None:
    folder = tmp_path / "project"
    write_files(folder, PROJECT)
    result = run_check(folder, command, also=str(programs_of(tool)) if tool else "")
    assert (result.by_test, result.doubt) == (True, None), result.output
    assert {test.name: test.outcome for test in result.tests} == outcomes


DJANGO = {
    "settings.py": """\
SECRET_KEY = "x"
INSTALLED_APPS = ["shop"]
DATABASES = {"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": ":memory:"}}
""",
    "shop/__init__.py": "",
    "shop/tests.py": """\
from django.test import SimpleTestCase, TestCase


class A(TestCase):
    def test_a(self):
        pass

    def test_parts(self):
        for part in range(3):
            with self.subTest(part=part):
                self.assertNotEqual(part, 1)


class SetUp(SimpleTestCase):
    @classmethod
    def setUpClass(cls):
        raise ValueError("no set-up")

    def test_c(self):
        pass
""",
}


@pytest.mark.parametrize("parallel", ["", " --parallel 2"])
def test_django_names_each_test_in_one_process_or_in_several(tmp_path: Path, parallel: str) -> None:
    folder = tmp_path / "project"
    write_files(folder, DJANGO)
    command = f"django-admin test --settings settings --pythonpath .{parallel}"
    result = run_check(folder, command, also=str(programs_of("django-admin")))
    assert (result.by_test, result.doubt) == (True, None), result.output
    assert {test.name: test.outcome for test in result.tests} == {
        "shop/tests.py::A::test_a": "passed",
        "shop/tests.py::A::test_parts": "failed",
        "shop/tests.py::SetUp::test_c": "failed",
    }


GO = {
    "go.mod": "module example.com/m\n\ngo 1.19\n",
    "calc.go": "package calc\n\nfunc Add(a, b int) int { return a - b }\n",
    "calc_test.go": """\
package calc

import "testing"

func TestAdd(t *testing.T) {
	if Add(1, 2) != 3 {
		t.Errorf("Add = %d, want 3", Add(1, 2))
	}
}

func TestZero(t *testing.T) {
	for _, each := range []int{0, 1} {
		t.Run("of", func(t *testing.T) {
			if Add(each, -each) > 2*each {
				t.Fatal("too much")
			}
		})
	}
}
""",
}
MENDS = "sed -i 's/a - b/a + b/' calc.go"
DROPS = "sed -i '/TestZero/,$d' calc_test.go"
# A file of tests that ends the others before they begin.
SAYS = """\
cat > a_test.go <<'END'
package calc

import ("fmt"; "os"; "testing")

func TestMain(m *testing.M) {
	fmt.Println("=== RUN   TestAdd\\n--- PASS: TestAdd (0.00s)")
	fmt.Println("=== RUN   TestZero\\n=== RUN   TestZero/of\\n=== RUN   TestZero/of#01")
	fmt.Println("--- PASS: TestZero (0.00s)\\n    --- PASS: TestZero/of (0.00s)")
	fmt.Println("    --- PASS: TestZero/of#01 (0.00s)\\nPASS")
	os.Exit(0)
}
END
"""
# A test moves to a file of its own, as it is.
MOVES = f"""\
{MENDS}
printf 'package calc\\n\\nimport "testing"\\n\\n' > zero_test.go
sed -n '/TestZero/,$p' calc_test.go >> zero_test.go
sed -i '/TestZero/,$d' calc_test.go
"""
# A new file holds words of the old one, and nothing that is built twice.
TELLS = f"""\
{MENDS}
cat > more_test.go <<'END'
package calc

import "testing"

/*
func TestAdd(t *testing.T) {{
*/
const old = `
func TestZero(t *testing.T) {{
`

func TestMore(t *testing.T) {{
	if Add(2, 2) != 4 || old == "" {{
		t.Fatal("Add")
	}}
}}
END
printf '//go:build windows\\n\\npackage calc\\n\\nfunc TestAdd() {{}}\\n' > other_test.go
cp other_test.go add_windows_test.go
"""
BEGINS = f"{MENDS}\nprintf 'package calc\\n\\nvar begun = Add(0, 0)\\n' > a_test.go"


@pytest.mark.parametrize(
    ("worker", "reason"),
    [
        (MENDS, "fixed"),
        (f"{MENDS}; {DROPS}", "tests_removed"),
        (SAYS, "own_tests"),
        (BEGINS, "fixed"),
        (MOVES, "fixed"),
        (TELLS, "fixed"),
    ],
)
def test_a_test_of_go_has_its_file_and_is_missed_where_it_is_taken_away(
    pa: Pa, worker: str, reason: str
) -> None:
    pa.write({**GO, "agentproxy.toml": compiled_by_go()})
    pa.commit("Red")
    assert pa("trust").code == 0
    env = {"PATH": f"{programs_of('go')}{os.pathsep}{pa.environment()['PATH']}"}
    command = "go test ./..."
    ran = pa.task("--check", command, "--max-rounds", "1", worker=worker, env=env)
    assert ran.finding(command)["reason_code"] == reason, ran.finding(command)
    base = next(each for each in ran.of_kind("check_finished") if each["on"] == "base")
    assert {each["name"]: each["outcome"] for each in base["result"]["tests"]} == {
        "calc_test.go::TestAdd": "failed",
        "calc_test.go::TestZero": "passed",
        "calc_test.go::TestZero/of": "passed",
        "calc_test.go::TestZero/of#01": "passed",
    }
