"""What is put around a check, and what its run is taken to say."""

import sys
import time
from pathlib import Path

import pytest

from agentproxy.events.check import CannotRunKind, CheckResult
from agentproxy.evidence.instrumentation import Instrumentation, instrument, interpret
from agentproxy.evidence.obstacles.cannot_run import is_missing_module_of
from agentproxy.evidence.reports.runners import NODE_PRELOAD, PYTHON_START, REPORT_FOLDER
from agentproxy.workspace.sandbox.port import Ended
from tests.support.node_reports import START, a_test, end, lines
from tests.support.real_reports import really_ran

TREE = ("src/mypkg/__init__.py", "src/mypkg/dates.py", "lib/util.js", "docs/yaml/a.txt", "solo.py")


def ended(exit_code: int | None, output: str = "") -> Ended:
    return Ended(
        ending="exited",
        exit_code=exit_code,
        seconds=1.0,
        output=output,
        output_bytes=len(output.encode()),
        digest="d",
    )


def report(**outcomes: str) -> bytes:
    """pytest's report: the text of a failure by the test's name, "" for one that passed."""
    cases = "".join(
        f'<testcase classname="test_a" file="test_a.py" line="0" name="{name}">'
        + (f"<failure>E   {text}</failure>" if text else "")
        + "</testcase>"
        for name, text in outcomes.items()
    )
    return f"<testsuites><testsuite>{cases}</testsuite></testsuites>".encode()


def seen(exit_code: int, output: str, command: str = "sh run.sh") -> CheckResult:
    return interpret(ended(exit_code, output), {}, command=command, tree=TREE)


def why(result: CheckResult) -> str:
    return result.cannot_run.text if result.cannot_run else ""


def pytest_ran(output: str = "1 failed in 0.1s", **outcomes: str) -> CheckResult:
    reports = {"pytest-0.xml": report(**outcomes)}
    return interpret(ended(1, output), reports, command="pytest", tree=TREE)


def asks_for(wanted: Instrumentation, report: str) -> bool:
    return any(pattern.fullmatch(report) for pattern in wanted.reports)


def test_pytest_is_asked_for_a_report_after_what_the_user_asks() -> None:
    wanted = instrument("make test", {"PYTEST_ADDOPTS": "-x"})
    assert asks_for(wanted, "pytest-0123-45.xml")
    report = f"{REPORT_FOLDER}/pytest-${{AGENTPROXY_PROCESS}}.xml"
    assert wanted.env["PYTEST_ADDOPTS"] == f"-x --junitxml={report} -o junit_family=xunit1"


def test_pytest_without_its_report_plugin_is_left_alone() -> None:
    wanted = instrument("pytest -p no:junitxml", {})
    assert "PYTEST_ADDOPTS" not in wanted.env
    assert not asks_for(wanted, "pytest-0.xml")


def test_python_is_asked_for_reports_before_what_the_user_has_on_its_path() -> None:
    assert instrument("make", {"PYTHONPATH": "/lib"}).env["PYTHONPATH"] == f"{PYTHON_START}:/lib"


@pytest.mark.parametrize(
    ("command", "package"),
    [
        ("node --test", ""),
        ("/usr/bin/node --import tsx --test test/", ""),
        ("npm test", '{"scripts": {"test": "node --test"}}'),
        ("npm run -s check", '{"scripts": {"check": "npm t", "test": "node --test lib"}}'),
        ("CI=1 pnpm run unit && true", '{"scripts": {"unit": "node --test"}}'),
        ("yarn unit", '{"scripts": {"unit": "tsc && node --test"}}'),
    ],
)
def test_node_is_asked_for_a_report_where_its_runner_runs(command: str, package: str) -> None:
    wanted = instrument(command, {"NODE_OPTIONS": "--no-warnings"}, package_json=package)
    assert asks_for(wanted, "node-0af.jsonl")
    options = wanted.env["NODE_OPTIONS"]
    assert " --no-warnings --test-reporter=spec " in options
    ours = f"--test-reporter={NODE_PRELOAD}/node_test.cjs --test-reporter-destination=stdout"
    assert options.endswith(ours)


@pytest.mark.parametrize(
    ("command", "package"),
    [
        ("pytest", '{"scripts": {"test": "node --test"}}'),
        ("npm test", '{"scripts": {"test": "jest"}}'),
        ("npm test", '{"scripts": {"test": "npm run test"}}'),
        ("node build.js; ./run --test", ""),
        ("node --test --test-reporter=dot", ""),
        ("npm test", "[" * 100_000),
        ("npm test", '{"scripts": {"test": 3, "x": null}}'),
        ("npm test", '{"scripts": []}'),
        ("npm test", "[1]"),
    ],
)
def test_node_is_left_alone_where_its_runner_does_not_run(command: str, package: str) -> None:
    wanted = instrument(command, {}, package_json=package)
    assert "--test-reporter" not in wanted.env["NODE_OPTIONS"]


def test_node_loads_our_file_once_before_what_the_user_has() -> None:
    wanted = instrument("make", {"NODE_OPTIONS": "--no-warnings"})
    ours = f'--require="{NODE_PRELOAD}/preload.cjs"'
    assert wanted.env["NODE_OPTIONS"] == f"{ours} --no-warnings"
    assert all(asks_for(wanted, f"{runner}-0af.jsonl") for runner in ("jest", "vitest", "ava"))


def test_a_hostile_script_costs_no_time() -> None:
    package = '{"scripts": {"test": "' + "node " * 100_000 + '"}}'
    started = time.process_time()
    instrument("npm test", {}, package_json=package)
    assert time.process_time() - started < 2


def test_real_runs_write_the_reports_that_are_read(tmp_path: Path) -> None:
    (tmp_path / "test_a.py").write_text("def test_a():\n    assert 0\n\ndef test_b():\n    pass\n")
    (tmp_path / "a.test.js").write_text("require('node:test').test('adds', () => {});\n")
    package = '{"scripts": {"test": "node --test"}}'
    (tmp_path / "package.json").write_text(package)
    command = f"npm run -s test; {sys.executable} -m pytest -q"
    wanted = instrument(command, {}, package_json=package)
    result = really_ran(command, wanted, tmp_path)
    assert result.by_test
    assert {test.name: test.outcome for test in result.tests} == {
        "test_a.py::test_a": "failed",
        "test_a.py::test_b": "passed",
        "a.test.js::adds": "passed",
    }


def test_a_report_makes_a_run_that_is_judged_by_test() -> None:
    result = pytest_ran(a="assert 0", b="")
    assert result.by_test
    assert result.count("failed") == result.count("passed") == 1
    assert result.cannot_run is None


@pytest.mark.parametrize(
    "output",
    [
        "1 failed, 2 passed in 0.12s\n== 3 passed, 1 warning in 61.20s (0:01:01) ==",
        "\x1b[32m1 passed\x1b[0m in 0.01s\nno tests ran in 0.00s",
        "\u2139 tests 3\n\u2139 pass 3\n# tests 4\n# pass 4",
    ],
)
def test_a_run_without_a_report_of_its_own_leaves_the_command_to_judge(output: str) -> None:
    node = lines(START, a_test("n"), end(1))
    reports = {"pytest-0.xml": report(a=""), "node-0.jsonl": node}
    result = interpret(ended(1, output), reports, command="make test", tree=TREE)
    assert (result.by_test, result.doubt) == (False, "several_runs")


def test_runs_with_reports_of_their_own_are_judged_together() -> None:
    output = "1 failed, 1 passed in 0.12s\n== 1 passed in 1.20s =="
    reports = {"pytest-1-5.xml": report(a="assert 0", b=""), "pytest-2-4.xml": report(a="")}
    result = interpret(ended(1, output), reports, command="pytest a; pytest b", tree=TREE)
    assert result.by_test
    outcomes = {test.name: test.outcome for test in result.tests}
    assert outcomes == {
        "test_a.py::a": "failed",
        "test_a.py::b": "passed",
        "test_a.py::a #2": "passed",
    }


def test_the_summary_of_what_a_test_started_is_not_a_run_of_the_check() -> None:
    output = "--- Captured stdout call ---\n2 failed in 0.1s\n=== 1 failed in 0.12s ==="
    result = interpret(ended(1, output), {"pytest-1.xml": report(a="assert 0")}, command="pytest")
    assert result.by_test


@pytest.mark.parametrize(
    "output",
    [
        "3 passed in 0.12s",
        "it took 3 passed in review",
        "\u2139 tests 3\n\u2139 pass 3\n2 passed in 1.00s",
    ],
)
def test_one_summary_of_a_runner_is_one_run(output: str) -> None:
    assert pytest_ran(output, a="").by_test


def test_a_summary_may_hide_in_output_that_was_not_kept() -> None:
    cut = Ended(
        ending="exited", exit_code=0, seconds=1.0, output="...", output_bytes=10**9, digest="d"
    )
    reports = {"pytest-0.xml": report(a="")}
    assert not interpret(cut, reports, command="make test").by_test
    assert not interpret(cut, reports, command="pytest a; pytest b").by_test
    assert interpret(cut, reports, command="python -m pytest -q").by_test


def test_a_report_that_cannot_be_used_leaves_the_command_to_judge() -> None:
    result = interpret(ended(1, "1 failed in 0.1s"), {"pytest-0.xml": b"<"}, command="pytest")
    assert not result.by_test
    assert result.tests == ()
    assert result.cannot_run is None
    assert result.doubt_text == "its report cannot be read"


@pytest.mark.parametrize(
    ("exit_code", "output", "words", "kind"),
    [
        (127, "sh: 1: cargo: not found", "cargo", "missing_command"),
        (127, "bash: line 3: jest: command not found", "jest", "missing_command"),
        (126, "sh: 1: ./run.sh: Permission denied", "not executable", "not_executable"),
        (
            2,
            "make: pytest: No such file or directory\nmake: *** [Makefile:2: t] Error 127",
            "pytest",
            "missing_command",
        ),
        (
            2,
            "sh: 1: mypy: not found\nmake: *** [Makefile:2: t] Error 127",
            "mypy",
            "missing_command",
        ),
        (1, "/usr/bin/python: No module named pytest", "pytest", "missing_module"),
        (1, "ModuleNotFoundError: No module named 'yaml'", "yaml", "missing_module"),
        (1, "Error: Cannot find module 'express'\nRequire stack:", "express", "missing_module"),
        (
            1,
            "Cannot find package '@scope/kit' imported from /x/y.mjs",
            "@scope/kit",
            "missing_module",
        ),
        (1, "psycopg.OperationalError: Connection refused", "refused", "refused_connection"),
        (1, "Error: connect ECONNREFUSED 127.0.0.1:5432", "refused", "refused_connection"),
        (6, "curl: (6) Could not resolve host: example.org", "resolve", "name_does_not_resolve"),
        (1, "[Errno -3] Temporary failure in name resolution", "resolve", "name_does_not_resolve"),
        (1, "OSError: [Errno 30] Read-only file system: '/usr/x'", "read-only", "read_only_path"),
        (
            1,
            "Cannot connect to the Docker daemon at unix:///var/run/docker.sock.",
            "Docker",
            "no_docker",
        ),
        (1, "No tests found, exiting with code 1", "no tests", "nothing_collected"),
        (5, "NO TESTS RAN", "no tests", "nothing_collected"),
    ],
)
def test_what_the_world_does_not_offer_is_no_failure(
    exit_code: int, output: str, words: str, kind: CannotRunKind
) -> None:
    result = seen(exit_code, output)
    assert words in why(result)
    assert result.cannot_run is not None
    assert result.cannot_run.kind == kind
    assert not result.passed


@pytest.mark.parametrize(
    ("exit_code", "output"),
    [
        (0, "warning: Connection refused, retried"),
        (1, "AssertionError"),
        (1, "ModuleNotFoundError: No module named 'mypkg.parser'"),
        (1, "ModuleNotFoundError: No module named 'solo'"),
        (1, "ImportError: cannot import name 'parse' from 'mypkg.dates'"),
        (1, "Error: Cannot find module './nosuch'"),
        (1, "Error: Cannot find module '/srv/lib/nosuch.js'"),
        (1, "No module named 'yaml'\nNo module named 'mypkg.gone'"),
        (1, "12 passed, 1 failed\nConnection refused"),
        (101, "test result: FAILED. 3 passed; 1 failed\nConnection refused"),
        (1, "Connection refused (1)\n" + "line\n" * 100),
    ],
)
def test_what_the_tree_itself_lacks_is_a_failure(exit_code: int, output: str) -> None:
    assert seen(exit_code, output).cannot_run is None


def test_a_folder_without_source_is_not_a_module_of_the_tree() -> None:
    assert "yaml" in why(seen(1, "No module named 'yaml'"))


def test_pytest_that_cannot_use_its_arguments_cannot_run() -> None:
    output = "ERROR: file or directory not found: tests/test_new.py\n\nno tests ran in 0.00s"
    assert "tests/test_new.py" in why(seen(4, output, "pytest tests/test_new.py"))
    assert seen(4, "four files are wrong", "linter").cannot_run is None


def test_a_conftest_that_misses_a_module_of_the_tree_has_failed() -> None:
    start = "ImportError while loading conftest '/x/conftest.py'.\nE   ModuleNotFoundError: "
    assert seen(4, start + "No module named 'mypkg.gone'", "pytest").cannot_run is None
    assert "yaml" in why(seen(4, start + "No module named 'yaml'", "pytest"))


def test_failures_for_want_of_a_server_are_failures_where_other_tests_passed() -> None:
    refused = "ConnectionRefusedError: [Errno 111] Connection refused"
    assert pytest_ran(a=refused, b="").cannot_run is None
    assert pytest_ran(a=refused, b="assert 0").cannot_run is None
    alone = pytest_ran(a=refused, b=refused)
    assert "refused" in why(alone)
    assert alone.by_test


@pytest.mark.parametrize(
    ("exit_code", "output", "reports"),
    [
        (5, "no tests ran in 0.01s", {}),
        (5, "3 deselected in 0.01s", {"pytest-0.xml": report()}),
        (0, "no tests ran in 0.01s", {"pytest-0.xml": report()}),
        (0, "\u2139 tests 0\n\u2139 pass 0", {}),
        (0, "# tests 0\n# tests 0", {}),
    ],
)
def test_a_run_that_collects_nothing_could_not_run(
    exit_code: int, output: str, reports: dict[str, bytes]
) -> None:
    result = interpret(ended(exit_code, output), reports, command="pytest")
    assert "no tests were found" in why(result)


def test_one_empty_run_among_others_is_no_obstacle() -> None:
    assert seen(0, "\u2139 tests 0\n\u2139 tests 4\n\u2139 pass 4").cannot_run is None


@pytest.mark.parametrize(
    ("how", "words"),
    [
        (Ended("timed_out", None, 1800.0, "...", 3, "d", killed="time"), "time limit"),
        (Ended("not_started", None, 0.0, "no such shell", 0, "d"), "no such shell"),
        (Ended("exited", -9, 9.0, "...", 3 << 28, "d", killed="output"), "too much output"),
        (Ended("exited", None, 9.0, "...", 3, "d"), "stopped before it ended"),
    ],
)
def test_a_run_that_was_cut_short_could_not_run(how: Ended, words: str) -> None:
    result = interpret(how, {"pytest-0.xml": report(a="")}, command="pytest")
    assert words in why(result)
    assert result.ending == how.ending


def test_a_module_that_the_claim_brings_was_missing_as_a_failure_at_the_base() -> None:
    base = seen(1, "ModuleNotFoundError: No module named 'fresh.parts'")
    assert base.cannot_run
    assert is_missing_module_of(base.cannot_run, (*TREE, "fresh/__init__.py"))
    assert not is_missing_module_of(base.cannot_run, TREE)


@pytest.mark.parametrize(
    "output",
    [": " * 100_000, "a" * 250_000, "make: *** " * 20_000, "1 passed, " * 20_000, "/x:1:" * 40_000],
)
def test_hostile_output_costs_no_time(output: str) -> None:
    started = time.process_time()
    seen(1, output)
    assert time.process_time() - started < 2


def test_tests_that_fail_without_a_word_do_not_search_the_output_anew_for_each() -> None:
    started = time.process_time()
    report = lines(START, *(a_test(f"t{number}", "failed") for number in range(20_000)))
    output = "connect ECONNREFUSED 127.0.0.1:5432\n" + "a line of output\n" * 40_000
    result = interpret(ended(1, output), {"node-0.jsonl": report}, command="node --test")
    assert "refused" in why(result)
    assert time.process_time() - started < 5
