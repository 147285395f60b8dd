"""What our reporters for node have written, and which of it counts. Runs were recorded with jest
30.5, vitest 5.1, mocha 12.0, ava 7.0 and Playwright 1.65.
"""

from pathlib import Path

import pytest

from agentproxy.events.check import CheckResult, ReportDoubt
from agentproxy.evidence.attempts import status_of
from agentproxy.evidence.instrumentation import interpret
from agentproxy.evidence.reports.junit import ReportUnusable
from agentproxy.evidence.reports.line_report import read_lines
from agentproxy.workspace.sandbox.port import Ended
from tests.support.node_reports import ROOT, START, a_test, end, lines
from tests.support.results import LETTERS

RECORDED = Path(__file__).parents[3] / "fixtures" / "runners"
ODD = r'a.test.js::outer > odd \x1b[1m "q" # :: \x00 ' + "\ufffd"
SHARED = {
    "a.test.js::outer > passes": "p",
    "a.test.js::outer > fails": "f",
    "a.test.js::outer > throws": "f",
    "a.test.js::outer > skipped": "s",
    "a.test.js::outer > same": "p",
    "a.test.js::outer > same #2": "p",
    ODD: "p",
    "a.test.js::outer > inner > deep": "p",
    "a.test.js::later": "s",
    "a.test.js::known": "x",
    "after.test.js::good": "p",
    "after.test.js": "f",
    "load.test.js": "f",
}
TESTS = {
    "jest": SHARED,
    "vitest": SHARED,
    "mocha": {
        **{
            name.replace("a.test.js", "test/a.js"): way
            for name, way in SHARED.items()
            if name.startswith("a.test.js") and not name.endswith("known")
        },
        "test/after.js::z > good": "p",
        "test/after.js": "f",
    },
    "ava": {
        "a.test.js::passes": "p",
        "a.test.js::fails": "f",
        "a.test.js::throws": "f",
        "a.test.js::s": "s",
        "a.test.js::later": "s",
        "a.test.js::known": "x",
        r"a.test.js::a # b \x1b[1m \x00": "p",
        "after.test.js::good": "p",
        "after.test.js": "f",
        "exit.test.js": "f",
        "load.test.js": "f",
    },
    "playwright": {
        "a.spec.js::outer > passes": "p",
        "a.spec.js::outer > fails": "f",
        "a.spec.js::outer > s": "s",
        "a.spec.js::outer > known": "x",
        "a.spec.js::b > p": "f",
    },
}


def ran(exit_code: int, output: str, *reports: bytes, runner: str = "jest") -> CheckResult:
    ended = Ended("exited", exit_code, 1.0, output, len(output.encode()), "d")
    named = {f"{runner}-{number:x}.jsonl": report for number, report in enumerate(reports)}
    return interpret(ended, named, command="npm test", root=ROOT)


def recorded(runner: str) -> CheckResult:
    output = (RECORDED / f"{runner}.txt").read_text()
    return ran(1, output, (RECORDED / f"{runner}.jsonl").read_bytes(), runner=runner)


def totals(passed: int, failed: int = 0) -> str:
    return f"Tests:       {failed} failed, {passed} passed, {passed + failed} total\n"


@pytest.mark.parametrize("runner", TESTS)
def test_a_recorded_run_is_judged_by_test(runner: str) -> None:
    result = recorded(runner)
    assert (result.by_test, result.doubt, result.runners) == (True, None, (runner,))
    expected = {name: LETTERS[way] for name, way in TESTS[runner].items()}
    assert {test.name: test.outcome for test in result.tests} == expected


@pytest.mark.parametrize("runner", TESTS)
def test_a_wrong_value_is_told_from_a_call_that_fails(runner: str) -> None:
    tests = {
        test.name.rpartition(" > ")[2].rpartition("::")[2]: test for test in recorded(runner).tests
    }
    assert tests["fails"].by_assertion
    assert tests["fails"].place.endswith((":3", ":4", ":2"))
    if "throws" in tests:
        assert not tests["throws"].by_assertion
        assert "Cannot read properties of null" in tests["throws"].message


@pytest.mark.parametrize(
    ("name", "message", "by_assertion"),
    [
        ("AssertionError", "expected 1 to equal 2", True),
        ("AssertError", "expected stub to be called once", True),
        ("Error", "Error: expect(received).toBe(expected)", True),
        ("Error", "\x1b[31mexpect(\x1b[0mlocator).toBeVisible() failed", True),
        ("Error", "Snapshot `adds 1` mismatched", True),
        ("TypeError", "lib.triple is not a function", False),
        ("TypeError", "Cannot read properties of undefined (reading 'x')", False),
        ("", "", False),
    ],
)
def test_what_an_assertion_says_is_known(name: str, message: str, by_assertion: bool) -> None:
    stack = f"{message}\n    at Object.<anonymous> ({ROOT}/a.test.js:3:1)"
    failure = {"name": name, "message": message, "stack": stack}
    report = read_lines(lines(START, a_test("one", "failed", failures=[failure])), ROOT)
    assert report.tests[0].by_assertion == by_assertion


@pytest.mark.parametrize(
    ("before", "file", "by_assertion"),
    [
        ("assert.equal(f().", "a.test.js", True),
        ("f().", "a.test.js", False),
        ("assert.equal(f().", "src/a.js", False),
    ],
)
def test_a_type_error_counts_where_its_source_asserts(
    before: str, file: str, by_assertion: bool
) -> None:
    failure = {
        "name": "TypeError",
        "message": "Cannot read properties of undefined (reading 'x')",
        "stack": f"TypeError: x\n    at Object.<anonymous> ({ROOT}/a.test.js:3:1)",
        "sources": [
            {"file": f"{ROOT}/src/b.js", "before": "assert.ok(f().", "after": "x);"},
            {"file": f"{ROOT}/{file}", "before": before, "after": "x, 1);"},
        ],
    }
    report = read_lines(lines(START, a_test("one", "failed", failures=[failure])), ROOT)
    assert report.tests[0].by_assertion == by_assertion


PASSED = lines(START, a_test("one"), end(1))


@pytest.mark.parametrize(
    ("exit_code", "output", "reports", "doubt"),
    [
        (0, totals(1), [PASSED], None),
        (0, "reporters of the user's", [PASSED], None),
        (1, totals(1) + "coverage threshold", [PASSED], None),
        (0, totals(1) + totals(1), [PASSED, PASSED], None),
        (0, totals(1) + "No tests found, exiting with code 0\n", [PASSED], None),
        (0, totals(1) + totals(1), [PASSED], "several_runs"),
        (0, totals(1), [PASSED, PASSED], "of_another_process"),
        (0, totals(2), [PASSED], "other_totals"),
        (1, totals(1, 1), [PASSED], "other_totals"),
        (0, "", [lines(START, a_test("one"))], "ended_early"),
        (1, "", [lines(START, a_test("one"))], "ended_early"),
        (1, totals(1), [lines(START, a_test("one"), end(1), {"kind": "error"})], "hides_failures"),
        (0, totals(1), [lines(START, a_test("one"), end(1), {"kind": "error"})], None),
        (0, totals(1), [lines(START, a_test("one"), end(1, files=2))], "missing_files"),
        (0, totals(1), [lines({**START, "files": ["/a"]}, a_test("one"), end(1))], "missing_files"),
        (1, totals(1), [lines(START, a_test("one"), end(1, files=2))], None),
        (0, "Ran 3 tests in 0.1s\n\nOK\n", [PASSED], "of_another_process"),
        (0, totals(1), [b"{}\n"], "unreadable"),
        (0, totals(1), [PASSED + PASSED], "unreadable"),
        (0, totals(1), [b""], "unreadable"),
    ],
)
def test_a_report_counts_where_it_agrees_with_its_runner(
    exit_code: int, output: str, reports: list[bytes], doubt: ReportDoubt | None
) -> None:
    result = ran(exit_code, output, *reports)
    assert (result.doubt, result.by_test) == (doubt, doubt is None)
    if exit_code:
        assert status_of(result) == "fails"


@pytest.mark.parametrize(
    ("report", "kind"),
    [
        (lines(START, a_test("one")), "ended_early"),
        (lines(START, a_test("one", "pending"), end(0)), "nothing_collected"),
        (lines(START, end(0)), "nothing_collected"),
    ],
)
def test_an_exit_code_of_0_with_nothing_behind_it_passes_nothing(report: bytes, kind: str) -> None:
    result = ran(0, "", report)
    assert result.cannot_run is not None
    assert result.cannot_run.kind == kind
    assert status_of(result) == "cannot_run"


NODE = "\u2139 tests 2\n\u2139 suites 1\n\u2139 pass {}\n\u2139 fail {}\n\u2139 cancelled 0\n"
TWO = lines(START, a_test("one"), a_test("two", "failed"), end(1, 1))


@pytest.mark.parametrize(
    ("exit_code", "output", "reports", "doubt"),
    [
        (1, NODE.format(1, 1), [TWO], None),
        (1, NODE.format(1, 1).replace("\u2139", "#"), [TWO], None),
        (1, NODE.format(1, 1) * 2, [TWO], "several_runs"),
        (1, NODE.format(1, 1) * 2, [TWO, TWO], None),
        (1, NODE.format(0, 2), [TWO], "other_totals"),
        (0, NODE.format(2, 0), [TWO], "other_totals"),
        (1, NODE.format(1, 1), [TWO, TWO], "of_another_process"),
    ],
)
def test_a_report_of_node_counts_where_node_prints_its_totals(
    exit_code: int, output: str, reports: list[bytes], doubt: ReportDoubt | None
) -> None:
    result = ran(exit_code, output, *reports, runner="node")
    assert (result.doubt, result.by_test) == (doubt, doubt is None)


def test_what_a_runner_says_twice_of_one_test_counts_as_the_worse() -> None:
    report = lines(START, a_test("one", id=0), a_test("one", "failed", id=0), a_test("one", id=1))
    tests = read_lines(report, ROOT).tests
    assert [(test.name, test.outcome) for test in tests] == [
        ("a.test.js::one", "failed"),
        ("a.test.js::one #2", "passed"),
    ]


def test_a_title_that_ends_in_a_number_keeps_it() -> None:
    report = lines(START, a_test("one"), a_test("one"), a_test("one #2"), end(3))
    names = [test.name for test in read_lines(report, ROOT).tests]
    assert sorted(names) == ["a.test.js::one", "a.test.js::one #2", "a.test.js::one #3"]


@pytest.mark.parametrize(
    "wrong", [b"[]\n", b"\xff\n", b'{"kind": "test"}\n', b"[" * 100_000 + b"\n"]
)
def test_a_report_of_a_stranger_is_unusable(wrong: bytes) -> None:
    with pytest.raises(ReportUnusable):
        read_lines(lines(START) + wrong, ROOT)


def test_half_of_a_last_line_is_left_out() -> None:
    report = read_lines(lines(START, a_test("one")) + b'{"kind": "te', ROOT)
    assert [test.name for test in report.tests] == ["a.test.js::one"]
