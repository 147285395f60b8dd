"""Results by test of runners of JavaScript that only print: bun and deno. Outputs are recorded."""

import pytest

from agentproxy.events.check import CheckResult, ReportDoubt
from agentproxy.evidence.attempts import compare, fold_attempts, status_of
from agentproxy.evidence.instrumentation import interpret
from agentproxy.workspace.sandbox.port import Ended


def ran(exit_code: int, output: str, command: str) -> CheckResult:
    ended = Ended("exited", exit_code, 1.0, output, len(output.encode()), "d")
    return interpret(ended, {}, command=command, root="/p")


def outcomes(result: CheckResult) -> dict[str, tuple[str, bool]]:
    return {test.name: (test.outcome, test.by_assertion) for test in result.tests}


# bun 1.4.5, with the lines of code of one test only
BUN = """\
bun test v1.4.5 (a7733435c)

a.test.js:
                                                             ^
error: expect(received).toBe(expected)

Expected: 5
Received: -1

      at <anonymous> (/p/a.test.js:3:58)
(fail) sums > adds [1.47ms]
(pass) sums > zero [0.02ms]
3 | });
4 | test('calls', () => { expect(f().x).toBe(1); });
                                ^
TypeError: undefined is not an object (evaluating 'f().x')
      at <anonymous> (/p/a.test.js:4:29)
(fail) calls [0.05ms]
                                   ^
AssertionError: 1 == 2
      at innerFail (node:assert:50:32)
      at equal (node:assert:102:14)
      at <anonymous> (/p/a.test.js:5:32)
(fail) asserts [57.85ms]
(skip) later
(todo) someday
tail(pass) prints [0.26ms]
a line
(pass) prints [0.03ms]
(fail) slow [10.36ms]
  ^ this test timed out after 10ms.
                                                                                         ^
error: first
      at <anonymous> (/p/a.test.js:11:85)
(pass) again (attempt 2)
                                                                          ^
error: no start
      at <anonymous> (/p/a.test.js:12:70)
(fail) hook > (unnamed) [0.03ms]

bad.test.js:

# Unhandled error between tests
-------------------------------
              ^
error: top
      at /p/bad.test.js:1:11
-------------------------------


empty.test.js:

sub/b.test.ts:
(pass) one

 5 pass
 1 skip
 1 todo
 6 fail
 1 error
 1 expect() calls
Ran 13 tests across 4 files. [112.00ms]
"""
BUN_RUN = """\
bun test v1.4.5 (a7733435c)

a.test.js:
{}
 1 pass
 {} fail
Ran {} tests across 1 file. [12.00ms]
"""


def bun_run(lines: str = "", *, failed: int = 0) -> str:
    return BUN_RUN.format(f"(pass) one [0.02ms]\n{lines}", failed, 1 + failed)


def test_bun_names_each_test_and_each_file_that_fails_as_a_whole() -> None:
    result = ran(1, BUN, "npm test")
    assert (result.by_test, result.runners) == (True, ("bun",))
    assert outcomes(result) == {
        "a.test.js::sums > adds": ("failed", True),
        "a.test.js::sums > zero": ("passed", False),
        "a.test.js::calls": ("failed", True),
        "a.test.js::asserts": ("failed", True),
        "a.test.js::later": ("skipped", False),
        "a.test.js::someday": ("skipped", False),
        "a.test.js::prints": ("passed", False),
        "a.test.js::prints #2": ("passed", False),
        "a.test.js::slow": ("failed", False),
        "a.test.js::again": ("passed", False),
        "sub/b.test.ts::one": ("passed", False),
        # the hook of a group, without whose tests the run goes on, and a file that throws
        "a.test.js": ("failed", False),
        "bad.test.js": ("failed", False),
    }
    bare = outcomes(
        ran(1, BUN.replace("expect(f().x).toBe(1)", "       f().x         "), "npm test")
    )
    assert bare["a.test.js::calls"] == ("failed", False)
    adds = result.tests[0]
    said = "expect(received).toBe(expected)\n\nExpected: 5\nReceived: -1"
    assert (adds.message, adds.place) == (said, "a.test.js:3")


# deno 2.9.6
DENO_ERRORS = """\
 ERRORS\x20

./bad_test.js (uncaught error)
error: (in promise) Error: top
throw new Error("top");
      ^
    at file:///p/bad_test.js:1:7
This error was not caught from a test and caused the test runner to fail on the referenced module.
It most likely originated from a dangling promise, event/timeout handler or top-level code.

adds => ./lib_test.js:3:6
error: AssertionError: -1 == 5
Deno.test('adds', () => { console.log('fake ... ok (0ms)'); assert.equal(-1, 5); });
                                                                   ^
    at file:///p/lib_test.js:3:68

outer ... two ... deep => ./lib_test.js:6:46
error: TypeError: bad
  await t.step('deep', () => { throw new TypeError('bad'); });
                                     ^
    at file:///p/lib_test.js:6:73
    at innerWrapped (ext:cli/40_test.js:300:11)
    at exitSanitizer (ext:cli/40_test.js:201:33)
    at Object.outerWrapped [as fn] (ext:cli/40_test.js:239:28)
    at TestContext.step (ext:cli/40_test.js:855:37)
    at file:///p/lib_test.js:6:46

 FAILURES\x20

./bad_test.js (uncaught error)
adds => ./lib_test.js:3:6
outer ... two ... deep => ./lib_test.js:6:46

FAILED | 4 passed (1 step) | 3 failed (2 steps) | 1 ignored (1 step) (472ms)
"""
DENO = f"""\
Check bad_test.js
Check empty_test.js
Check lib_test.js
Check sub/b_test.ts
Uncaught error from ./bad_test.js FAILED
running 0 tests from ./empty_test.js
------- pre-test output -------
top
----- pre-test output end -----
running 6 tests from ./lib_test.js
adds ...
------- post-test output -------
fake ... ok (0ms)
----- post-test output end -----
adds ... FAILED (1ms)
outer ...
  one ... ok (0ms)
  two ...
    deep ... FAILED (1ms)
  two ... FAILED (due to 1 failed step) (1ms)
  not ... ignored (0ms)
outer ... FAILED (due to 1 failed step) (1ms)
later ... ignored (0ms)
twice ... ok (49µs)
twice ... ok (34µs)
prints ...
------- post-test output -------
tail----- post-test output end -----
prints ... ok (104µs)
running 1 test from ./sub/b_test.ts
one ... ok (571µs)

{DENO_ERRORS}"""
DENO_PARALLEL = f"""\
Uncaught error from ./bad_test.js FAILED
./sub/b_test.ts => one ... ok (433µs)
------- post-test output -------
top
----- post-test output end -----
------- post-test output -------
fake ... ok (0ms)
./lib_test.js => adds ...----- post-test output end -----
./lib_test.js => adds ... FAILED (1ms)
./lib_test.js => outer ... one ... ok (0ms)
./lib_test.js => outer ... two ... deep ... FAILED (0ms)
./lib_test.js => outer ... two ... FAILED (due to 1 failed step) (1ms)
./lib_test.js => outer ... not ... ignored (0ms)
./lib_test.js => outer ... FAILED (due to 1 failed step) (1ms)
./lib_test.js => later ... ignored (0ms)
./lib_test.js => twice ... ok (45µs)
./lib_test.js => twice ... ok (19µs)
------- post-test output -------
tail./lib_test.js => prints ...----- post-test output end -----
./lib_test.js => prints ... ok (81µs)

{DENO_ERRORS}"""
DENO_RUN = """\
running {} tests from ./a_test.js
one ... ok (1ms)
{}
ok | 1 passed | 0 failed (3ms)
"""


@pytest.mark.parametrize("output", [DENO, DENO_PARALLEL])
def test_deno_names_each_test_each_step_and_each_file_that_throws(output: str) -> None:
    result = ran(1, output, "deno task test")
    assert (result.by_test, result.runners) == (True, ("deno",))
    assert outcomes(result) == {
        "lib_test.js::adds": ("failed", True),
        "lib_test.js::outer > one": ("passed", False),
        "lib_test.js::outer > two > deep": ("failed", False),
        "lib_test.js::outer > two": ("failed", False),
        "lib_test.js::outer > not": ("skipped", False),
        "lib_test.js::outer": ("failed", False),
        "lib_test.js::later": ("skipped", False),
        "lib_test.js::twice": ("passed", False),
        "lib_test.js::twice #2": ("passed", False),
        "lib_test.js::prints": ("passed", False),
        "sub/b_test.ts::one": ("passed", False),
        "bad_test.js": ("failed", False),
    }
    adds = next(test for test in result.tests if test.name.endswith("adds"))
    assert (adds.message, adds.place) == ("AssertionError: -1 == 5", "lib_test.js:3")


NESTED = bun_run(bun_run())


@pytest.mark.parametrize(
    ("command", "output", "doubt", "status"),
    [
        ("bun test", bun_run(), None, "passes"),
        ("bun test a && bun test b", bun_run() * 2, None, "passes"),
        # what a test prints has the form of a result
        ("bun test", bun_run("(pass) fake\n"), "other_totals", "passes"),
        ("bun test", bun_run("\nb.test.js:\n"), "other_totals", "passes"),
        ("bun test", bun_run(failed=1), "other_totals", "passes"),
        # the code under test ends the process
        ("bun test", BUN_RUN.partition("\n ")[0].format(""), "ended_early", "cannot_run"),
        ("bun test a; bun test b", bun_run() + BUN[:40], "ended_early", "cannot_run"),
        ("bun test", NESTED, "of_another_process", "passes"),
        ("deno test", DENO_RUN.format(1, ""), None, "passes"),
        ("deno test && deno test", DENO_RUN.format(1, "") * 2, None, "passes"),
        ("deno test", DENO_RUN.format(1, "two ... ok (1ms)\n"), "other_totals", "passes"),
        ("deno test", DENO_RUN.format(2, "")[:60], "ended_early", "cannot_run"),
        # a late throw turns the tests into skipped ones, which it does not count
        (
            "deno test",
            "running 1 test from ./a_test.js\nok | 0 passed | 0 failed (1ms)\n",
            None,
            "cannot_run",
        ),
        ("make test", "./a.js => b.js ... ok\n", None, "passes"),
        ("make test", "test_a (m.A.test_a) ... ok\nRan 1 test in 0.1s\n\nOK\n", None, "passes"),
    ],
)
def test_a_run_counts_where_it_agrees_with_its_totals(
    command: str, output: str, doubt: ReportDoubt | None, status: str
) -> None:
    result = ran(0, output, command)
    assert (result.doubt, status_of(result)) == (doubt, status)


@pytest.mark.parametrize(
    "output",
    [
        'bun test v1.4.5 (a7733435c)\n\nerror: regex "zz" matched 0 tests. Searched 2 files\n',
        "The following filters did not match any test files:\n nothere\n2 files were searched\n",
    ],
)
def test_a_filter_of_bun_that_matches_nothing_runs_nothing(output: str) -> None:
    result = ran(1, output, "bun test")
    assert result.cannot_run is not None
    assert result.cannot_run.kind == "nothing_collected"


def test_a_group_whose_hook_is_mended_is_fixed() -> None:
    base = ran(1, bun_run("(fail) hook > (unnamed) [0.03ms]\n", failed=1), "bun test")
    claim = ran(0, BUN_RUN.format("(pass) hook > x\n", 0, 1), "bun test")
    assert compare(fold_attempts([base]), fold_attempts([claim])).fixed == {"a.test.js"}
