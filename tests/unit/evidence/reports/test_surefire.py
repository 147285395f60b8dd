"""Results by test of Maven's Surefire. Reports and outputs are recorded, of 3.2.5."""

import os
import subprocess
from pathlib import Path

import pytest

from agentproxy.events.check import CheckResult, ReportDoubt
from agentproxy.evidence import reports as reports_package
from agentproxy.evidence.attempts import status_of
from agentproxy.evidence.instrumentation import instrument, interpret
from agentproxy.evidence.reports.runners import COLLECT
from agentproxy.workspace.sandbox.port import Ended
from tests.support.results import ACCEPTANCE, judge

COLLECT_SCRIPT = Path(reports_package.__file__).parent / "java_collect" / "collect.sh"
ADDS = (
    '<testcase name="adds" classname="p.LibTest" time="0.036"><failure message="expected: '
    '&lt;5&gt; but was: &lt;-1&gt;" type="org.opentest4j.AssertionFailedError">'
    "<![CDATA[org.opentest4j.AssertionFailedError: expected: <5> but was: <-1>\n"
    "\tat org.junit.jupiter.api.AssertionUtils.fail(AssertionUtils.java:55)\n"
    "\tat p.LibTest.adds(LibTest.java:7)\n]]></failure></testcase>"
)
RAISES = (
    '<testcase name="raises" classname="p.LibTest" time="0.1">'
    '<error message="boom" type="java.lang.IllegalStateException"/></testcase>'
)
CASE = '<testcase name="{}" classname="{}" time="0.001"/>'
SKIPS = '<testcase name="skips" classname="p.LibTest"><skipped message="why"/></testcase>'
# A class whose @BeforeAll fails has no tests.
HOOK = '<testcase name="" classname="p.HookTest"><error message="no start" type="X"/></testcase>'


def gathered(*suites: tuple[str, str]) -> str:
    files = (f'<testsuite name="{file}"><testsuite>{cases}</testsuite></testsuite>\n'
             for file, cases in suites)  # fmt: skip
    return f"<testsuites>\n{''.join(files)}</testsuites>\n"


def ran(exit_code: int, output: str, xml: str, command: str = "mvn test") -> CheckResult:
    ended = Ended("exited", exit_code, 1.0, output, len(output.encode()), "d")
    return interpret(ended, {"surefire.xml": xml.encode()}, command=command, root="/p")


def said(ran: int, failures: int = 0, errors: int = 0, skipped: int = 0) -> str:
    counts = f"Tests run: {ran}, Failures: {failures}, Errors: {errors}, Skipped: {skipped}"
    level = "ERROR" if failures + errors else "WARNING" if skipped else "INFO"
    line = f"[{level}] {counts}"
    return f"{line}, Time elapsed: 0.3 s -- in p.LibTest\n[INFO] Results:\n[INFO] \n{line}\n"


FILE = "src/test/java/p/LibTest.java"
REPORT = gathered(
    (
        FILE,
        ADDS
        + RAISES
        + SKIPS
        + CASE.format("many(int)[1]", "p.LibTest")
        + CASE.format("again", "p.LibTest") * 2
        + CASE.format("inner", "p.LibTest$In"),
    ),
    ("src/test/java/p/HookTest.java", HOOK),
    # the tests of another class in a suite, and a class without a file of its own
    ("more/src/test/java/p/AllTest.java", CASE.format("a", "p.OneTest")),
    ("", CASE.format("b", "p.KotlinTest")),
)
ONE = gathered((FILE, CASE.format("adds", "p.LibTest")))


def test_surefire_names_each_test_by_its_file_and_its_class() -> None:
    result = ran(1, said(8, 1, 2, 1) + said(2), REPORT)
    assert (result.by_test, result.doubt, result.runners) == (True, None, ("Surefire",))
    assert {test.name: (test.outcome, test.by_assertion) for test in result.tests} == {
        f"{FILE}::LibTest::adds": ("failed", True),
        f"{FILE}::LibTest::raises": ("failed", False),
        f"{FILE}::LibTest::skips": ("skipped", False),
        f"{FILE}::LibTest::many(int)[1]": ("passed", False),
        f"{FILE}::LibTest::again": ("passed", False),
        f"{FILE}::LibTest::again #2": ("passed", False),
        f"{FILE}::LibTest::In::inner": ("passed", False),
        "src/test/java/p/HookTest.java": ("failed", False),
        "p.OneTest > a": ("passed", False),
        "p.KotlinTest > b": ("passed", False),
    }
    adds = next(test for test in result.tests if test.name.endswith("adds"))
    assert (adds.message, adds.place) == ("expected: <5> but was: <-1>", f"{FILE}:7")


@pytest.mark.parametrize(
    ("command", "output", "doubt"),
    [
        ("mvn test", said(1), None),
        ("mvn test", said(2), "other_totals"),
        ("mvn test", said(1) * 2, "other_totals"),
        ("mvn test", said(1, failures=1), "hides_failures"),
        ("mvn test", "BUILD SUCCESS\n", "no_totals"),
        ("mvn -q test", "", None),
        ("mvn -q test", said(1, failures=1), "hides_failures"),
    ],
)
def test_a_report_counts_where_maven_says_the_same(
    command: str, output: str, doubt: ReportDoubt | None
) -> None:
    result = ran(0, output, ONE, command)
    assert (result.doubt, status_of(result)) == (
        doubt,
        "fails" if doubt == "hides_failures" else "passes",
    )


@pytest.mark.parametrize(
    ("output", "doubt"),
    [
        (said(1, failures=1), None),  # the other module has nothing to say
        (said(2, failures=2), "hides_failures"),
        (said(3, failures=1), "other_totals"),
        (said(1), "other_totals"),
        ("", None),
    ],
)
def test_of_several_modules_maven_names_with_q_those_that_fail(
    output: str, doubt: ReportDoubt | None
) -> None:
    both = gathered(
        (FILE, ADDS), ("b/src/test/java/p/OtherTest.java", CASE.format("a", "p.OtherTest"))
    )
    result = ran(1, output, both, "mvn -q test")
    assert (result.doubt, result.by_test) == (doubt, doubt is None)


def test_a_report_that_cannot_be_read_is_no_early_end() -> None:
    red = gathered((FILE, ADDS))
    base = ran(1, said(1, failures=1), red)
    unreadable = ran(0, said(1), red[:-20])
    assert judge(ACCEPTANCE, [base], [unreadable]).reason_code != "cannot_run_at_claim"
    nothing = unreadable.model_copy(update={"doubt": None})
    assert judge(ACCEPTANCE, [base], [nothing]).reason_code == "cannot_run_at_claim"


def test_only_what_this_run_wrote_is_gathered(tmp_path: Path) -> None:
    project, reports = tmp_path / "project", tmp_path / "reports"
    old, new, nested = (
        project / f"{place}/surefire-reports/TEST-p.{name}Test.xml"
        for place, name in (
            ("target", "Old"),
            ("a/target", "New"),
            ("target/it/b/target", "Nested"),
        )
    )
    source = project / "a/src/test/java/p/NewTest.java"
    for path in (old, new, nested, source, project / "pom.xml", reports / "started"):
        path.parent.mkdir(parents=True, exist_ok=True)
        case = CASE.format("a", f"p.{path.stem.removeprefix('TEST-p.')}")
        path.write_text(f'<?xml version="1.0" encoding="UTF-8"?>\n<testsuite>{case}</testsuite>\n')
    os.utime(reports / "started", (1, 1))
    os.utime(old, (0, 0))
    subprocess.run(["sh", COLLECT_SCRIPT, reports], cwd=project, check=True, timeout=20)
    result = ran(0, said(1), (reports / "surefire.xml").read_text())
    assert [test.name for test in result.tests] == ["a/src/test/java/p/NewTest.java::NewTest::a"]


@pytest.mark.parametrize(
    ("command", "asks"),
    [("mvn -q test", True), ("./mvnw verify", True), ("make test", True), ("npm test", False)],
)
def test_reports_are_gathered_where_the_command_may_run_maven(command: str, *, asks: bool) -> None:
    assert (COLLECT in instrument(command, {}).env) == asks
