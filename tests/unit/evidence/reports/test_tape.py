"""Results by test of tape. The output is recorded, of 5.10.2."""

import pytest

from agentproxy.events.check import CheckResult, ReportDoubt
from agentproxy.evidence.attempts import status_of
from agentproxy.evidence.instrumentation import interpret
from agentproxy.workspace.sandbox.port import Ended
from tests.support.results import ACCEPTANCE, judge

OUTPUT = """\
TAP version 13
# adds
not ok 1 sum
  ---
    operator: equal
    expected: 5
    actual:   -1
    at: Test.<anonymous> (/p/test/a.test.js:2:25)
    stack: |-
      Error: sum
          at Test.assert [as _assert] (/p/node_modules/tape/lib/test.js:548:48)
          at Test.<anonymous> (/p/test/a.test.js:2:25)
  ...
# doubles
ok 2 should be truthy
ok 3 should be strictly equal
# SKIP skipped
# TODO todo
not ok 4 should be truthy # TODO
  ---
    operator: ok
    expected: true
    actual:   false
    at: Test.<anonymous> (/p/test/a.test.js:5:41)
  ...
# outer
# inner
ok 5 should throw
# raises
not ok 6 .end() already called
  ---
    operator: fail
    at: Test.<anonymous> (/p/test/a.test.js:7:36)
  ...
# doubles
ok 7 yes

1..7
# tests 7
# pass  5
# fail  2

"""
GREEN = """\
TAP version 13
# adds
ok 1 sum
# doubles
ok 2 should be strictly equal

1..2
# tests 2
# pass  2

# ok

"""
RED = GREEN.replace("ok 1 sum", "not ok 1 sum").replace("# pass  2\n\n# ok", "# pass  1\n# fail  1")


def ran(exit_code: int, output: str, command: str = "tape 'test/*.js'") -> CheckResult:
    ended = Ended("exited", exit_code, 1.0, output, len(output), "d")
    return interpret(ended, {}, command=command, root="/p")


def test_tape_names_each_test_by_its_title() -> None:
    result = ran(1, OUTPUT)
    assert (result.by_test, result.doubt, result.runners) == (True, None, ("tape",))
    assert {test.name: (test.outcome, test.by_assertion) for test in result.tests} == {
        "adds": ("failed", True),
        "doubles": ("passed", False),
        "skipped": ("skipped", False),
        "todo": ("xfailed", False),
        "inner": ("passed", False),
        "raises": ("failed", False),
        "doubles #2": ("passed", False),
    }
    assert result.tests[0].place == "test/a.test.js:2"
    assert result.tests[0].message.startswith("sum\noperator: equal\nexpected: 5\nactual:   -1")


@pytest.mark.parametrize(
    ("exit_code", "output", "doubt", "status"),
    [
        (0, GREEN, None, "passes"),
        (0, GREEN + GREEN, None, "passes"),
        (1, RED, None, "fails"),
        # Code under test printed a result.
        (0, GREEN.replace("# doubles", "ok 9 mine\n# doubles"), "other_totals", "passes"),
        (0, GREEN.replace("1..2", "1..3"), "other_totals", "passes"),
        (1, RED.replace("# fail  1", "# fail  2"), "other_totals", "fails"),
        # It never came to its plan.
        (1, GREEN.partition("\n1..2")[0], None, "fails"),
        (1, "", None, "fails"),
    ],
)
def test_a_run_counts_where_its_plan_and_its_totals_agree(
    exit_code: int, output: str, doubt: ReportDoubt | None, status: str
) -> None:
    result = ran(exit_code, output)
    assert (result.doubt, status_of(result)) == (doubt, status)
    assert result.by_test == (doubt is None and "# tests" in output)


def test_a_mended_test_is_fixed_and_one_that_is_gone_is_removed() -> None:
    mended = judge(ACCEPTANCE, [ran(1, RED)], [ran(0, GREEN)])
    assert (mended.finding, mended.fixed) == ("proven", ("adds",))
    without = GREEN.replace("# doubles\nok 2 should be strictly equal\n", "").replace("2", "1")
    without = without.replace("version 13", "version 13").replace("version 11", "version 13")
    gone = judge(ACCEPTANCE, [ran(1, RED)], [ran(0, without)])
    assert (gone.finding, gone.reason_code) == ("unverified", "tests_removed")


def test_an_early_end_with_0_passes_nothing() -> None:
    ended = judge(ACCEPTANCE, [ran(1, RED)], [ran(0, "TAP version 13\n# adds\n")])
    assert (ended.finding, ended.reason_code) == ("refuted", "cannot_run_at_claim")


def test_the_words_of_other_runners_are_not_those_of_tape() -> None:
    node = "TAP version 13\n# Subtest: a\nok 1 - a\n1..1\n# tests 1\n# suites 0\n# pass 1\n"
    assert ran(0, node, "npm test").runners == ()
    mocha = "1..1\nok 1 a\n# tests 1\n# pass 1\n# fail 0\n1..1\n"
    assert ran(0, mocha, "npm test").runners == ()


def test_a_comment_that_tells_a_time_gives_a_test_the_same_name_in_every_run() -> None:
    names = [
        [test.name for test in ran(0, GREEN.replace("ok 1 sum", f"ok 1 sum\n# took {time}")).tests]
        for time in ("12 ms", "15.5 ms")
    ]
    assert names[0] == names[1]
