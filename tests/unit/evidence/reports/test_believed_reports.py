"""Which reports count: they agree with what their runner says at its end. Outputs are recorded."""

import pytest

from agentproxy.events.check import CheckResult, ReportDoubt
from agentproxy.evidence.attempts import status_of
from agentproxy.evidence.instrumentation import interpret
from agentproxy.workspace.sandbox.port import Ended
from tests.support.results import ACCEPTANCE, judge

ROOT = "/home/me/lib"
REPORT = {"pytest": "pytest-0.xml", "node": "node.xml", "unittest": "unittest-0.xml"}


def ran(exit_code: int, output: str, command: str, **reports: str) -> CheckResult:
    """What a run says; a report by its runner."""
    size = len(output.encode())
    ended = Ended("exited", exit_code, 1.0, output, size, "d")
    found = {REPORT[runner]: xml.encode() for runner, xml in reports.items()}
    return interpret(ended, found, command=command, root=ROOT)


def node_totals(*, tests: int, passed: int, failed: int, listed: str = "") -> str:
    at_end = f"\n\u2716 failing tests:\n{listed}" if listed else ""
    counts = {"tests": tests, "suites": 0, "pass": passed, "fail": failed}
    return "".join(f"\u2139 {word} {count}\n" for word, count in counts.items()) + at_end


NODE_OLD = (
    '<testcase name="old" classname="test" failure="x">'
    '<failure type="testCodeFailure" message="x">Error: x</failure></testcase>'
)
NODE_OLD_LISTED = "\ntest at a.test.js:2:1\n\u2716 old (0.5ms)\n  Error: x\n"
# test('totals', async t => { await t.test('is a number', () => {}); assert.equal(1, 3); })
NODE_SUBTESTS = (
    '<testsuite name="totals" tests="1" failures="0">'
    '<testcase name="is a number" classname="test"/></testsuite>'
)
NODE_SUBTESTS_LISTED = (
    "\ntest at a.test.js:2:1\n\u2716 totals (5.753107ms)\n  AssertionError: 1 == 3\n"
)
# describe('s', () => { after(() => { throw new Error('late'); }); it('one', () => {}); })
NODE_HOOK = (
    '<testsuite name="s" tests="1" failures="0"><testcase name="one" classname="test"/></testsuite>'
)
NODE_HOOK_LISTED = "\ntest at a.test.js:2:1\n\u2716 s (25.090463ms)\n  Error: late\n"
# test('x', async t => { await t.test('inner', () => { throw new Error('e'); }); })
NODE_INNER = (
    '<testsuite name="x" tests="1" failures="1"><testcase name="inner" failure="e">'
    '<failure type="testCodeFailure" message="e">Error: e</failure></testcase></testsuite>'
)
NODE_INNER_LISTED = "\ntest at a.test.js:4:28\n\u2716 inner (0.3ms)\n  Error: e\n"
NODE_TODO = (
    '<testcase name="todo"><skipped type="todo" message="true"/>'
    '<failure type="testCodeFailure" message="x">Error: x</failure></testcase>'
)
NODE_TODO_LISTED = "\ntest at a.test.js:2:1\n\u2716 todo (1.532468ms) # TODO\n  Error: x\n"


@pytest.mark.parametrize(
    ("cases", "failed", "listed", "doubt"),
    [
        (NODE_OLD, 1, NODE_OLD_LISTED, None),
        (NODE_INNER, 2, NODE_INNER_LISTED, None),
        (NODE_OLD + NODE_TODO, 1, NODE_OLD_LISTED + NODE_TODO_LISTED, None),
        (NODE_SUBTESTS, 1, NODE_SUBTESTS_LISTED, "hides_failures"),
        (NODE_OLD + NODE_SUBTESTS, 2, NODE_OLD_LISTED + NODE_SUBTESTS_LISTED, "hides_failures"),
        (NODE_OLD + NODE_SUBTESTS, 2, "", "hides_failures"),
        (NODE_HOOK, 0, NODE_HOOK_LISTED, "hides_failures"),
        (NODE_OLD + NODE_HOOK, 1, NODE_OLD_LISTED + NODE_HOOK_LISTED, "hides_failures"),
        (NODE_INNER + NODE_HOOK, 2, NODE_INNER_LISTED + NODE_HOOK_LISTED, "hides_failures"),
    ],
)
@pytest.mark.parametrize("exit_code", [0, 1])
def test_a_report_of_node_that_hides_a_failure_does_not_count(
    cases: str, failed: int, listed: str, doubt: ReportDoubt | None, exit_code: int
) -> None:
    output = node_totals(tests=4, passed=1, failed=failed, listed=listed)
    xml = f"<testsuites>{cases}</testsuites>"
    result = ran(exit_code, output, "node --test || true", node=xml)
    assert (result.doubt, result.by_test) == (doubt, doubt is None)
    assert status_of(result) == "fails"


# A test with two failing subtests has three failures: one is its own.
PYTEST_SUBTESTS = (
    '<testcase classname="test_s" name="test_t" file="test_s.py" line="5">'
    '<failure message="assert 0"/><failure message="assert 0"/>'
    '<failure message="contains 2 failed subtests"/></testcase>'
)
PYTEST_TEARDOWN = (
    '<testcase classname="test_d" name="test_b" file="test_d.py"><failure/></testcase>'
    '<testcase classname="test_d" name="test_b" file="test_d.py"><error/></testcase>'
)
PYTEST_PASSED = '<testcase classname="test_d" name="test_a" file="test_d.py"/>'


@pytest.mark.parametrize(
    ("cases", "exit_code", "output", "doubt", "status"),
    [
        (PYTEST_SUBTESTS, 1, "3 failed, 2 subtests passed in 2.56s", None, "fails"),
        (PYTEST_TEARDOWN, 1, "1 failed, 1 passed, 1 error in 3.45s", None, "fails"),
        (PYTEST_PASSED, 0, "1 passed, 1 xfailed in 3.45s", None, "passes"),
        (PYTEST_PASSED, 1, "FAIL Required test coverage of 90%\n1 passed in 1.0s", None, "fails"),
        (PYTEST_PASSED, 0, "=== 1 failed, 1 passed in 0.10s ===", "hides_failures", "fails"),
        (PYTEST_TEARDOWN, 1, "2 failed, 1 error in 0.10s", "hides_failures", "fails"),
    ],
)
def test_a_report_of_pytest_holds_what_its_summary_counts(
    cases: str, exit_code: int, output: str, doubt: ReportDoubt | None, status: str
) -> None:
    xml = f"<testsuites><testsuite>{cases}</testsuite></testsuites>"
    result = ran(exit_code, output, "pytest -q", pytest=xml)
    assert (result.doubt, result.by_test, status_of(result)) == (doubt, doubt is None, status)


# node 20: a.test.js has a test, and b.test.js calls process.exit(0).
NODE_PASSED = '<testcase name="adds" time="0.012352" classname="test"/>'
NODE_FILE_20 = '<testcase name="/home/me/lib/test/b.test.js" time="0.312403" classname="test"/>'
NODE_FILE_22 = '<testcase name="test/b.test.js" time="0.3" classname="test"/>'
NODE_FILE_24 = '<testcase name="b.mjs" classname="test" file="/home/me/lib/b.mjs"/>'


@pytest.mark.parametrize(
    ("cases", "names"),
    [
        (NODE_FILE_20, None),
        (NODE_FILE_22, None),
        (NODE_FILE_24, None),  # also where --test-name-pattern matches nothing
        (NODE_FILE_20 + NODE_PASSED, ["adds"]),
        ('<testcase name="lib.js" classname="test"/>', ["lib.js"]),
        ('<testcase name="reads /etc/a.js" classname="test"/>', ["reads /etc/a.js"]),
    ],
)
def test_a_file_that_ends_with_0_without_a_test_passes_nothing(
    cases: str, names: list[str] | None
) -> None:
    output = node_totals(tests=1, passed=1, failed=0)
    result = ran(0, output, "node --test", node=f"<testsuites>{cases}</testsuites>")
    assert [test.name for test in result.tests] == (names or [])
    assert (result.cannot_run is not None) == (names is None)
    assert status_of(result) == ("passes" if names else "cannot_run")


PYTEST_CHILD = '<testcase classname="test_s" name="test_x" file="test_s.py"><failure/></testcase>'


@pytest.mark.parametrize(
    ("command", "output", "doubt"),
    [
        ("python -m unittest", "Ran 1 test in 0.9s\n\nOK\n", "of_another_process"),
        ("python3 -m unittest -v", "1 failed in 0.1s\nRan 1 test in 0.9s\n", "of_another_process"),
        ("make test", "Ran 1 test in 0.9s\n\nOK\n", "of_another_process"),
        ("make test", "1 failed in 0.1s\n", None),
        ("make test", "", None),
        ("python -m pytest -qq && python -m unittest", "Ran 1 test in 0.9s\n", None),
        ("python -m unittest; make test", "1 failed in 0.1s\n", None),
    ],
)
def test_a_report_of_pytest_that_a_test_started_is_not_the_checks(
    command: str, output: str, doubt: ReportDoubt | None
) -> None:
    xml = f"<testsuites><testsuite>{PYTEST_CHILD}</testsuite></testsuites>"
    result = ran(0, output, command, pytest=xml)
    assert (result.doubt, result.by_test) == (doubt, doubt is None)
    assert status_of(result) == ("fails" if doubt is None else "passes")


@pytest.mark.parametrize(
    ("written", "doubt"), [("769.06409", None), ("12.5", "of_another_process"), ("", None)]
)
def test_a_report_of_node_is_known_by_the_time_that_node_prints(
    written: str, doubt: ReportDoubt | None
) -> None:
    end = f"\t<!-- duration_ms {written} -->\n" if written else ""
    xml = f"<testsuites>{NODE_PASSED}\n\t<!-- tests 1 -->\n{end}</testsuites>\n"
    output = node_totals(tests=1, passed=1, failed=0) + "\u2139 duration_ms 769.06409\n"
    assert ran(0, output, "node --test", node=xml).doubt == doubt


# pytest 9.2: with self.subTest("a"): self.skipTest("x"); with self.subTest("b"): self.assertTrue(0)
SKIPPED_PART = '<skipped type="pytest.skip" message="{}">test_sub.py:16: x</skipped>'
FAILED_PART = '<failure message="AssertionError: 0 is not true">E   AssertionError</failure>'


@pytest.mark.parametrize(
    ("base", "claim", "finding"),
    [
        (SKIPPED_PART.format("x") + FAILED_PART, SKIPPED_PART.format("x"), "proven"),
        (FAILED_PART, SKIPPED_PART.format("x"), "unverified"),
        (SKIPPED_PART.format("x") + FAILED_PART, SKIPPED_PART.format("another"), "unverified"),
        (SKIPPED_PART.format("x") + FAILED_PART, FAILED_PART, "refuted"),
    ],
)
def test_a_skipped_subtest_does_not_hide_that_the_one_beside_it_is_fixed(
    base: str, claim: str, finding: str
) -> None:
    results: list[CheckResult] = []
    for parts in (base, claim):
        case = (
            f'<testcase classname="test_sub.T" name="test_v" file="test_sub.py">{parts}</testcase>'
        )
        failed = "failure" in parts
        output = "1 failed, 1 passed in 0.1s" if failed else "1 passed, 1 skipped in 0.1s"
        xml = f"<testsuites>{PYTEST_PASSED}{case}</testsuites>"
        results.append(ran(int(failed), output, "pytest -q", pytest=xml))
    assert judge(ACCEPTANCE, results[:1], results[1:]).finding == finding
