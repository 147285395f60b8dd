"""How test runners end: recorded where the row of the runner was tried, else as documented."""

import pytest
from support.results import ACCEPTANCE, command, judge

from agentproxy.events.check import CheckResult
from agentproxy.evidence.instrumentation import interpret
from agentproxy.evidence.reports.summaries import find_summaries, last_to_end, unmixed
from agentproxy.workspace.sandbox.port import Ended


def ran(output: str, *, exit_code: int = 0) -> CheckResult:
    size = len(output.encode())
    ended = Ended("exited", exit_code, 1.0, output, size, "d")
    return interpret(ended, {}, command="sh check.sh")


CARGO = (
    "test result: ok. {} passed; 0 failed; 0 ignored; 0 measured; 3 filtered out; finished in 0.00s"
)
NOTHING = {
    "node": "\u2139 tests 0\n\u2139 suites 0\n\u2139 pass 0\n",
    "unittest": "\n" + "-" * 70 + "\nRan 0 tests in 0.000s\n\nOK\n",
    "unittest of 3.13": "\nRan 0 tests in 0.000s\n\nNO TESTS RAN\n",
    "jest": "Test Suites: 1 skipped, 0 of 1 total\nTests:       3 skipped, 3 total\nTime: 0.5 s\n",
    "vitest": " Test Files  1 skipped (1)\n      Tests  3 skipped (3)\n",
    "mocha": "\n\n  0 passing (2ms)\n\n",
    "go test": "testing: warning: no tests to run\nPASS\nok  \tm/a\t0.002s [no tests to run]\n",
    "cargo test": CARGO.format(0) + "\n\n" + CARGO.format(0) + "\n",
    "ctest": "Test project /home/me/build\nNo tests were found!!!\n",
    "PHPUnit": "PHPUnit 9.6.7 by Sebastian Bergmann\n\nNo tests executed!\n",
    "RSpec": "No examples found.\n\nFinished in 0.0003 seconds\n0 examples, 0 failures\n",
    "deno": "ok | 0 passed | 0 failed | 3 filtered out (1ms)\n",
    "bun": " 0 pass\n 0 fail\nRan 0 tests across 1 file. [5.00ms]\n",
    "prove": "Files=1, Tests=0,  0 wallclock secs\nResult: NOTESTS\n",
    "pytest": "\n3 deselected in 0.05s\n",
}
SOMETHING = {
    "node": "\u2139 tests 1\n\u2139 suites 0\n\u2139 pass 1\n",
    "unittest": "\nRan 1 test in 0.000s\n\nOK\n",
    "jest": "Test Suites: 1 passed, 1 total\nTests:       2 skipped, 1 passed, 3 total\n",
    "vitest": " Test Files  1 passed (1)\n      Tests  1 passed | 2 skipped (3)\n",
    "mocha": "\n  12 passing (2s)\n  1 pending\n",
    "go test": "ok  \tm/a\t0.002s [no tests to run]\nok  \tm/b\t(cached)\n",
    "cargo test": CARGO.format(0) + "\n\n" + CARGO.format(1) + "\n",
    "ctest": "100% tests passed, 0 tests failed out of 1\n",
    "PHPUnit": "OK (1 test, 1 assertion)\n",
    "RSpec": "1 example, 0 failures\n",
    "deno": "ok | 1 passed (2 steps) | 0 failed (10ms)\n",
    "bun": " 1 pass\n 0 fail\nRan 1 test across 1 file. [5.00ms]\n",
    "prove": "Files=1, Tests=1,  0 wallclock secs\nResult: PASS\n",
    "pytest": "=== 1 passed, 2 deselected in 0.05s ===\n",
}


@pytest.mark.parametrize("runner", NOTHING)
def test_a_runner_that_ran_nothing_and_exits_with_0_could_not_run(runner: str) -> None:
    result = ran(NOTHING[runner])
    assert result.cannot_run is not None
    assert result.cannot_run.kind == "nothing_collected"


@pytest.mark.parametrize("runner", SOMETHING)
def test_a_runner_that_ran_a_test_could_run(runner: str) -> None:
    assert set(find_summaries(SOMETHING[runner])) == {runner}
    assert ran(SOMETHING[runner]).cannot_run is None
    for nothing in NOTHING.values():
        assert ran(nothing + SOMETHING[runner]).cannot_run is None


@pytest.mark.parametrize(
    "output",
    [
        "  0 passing (2ms)\n  1 failing\n",
        "0 examples, 0 failures, 1 error occurred outside of examples\n",
        "?   \tm/a\t[no test files]\n",  # a check that only builds
        "all 0 tests are fine\n",
    ],
)
def test_words_about_no_tests_are_not_the_end_of_a_runner_that_ran_nothing(output: str) -> None:
    assert ran(output).cannot_run is None


def test_a_file_that_jest_cannot_load_has_failed() -> None:
    output = "Test suite failed to run\n\nTest Suites: 1 failed, 1 total\nTests:       0 total\n"
    assert ran(output, exit_code=1).cannot_run is None


@pytest.mark.parametrize("runner", SOMETHING)
def test_a_run_that_ends_with_0_before_its_runner_does_passes_nothing(runner: str) -> None:
    base = command(1, SOMETHING[runner])
    quiet = judge(ACCEPTANCE, [base], [command(0, "loading\n")])
    assert (quiet.finding, quiet.reason_code) == ("refuted", "cannot_run_at_claim")
    assert f"before {runner} had said how many tests ran" in quiet.reason
    assert judge(ACCEPTANCE, [base], [command(0, SOMETHING[runner])]).finding == "proven"


@pytest.mark.parametrize(
    ("output", "runner"),
    [
        (SOMETHING["node"] + SOMETHING["jest"], "jest"),
        # The output of a test that started a runner stands before the words of its own.
        (SOMETHING["unittest"] + SOMETHING["pytest"], "pytest"),
        (SOMETHING["pytest"] + SOMETHING["unittest"], "unittest"),
        ("a compiler's error", ""),
    ],
)
def test_the_runner_of_a_check_is_the_last_one_to_end(output: str, runner: str) -> None:
    assert last_to_end(output) == runner


def test_a_test_that_no_longer_prints_the_words_of_another_runner_did_not_end_early() -> None:
    base = command(1, SOMETHING["unittest"] + "1 failed in 0.05s\n")
    assert judge(ACCEPTANCE, [base], [command(0, "1 passed in 0.05s\n")]).finding == "proven"


def test_what_packages_of_a_workspace_print_at_the_same_time_is_read_for_each() -> None:
    lines = [
        "Scope: 2 of 3 workspace projects",
        "packages/a test$ node --test",
        "packages/a test: \u2139 tests 1",
        "packages/b test: \u2139 tests 2",
        "packages/a test: \u2139 pass 1",
        "packages/b test: \u2139 pass 2",
        "packages/a test: \u2139 fail 0",
        "packages/b test: \u2139 fail 0",
        "packages/a test: Done",
    ]
    assert find_summaries("\n".join(lines)) == {}
    ends = find_summaries(unmixed("\n".join(lines)))["node"]
    assert [end.splitlines()[-2:] for end in ends] == [
        ["\u2139 pass 1", "\u2139 fail 0"],
        ["\u2139 pass 2", "\u2139 fail 0"],
    ]
