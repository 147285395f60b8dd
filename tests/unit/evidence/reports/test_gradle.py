"""Results by test of Gradle: as it wrote them, and by the documents of later versions."""

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

COLLECT_SCRIPT = Path(reports_package.__file__).parent / "java_collect" / "collect.sh"
FAILS = (
    '<testcase name="{0}()" classname="p.LibTest" time="0.03"><failure message="{1}: no" '
    'type="{1}">{1}: no\n\tat p.LibTest.{0}(LibTest.java:7)\n</failure></testcase>'
)
CASE = '<testcase name="{}" classname="{}" time="0.001"/>'
SKIPS = '<testcase name="skips()" classname="p.LibTest"><skipped/></testcase>'
FILE = "lib/src/test/java/p/LibTest.java"
REPORT = (
    f'<testsuites><testsuite name="{FILE}"><testsuite name="p.LibTest">'
    + FAILS.format("adds", "org.opentest4j.AssertionFailedError")
    + FAILS.format("raises", "java.lang.IllegalStateException")
    + CASE.format("doubles()", "p.LibTest")
    + SKIPS
    + "</testsuite></testsuite></testsuites>"
)
GREEN = (
    f'<testsuites><testsuite name="{FILE}"><testsuite>{CASE.format("adds()", "p.LibTest")}'
    "</testsuite></testsuite></testsuites>"
)
FAILED = "4 tests completed, 2 failed, 1 skipped\n\nBUILD FAILED in 3s\n"
DONE = "BUILD SUCCESSFUL in 3s\n4 actionable tasks: 4 executed\n"


# Gradle 4.4.1 with JUnit 4.13.2, as it was gathered; most lines of stacks are left out.
JUNIT4 = """\
<testsuites>
<testsuite name="src/test/java/p/LibTest.java">
<testsuite name="p.LibTest" tests="4" skipped="1" failures="2" errors="0" time="0.012">
  <properties/>
  <testcase name="raises" classname="p.LibTest" time="0.01">
    <failure message="java.lang.IllegalStateException: no" type="java.lang.IllegalStateException">\
java.lang.IllegalStateException: no
\tat p.LibTest.raises(LibTest.java:5)
</failure>
  </testcase>
  <testcase name="adds" classname="p.LibTest" time="0.002">
    <failure message="java.lang.AssertionError: expected:&lt;3&gt; but was:&lt;-1&gt;" \
type="java.lang.AssertionError">java.lang.AssertionError: expected:&lt;3&gt; but was:&lt;-1&gt;
\tat org.junit.Assert.fail(Assert.java:89)
\tat p.LibTest.adds(LibTest.java:4)
</failure>
  </testcase>
  <testcase name="skips" classname="p.LibTest" time="0.0">
    <skipped/>
  </testcase>
  <testcase name="doubles" classname="p.LibTest" time="0.0"/>
  <system-out><![CDATA[]]></system-out>
  <system-err><![CDATA[]]></system-err>
</testsuite>
</testsuite>
</testsuites>
"""
SAID = """\
:testClasses
:test

p.LibTest > raises FAILED
    java.lang.IllegalStateException at LibTest.java:5

p.LibTest > adds FAILED
    java.lang.AssertionError at LibTest.java:4

4 tests completed, 2 failed, 1 skipped
"""
WRONG = """\
FAILURE: Build failed with an exception.

* What went wrong:
Execution failed for task ':test'.
> There were failing tests. See the report at: file:///p/build/reports/tests/test/index.html
"""
IGNORED = (
    f"{SAID}There were failing tests. See the report at: file:///p\n\nBUILD SUCCESSFUL in 24s\n"
)


def ran(exit_code: int, output: str, xml: str, command: str = "./gradlew test") -> CheckResult:
    ended = Ended("exited", exit_code, 1.0, output, len(output), "d")
    return interpret(ended, {"gradle.xml": xml.encode()}, command=command, root="/p")


def test_gradle_names_each_test_by_its_file_and_its_class() -> None:
    result = ran(1, FAILED, REPORT)
    assert (result.by_test, result.doubt, result.runners) == (True, None, ("Gradle",))
    assert {test.name: (test.outcome, test.by_assertion) for test in result.tests} == {
        f"{FILE}::LibTest::adds()": ("failed", True),
        f"{FILE}::LibTest::raises()": ("failed", False),
        f"{FILE}::LibTest::doubles()": ("passed", False),
        f"{FILE}::LibTest::skips()": ("skipped", False),
    }
    assert result.tests[0].place == f"{FILE}:7"


@pytest.mark.parametrize(
    ("command", "exit_code", "output"),
    [
        ("gradle test", 1, f"{SAID}:test FAILED\n\n{WRONG}\nBUILD FAILED in 15s\n"),
        ("gradle -q test", 1, f"\n4 tests completed, 2 failed, 1 skipped\n\n{WRONG}"),
        ("gradle test", 0, IGNORED),  # with ignoreFailures
    ],
)
def test_what_gradle_wrote_is_read(command: str, exit_code: int, output: str) -> None:
    result = ran(exit_code, output, JUNIT4, command)
    assert (result.by_test, result.doubt, status_of(result)) == (True, None, "fails")
    file = "src/test/java/p/LibTest.java"
    assert [(test.name, test.outcome, test.by_assertion, test.place) for test in result.tests] == [
        (f"{file}::LibTest::raises", "failed", False, f"{file}:5"),
        (f"{file}::LibTest::adds", "failed", True, f"{file}:4"),
        (f"{file}::LibTest::skips", "skipped", False, ""),
        (f"{file}::LibTest::doubles", "passed", False, ""),
    ]


@pytest.mark.parametrize(
    ("command", "exit_code", "output", "xml", "doubt"),
    [
        ("gradle test", 0, DONE, GREEN, None),
        ("gradle -q test", 0, "", GREEN, None),
        ("gradle test", 0, "", GREEN, "no_totals"),
        (
            "gradle test",
            1,
            "1 test completed, 1 failed\nBUILD FAILED in 1s\n",
            GREEN,
            "hides_failures",
        ),
        ("gradle test", 1, "BUILD FAILED in 1s\n", REPORT, "other_totals"),
        ("gradle test", 0, f"> There were failing tests. See the report\n{DONE}", REPORT, None),
        (
            "gradle test",
            1,
            "9 tests completed, 2 failed\nBUILD FAILED in 1s\n",
            REPORT,
            "other_totals",
        ),
    ],
)
def test_a_report_counts_where_gradle_says_the_same(
    command: str, exit_code: int, output: str, xml: str, doubt: ReportDoubt | None
) -> None:
    result = ran(exit_code, output, xml, command)
    assert result.doubt == doubt
    if exit_code:
        assert status_of(result) == "fails"


def test_only_what_this_run_wrote_is_gathered(tmp_path: Path) -> None:
    project, reports = tmp_path / "project", tmp_path / "reports"
    old, new, nested = (
        project / f"{place}/test-results/{task}/TEST-p.{name}Test.xml"
        for place, task, name in (
            ("build", "test", "Old"),
            ("a/build", "slowTest", "New"),
            ("build/it/b/build", "test", "Nested"),
        )
    )
    source = project / "a/src/slowTest/kotlin/p/NewTest.kt"
    for path in (old, new, nested, source, project / "build.gradle.kts", reports / "started"):
        path.parent.mkdir(parents=True, exist_ok=True)
        case = CASE.format("a()", f"p.{path.stem.removeprefix('TEST-p.')}")
        path.write_text(f'<?xml version="1.0" encoding="UTF-8"?>\n<testsuite>{case}</testsuite>\n')
    os.utime(reports / "started", (1, 1))
    os.utime(old, (0, 0))
    subprocess.run(["sh", COLLECT_SCRIPT, reports], cwd=project, check=True, timeout=20)
    result = ran(0, DONE, (reports / "gradle.xml").read_text())
    assert [test.name for test in result.tests] == [
        "a/src/slowTest/kotlin/p/NewTest.kt::NewTest::a()"
    ]
    assert not (reports / "surefire.xml").exists()


@pytest.mark.parametrize(
    ("command", "asks"), [("gradle test", True), ("./gradlew -q check", True), ("npm test", False)]
)
def test_reports_are_gathered_where_the_command_may_run_gradle(command: str, *, asks: bool) -> None:
    assert (COLLECT in instrument(command, {}).env) == asks
