"""Results by test of `dotnet test`. The tool is not here: all words are of its documents."""

import pytest

from agentproxy.events.check import CheckResult, ReportDoubt
from agentproxy.evidence.instrumentation import instrument, interpret
from agentproxy.evidence.reports.dotnet_results import read_dotnet
from agentproxy.evidence.reports.report import ReportUnusable
from agentproxy.evidence.reports.runners import REPORT_FOLDER
from agentproxy.workspace.sandbox.port import Ended

DEFINITION = """
<UnitTest name="x" storage="/p/tests/bin/debug/{framework}/my.tests.dll" id="{id}">
  <Execution id="e" />
  <TestMethod codeBase="/p/tests/bin/Debug/net8.0/My.Tests.dll" className="{group}" name="x" />
</UnitTest>"""
RESULT = '<UnitTestResult executionId="e" testId="{}" testName="{}" outcome="{}"/>'
FAILED = """
<UnitTestResult testId="{}" testName="{}" outcome="Failed"><Output><StdOut>Expected 1</StdOut>
<ErrorInfo><Message>{}</Message><StackTrace>   at Xunit.Assert.Equal() in /_/src/Assert.cs:line 9
   at My.LibTests.Adds() in /p/tests/LibTests.cs:line 21
   at System.Run()</StackTrace></ErrorInfo></Output></UnitTestResult>"""
WORDS = (
    "Failed!  - Failed:     {}, Passed:     {}, Skipped:     {}, Total:     {}, Duration: 9 ms - "
)


def trx(*results: str, total: int | None = None, framework: str = "net8.0") -> bytes:
    definitions = "".join(
        DEFINITION.format(id=name, group=group, framework=framework)
        for name, group in (("t1", "My.LibTests"), ("t2", "My.OtherTests"))
    )
    count = len(results) if total is None else total
    return (
        '\ufeff<?xml version="1.0" encoding="utf-8"?><TestRun id="a" '
        'xmlns="http://microsoft.com/schemas/VisualStudio/TeamTest/2010"><Results>'
        + "".join(results)
        + f"</Results><TestDefinitions>{definitions}</TestDefinitions>"
        f'<ResultSummary outcome="Completed"><Counters total="{count}" /></ResultSummary></TestRun>'
    ).encode()


RED = trx(
    FAILED.format("t1", "My.LibTests.Adds", "Assert.Equal() Failure: Differ&#xD;\nExpected: 3"),
    FAILED.format("t1", "My.LibTests.Raises", "System.InvalidOperationException : Expected more"),
    RESULT.format("t1", "My.LibTests.Doubles(n: 2)", "Passed"),
    RESULT.format("t2", "Adds", "Passed"),
    RESULT.format("t2", "Skips", "NotExecuted"),
)  # fmt: skip


def ran(output: str, *reports: bytes, exit_code: int = 1) -> CheckResult:
    ended = Ended("exited", exit_code, 1.0, output, len(output), "d")
    named = {f"root_box_2026-11-30_08_50_0{n}.trx": xml for n, xml in enumerate(reports)}
    return interpret(ended, named, command="dotnet test", root="/p")


def test_dotnet_names_each_test_by_its_assembly_and_its_class() -> None:
    result = ran(WORDS.format(2, 2, 1, 5), RED)
    assert (result.by_test, result.doubt, result.runners) == (True, None, ("dotnet test",))
    assert {test.name: (test.outcome, test.by_assertion) for test in result.tests} == {
        "net8.0/my.tests.dll > My.LibTests > Adds": ("failed", True),
        "net8.0/my.tests.dll > My.LibTests > Raises": ("failed", False),
        "net8.0/my.tests.dll > My.LibTests > Doubles(n: 2)": ("passed", False),
        "net8.0/my.tests.dll > My.OtherTests > Adds": ("passed", False),
        "net8.0/my.tests.dll > My.OtherTests > Skips": ("skipped", False),
    }
    (added,) = (test for test in result.tests if test.name.endswith("LibTests > Adds"))
    assert added.place == "tests/LibTests.cs:21"
    assert added.message == "Assert.Equal() Failure: Differ\nExpected: 3"


GREEN = trx(RESULT.format("t1", "Adds", "Passed"))
NEWER = trx(RESULT.format("t1", "Adds", "Passed"), framework="net9.0")
ONE = WORDS.format(0, 1, 0, 1).replace("Failed!", "Passed!")


@pytest.mark.parametrize(
    ("output", "reports", "doubt"),
    [
        (ONE, (GREEN,), None),
        (f"{ONE}\n{ONE}", (GREEN, NEWER), None),
        ("Total tests: 1\n     Passed: 1\n", (GREEN,), None),
        # A project whose report is missing, or that wrote two.
        (f"{ONE}\n{ONE}", (GREEN,), "other_totals"),
        (ONE, (GREEN, NEWER), "other_totals"),
        ("Total tests: 2\n", (GREEN,), "other_totals"),
        (WORDS.format(1, 0, 0, 1), (GREEN,), "hides_failures"),
        ("", (GREEN,), "no_totals"),
        (ONE, (GREEN.replace(b"<Counters", b"<None"),), "unreadable"),
    ],
)
def test_reports_count_where_they_agree_with_the_words_of_the_run(
    output: str, reports: tuple[bytes, ...], doubt: ReportDoubt | None
) -> None:
    assert ran(output, *reports, exit_code=0).doubt == doubt


def test_the_rows_of_a_test_with_data_are_tests() -> None:
    rows = "".join(RESULT.format("t1", f"Adds ({n})", "Passed") for n in range(2))
    whole = RESULT.format("t1", "Adds", "Passed")[:-2] + f"><InnerResults>{rows}</InnerResults>"
    report = read_dotnet(trx(f"{whole}</UnitTestResult>"), "/p")
    assert [test.name.rpartition(" > ")[2] for test in report.tests] == ["Adds (0)", "Adds (1)"]


def test_what_is_no_outcome_of_a_test_has_failed() -> None:
    report = read_dotnet(trx(*(RESULT.format("t1", n, n) for n in ("Timeout", "Aborted", ""))), "")
    assert {test.outcome for test in report.tests} == {"failed"}


@pytest.mark.parametrize(
    "xml",
    [
        b'<!DOCTYPE a [<!ENTITY b "c">]><TestRun>&b;</TestRun>',
        b"<TestRun>" + b"<a>" * 200,
        b"<TestRun>",
        b"<TestRun/>",
    ],
)
def test_a_hostile_report_is_refused(xml: bytes) -> None:
    with pytest.raises(ReportUnusable):
        read_dotnet(xml, "/p")


@pytest.mark.parametrize(
    ("command", "asked"),
    [
        ("dotnet test", True),
        ("cd src && dotnet test --no-build My.sln", True),
        ("make test", True),
        ("dotnet test --logger trx", False),
        ("dotnet test -l:console", False),
        ("dotnet test -r out", False),
        ("dotnet run", False),
    ],
)
def test_dotnet_is_asked_where_nobody_names_another_logger(command: str, *, asked: bool) -> None:
    env = instrument(command, {}).env
    assert (env.get("VSTestResultsDirectory") == REPORT_FOLDER) is asked
