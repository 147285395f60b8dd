"""Results by test of ctest, read from what it prints. Outputs are recorded, of 3.25."""

import pytest

from agentproxy.events.check import CheckResult, ReportDoubt
from agentproxy.evidence.attempts import status_of
from agentproxy.evidence.instrumentation import instrument, interpret
from agentproxy.workspace.sandbox.port import Ended


def ran(exit_code: int, output: str, command: str = "ctest") -> CheckResult:
    ended = Ended("exited", exit_code, 1.0, output, len(output.encode()), "d")
    return interpret(ended, {}, command=command, root="/p")


OUTPUT = """\
Test project /p/build
      Start  1: good
 1/10 Test  #1: good .............................   Passed    0.00 sec
      Start  2: bad
 2/10 Test  #2: bad ..............................***Failed    0.00 sec
add: lib.c:7: main: Assertion `add(2, 3) == 5' failed.

      Start  3: sig
 3/10 Test  #3: sig ..............................***Exception: SegFault  0.00 sec
      Start  4: skip
 4/10 Test  #4: skip .............................***Skipped   0.00 sec
      Start  5: slow
 5/10 Test  #5: slow .............................***Timeout   1.00 sec
      Start  6: nothere
Could not find executable ./nothere
Looked in the following places:
./nothere
 6/10 Test  #6: nothere ..........................***Not Run   0.00 sec
      Start  7: disabled
 7/10 Test  #7: disabled .........................***Not Run (Disabled)   0.00 sec
      Start  8: a_long_name
 8/10 Test  #8: a_long_name_of_a_test_to_the_end ...   Passed    0.01 sec
      Start  9: again
 9/10 Test  #9: again ............................   Passed    0.00 sec
      Start 10: re
10/10 Test #10: re ...............................***Failed  Required regular expression not found. Regex=[ho
]  0.00 sec

44% tests passed, 5 tests failed out of 9

Total Test time (real) =   1.04 sec

The following tests did not run:
\t  4 - skip (Skipped)

The following tests FAILED:
\t  2 - bad (Failed)
"""  # noqa: E501 - as it is printed
PASSED = """\
Test project /p/build
    Start 1: good
1/1 Test #1: good .............................   Passed    0.00 sec
{}
100% tests passed, 0 tests failed out of {}
"""


def test_ctest_names_each_test() -> None:
    result = ran(8, OUTPUT, "make test")
    assert (result.by_test, result.doubt, result.runners) == (True, None, ("ctest",))
    assert {test.name: (test.outcome, test.by_assertion) for test in result.tests} == {
        "good": ("passed", False),
        "bad": ("failed", True),
        "sig": ("failed", False),
        "skip": ("skipped", False),
        "slow": ("failed", False),
        "nothere": ("failed", False),
        "disabled": ("skipped", False),
        "a_long_name_of_a_test_to_the_end": ("passed", False),
        "again": ("passed", False),
        "re": ("failed", False),
    }
    bad = result.tests[1]
    assert bad.message == "Failed\nadd: lib.c:7: main: Assertion `add(2, 3) == 5' failed."


FAKE = "1/1 Test #1: good ....   Passed    0.00 sec\n"


@pytest.mark.parametrize(
    ("output", "doubt", "status"),
    [
        (PASSED.format("", 1), None, "passes"),
        (PASSED.format("", 1) * 2, None, "passes"),
        (PASSED.format("", 2), "other_totals", "passes"),
        # what a test prints has the form of a result
        (PASSED.format(FAKE, 1), "other_totals", "passes"),
        (PASSED.format(FAKE.replace("1/1 Test #1", "2/2 Test #2"), 1), "other_totals", "passes"),
        (PASSED.partition("{}")[0], "ended_early", "cannot_run"),
        ("Test project /p/build\nNo tests were found!!!\n", None, "cannot_run"),
    ],
)
def test_a_run_of_ctest_counts_where_it_agrees_with_its_totals(
    output: str, doubt: ReportDoubt | None, status: str
) -> None:
    result = ran(0, output)
    assert (result.doubt, status_of(result)) == (doubt, status)


def test_a_run_of_tests_that_are_all_disabled_passes_nothing() -> None:
    result = ran(0, PASSED.format("", 1).replace("   Passed ", "***Skipped"))
    assert (result.by_test, status_of(result)) == (True, "cannot_run")


@pytest.mark.parametrize("command", ["ctest", "cmake --build . -t test", "make test", "ninja test"])
def test_a_test_that_fails_shows_what_it_printed(command: str) -> None:
    assert instrument(command, {}).env["CTEST_OUTPUT_ON_FAILURE"] == "1"


def test_a_repeated_test_that_passes_at_last_is_judged_by_the_exit_code() -> None:
    # A failing test may print the same lines.
    again = " 9/10 Test  #9: again ............................***Failed    0.00 sec\n"
    again += "      Start  9: again\n"
    again += "      Test  #9: again ............................   Passed    0.00 sec\n"
    passed = " 9/10 Test  #9: again ............................   Passed    0.00 sec\n"
    result = ran(8, OUTPUT.replace(passed, again), "make test")
    assert (result.by_test, result.doubt) == (False, "other_totals")
