"""Results by test of PHPUnit and RSpec. Reports and outputs are recorded."""

import pytest

from agentproxy.events.check import CheckResult, ReportDoubt
from agentproxy.evidence.attempts import compare, fold_attempts, status_of
from agentproxy.evidence.instrumentation import instrument, interpret
from agentproxy.evidence.reports.runners import PHP_START, RUBY_START
from agentproxy.workspace.sandbox.port import Ended


def ran(exit_code: int, output: str, *reports: str, command: str = "make test") -> CheckResult:
    ended = Ended("exited", exit_code, 1.0, output, len(output.encode()), "d")
    kinds = ["phpunit-{}-1.xml" if each.startswith("<") else "RSpec-{}.jsonl" for each in reports]
    names = [kind.format(number) for number, kind in enumerate(kinds)]
    found = {name: text.encode() for name, text in zip(names, reports, strict=True)}
    return interpret(ended, found, command=command, root="/p")


def outcomes(result: CheckResult) -> dict[str, tuple[str, bool]]:
    return {test.name: (test.outcome, test.by_assertion) for test in result.tests}


# PHPUnit 9.6.7
PHPUNIT_CASE = (
    '<testcase name="{0}" class="App\\Tests\\LibTest" classname="App.Tests.LibTest" '
    'file="/p/tests/LibTest.php" line="6" assertions="1" time="0.002515">{1}</testcase>'
)
ADDS = (
    '<failure type="PHPUnit\\Framework\\ExpectationFailedException">App\\Tests\\LibTest::testAdds\n'
    "Failed asserting that -1 is identical to 5.\n\n"
    "/p/vendor/helper.php:3\n/p/tests/LibTest.php:6</failure>"
)
CALLS = (
    '<error type="Error">App\\Tests\\LibTest::testCalls\n'
    "Error: Call to undefined function App\\Tests\\nothere()\n\n/p/tests/LibTest.php:8</error>"
)
RISKY = (
    '<error type="PHPUnit\\Framework\\RiskyTestError">App\\Tests\\LibTest::testRisky\n'
    "This test did not perform any assertions\n\n/p/tests/LibTest.php:10</error>"
)
AFTER_CLASS = (
    '<failure type="PHPUnit\\Framework\\SyntheticError">EndTest::tearDownAfterClass\n'
    "Exception in EndTest::tearDownAfterClass\nno end\n\n/p/tests/EndTest.php:4</failure>"
)
PHPUNIT_CASES = (
    PHPUNIT_CASE.format("testAdds", ADDS),
    PHPUNIT_CASE.format("testDoubles", ""),
    PHPUNIT_CASE.format("testCalls", CALLS),
    PHPUNIT_CASE.format("testRisky", RISKY),
    PHPUNIT_CASE.format("testSkips", "<skipped/>"),
    PHPUNIT_CASE.format("testValues with data set &quot;a &quot;b&quot;&quot;", ""),
    PHPUNIT_CASE.format("tearDownAfterClass", AFTER_CLASS).replace("LibTest", "EndTest"),
    # a data provider that does not exist, and a class without a test
    '<testsuite name="WarnTest::testA"><testcase name="Error" assertions="0">'
    '<error type="PHPUnit\\Framework\\Error">Error\nThe data provider specified for '
    "WarnTest::testA is invalid.</error></testcase></testsuite>",
    '<testcase name="Warning" assertions="0"><warning type="PHPUnit\\Framework\\Warning">Warning\n'
    'No tests found in class "NoTest".</warning></testcase>',
)
PHPUNIT_SAID = (
    "ERRORS!\nTests: 9, Assertions: 3, Errors: 2, Failures: 2, Warnings: 1, Skipped: 1, Risky: 1.\n"
)


def phpunit(*cases: str) -> str:
    return f"<testsuites><testsuite name='all'>{''.join(cases)}</testsuite></testsuites>"


PASSED, FAILED = PHPUNIT_CASES[1], PHPUNIT_CASES[0]
OK = "OK (1 test, 1 assertion)\n"


def test_phpunit_names_each_test_by_its_file_and_its_class() -> None:
    result = ran(2, PHPUNIT_SAID, phpunit(*PHPUNIT_CASES))
    assert (result.by_test, result.doubt, result.runners) == (True, None, ("PHPUnit",))
    assert outcomes(result) == {
        "tests/LibTest.php::LibTest::testAdds": ("failed", True),
        "tests/LibTest.php::LibTest::testDoubles": ("passed", False),
        "tests/LibTest.php::LibTest::testCalls": ("failed", False),
        # PHPUnit calls it an error, and ends with 0; it shows nothing of the code
        "tests/LibTest.php::LibTest::testRisky": ("skipped", False),
        "tests/LibTest.php::LibTest::testSkips": ("skipped", False),
        'tests/LibTest.php::LibTest::testValues with data set "a "b""': ("passed", False),
        "tests/EndTest.php": ("failed", False),
        "WarnTest::testA": ("failed", False),
    }
    adds = result.tests[0]
    assert adds.message == "Failed asserting that -1 is identical to 5."
    assert adds.place == "tests/LibTest.php:6"


@pytest.mark.parametrize(
    ("exit_code", "output", "reports", "doubt", "status"),
    [
        (0, OK, [phpunit(PASSED)], None, "passes"),
        (0, f"OK, but ...!\nTests: 1, Assertions: 0.\n{OK}", [phpunit(PASSED)] * 2, None, "passes"),
        (0, OK * 2, [phpunit(PASSED)], "several_runs", "passes"),
        (0, OK, [phpunit(PASSED)] * 2, "of_another_process", "passes"),
        (0, OK, [phpunit(PASSED, PASSED)], "other_totals", "passes"),
        (
            1,
            "Tests: 1, Assertions: 1, Failures: 1.\n",
            [phpunit(PASSED)],
            "hides_failures",
            "fails",
        ),
        # what a test has started says nothing in the output of the check
        (0, "all is well\n", [phpunit(FAILED)], "of_another_process", "passes"),
        # the code under test ends the process
        (0, "PHPUnit 9.6.7\n\n", [""], "unreadable", "passes"),
        (0, "No tests executed!\n", [phpunit()], None, "cannot_run"),
    ],
)
def test_a_report_of_phpunit_counts_where_it_agrees_with_the_last_words(
    exit_code: int, output: str, reports: list[str], doubt: ReportDoubt | None, status: str
) -> None:
    found = [each or "<" for each in reports]
    result = ran(exit_code, output, *found)
    assert (result.doubt, status_of(result)) == (doubt, status)


# RSpec 3.12.0, the lines of our listener
START = '{"kind":"start","files":[]}\n'
EXAMPLE = (
    '{{"kind":"test","file":"/p/spec/lib_spec.rb","state":"{}","path":["lib","{}"],'
    '"failures":[{}]}}\n'
)
NOT_MET = (
    '{"name":"RSpec::Expectations::ExpectationNotMetError","message":"\\u000aexpected: 5\\u000a'
    '     got: -1\\u000a\\u000a(compared using ==)\\u000a",'
    '"stack":"    at /p/spec/lib_spec.rb:4:0"}'
)
NO_METHOD = '{"name":"NoMethodError","message":"undefined method `nothere\'","stack":""}'
BAD_FILE = (
    '{"kind":"file","file":"/p/spec/bad_spec.rb","failures":'
    '[{"message":"Failure/Error: raise \'top\'\\u000a\\u000aRuntimeError:\\u000a  top"}]}\n'
)
RSPEC = (
    START
    + EXAMPLE.format("failed", "adds", NOT_MET)
    + EXAMPLE.format("passed", "doubles", "")
    + EXAMPLE.format("failed", "calls", NO_METHOD)
    + EXAMPLE.format("expected", "pends", "")
    + EXAMPLE.format("skipped", "example", "")
    + EXAMPLE.format("passed", "example", "")
)
ONE = START + EXAMPLE.format("passed", "adds", "")


def end(passed: int, failed: int) -> str:
    return f'{{"kind":"end","passed":{passed},"failed":{failed}}}\n'


def test_rspec_names_each_example_by_its_file_and_its_groups() -> None:
    result = ran(1, "\n6 examples, 2 failures, 2 pending\n", RSPEC + end(2, 2))
    assert (result.by_test, result.doubt, result.runners) == (True, None, ("RSpec",))
    assert outcomes(result) == {
        "spec/lib_spec.rb::lib > adds": ("failed", True),
        "spec/lib_spec.rb::lib > doubles": ("passed", False),
        "spec/lib_spec.rb::lib > calls": ("failed", False),
        "spec/lib_spec.rb::lib > pends": ("xfailed", False),
        "spec/lib_spec.rb::lib > example": ("skipped", False),
        "spec/lib_spec.rb::lib > example #2": ("passed", False),
    }
    adds = result.tests[0]
    assert adds.message == "expected: 5\n     got: -1\n\n(compared using ==)"
    assert adds.place == "spec/lib_spec.rb:4"


@pytest.mark.parametrize(
    ("exit_code", "output", "reports", "doubt", "status"),
    [
        (0, "1 example, 0 failures\n", [ONE + end(1, 0)], None, "passes"),
        (0, "1 example, 0 failures\n" * 2, [ONE + end(1, 0)] * 2, None, "passes"),
        (0, "1 example, 0 failures\n" * 2, [ONE + end(1, 0)], "several_runs", "passes"),
        (0, "2 examples, 0 failures\n", [ONE + end(1, 0)], "other_totals", "passes"),
        # `exit 0` in the second of three examples: RSpec says that two have passed
        (0, "2 examples, 0 failures\n", [ONE], "ended_early", "cannot_run"),
        (0, "", [START], "ended_early", "cannot_run"),
        (0, "0 examples, 0 failures\n", [START + end(0, 0)], None, "cannot_run"),
        (
            1,
            "1 example, 0 failures, 1 error occurred outside of examples\n",
            [ONE + '{"kind":"error"}\n' + end(1, 0)],
            "hides_failures",
            "fails",
        ),
    ],
)
def test_a_report_of_rspec_counts_where_it_has_its_end_and_the_same_totals(
    exit_code: int, output: str, reports: list[str], doubt: ReportDoubt | None, status: str
) -> None:
    result = ran(exit_code, output, *reports)
    assert (result.doubt, status_of(result)) == (doubt, status)


def test_a_file_of_rspec_that_can_be_loaded_at_last_is_fixed() -> None:
    said = "0 examples, 0 failures, 1 error occurred outside of examples\n"
    base = ran(1, said, START + BAD_FILE + end(0, 0))
    assert outcomes(base) == {"spec/bad_spec.rb": ("failed", False)}
    claim = ran(0, "1 example, 0 failures\n", ONE.replace("lib_spec", "bad_spec") + end(1, 0))
    assert compare(fold_attempts([base]), fold_attempts([claim])).fixed == {"spec/bad_spec.rb"}


def test_what_a_user_sets_stays_beside_ours() -> None:
    own = {"SPEC_OPTS": "--color", "PHP_INI_SCAN_DIR": "/etc/php/more"}
    wanted = instrument("make test", own).env
    assert wanted["SPEC_OPTS"] == f"--color --require '{RUBY_START}/agentproxy_rspec.rb'"
    assert wanted["PHP_INI_SCAN_DIR"] == f"/etc/php/more:{PHP_START}"
    assert instrument("make test", {}).env["PHP_INI_SCAN_DIR"] == f":{PHP_START}"
