"""Results by test of Perl's prove. Reports and outputs are recorded, of Test::Harness 3.44."""

import pytest

from agentproxy.events.check import CheckResult, ReportDoubt
from agentproxy.evidence.attempts import status_of
from agentproxy.evidence.instrumentation import instrument, interpret
from agentproxy.workspace.sandbox.port import Ended

REPORT = """\
{"files":["t/die.t","t/lib.t"],"kind":"start"}
{"failures":[],"file":"t/die.t","kind":"test","path":["before"],"state":"passed"}
{"failures":[{"message":"No plan found\\u000ait exited with 255"}],"file":"t/die.t","kind":"file"}
{"failures":[{"message":"not ok 1 - adds","name":"AssertionError"}],"file":"t/lib.t","kind":"test",\
"path":["adds"],"state":"failed"}
{"failures":[],"file":"t/lib.t","kind":"test","path":["test"],"state":"passed"}
{"failures":[],"file":"t/lib.t","kind":"test","path":["test"],"state":"skipped"}
{"failures":[],"file":"t/lib.t","kind":"test","path":["todo one"],"state":"expected"}
{"failures":[],"file":"t/lib.t","kind":"file"}
{"failed":0,"kind":"end","passed":5}
"""
SAID = "Files=2, Tests={},  0 wallclock secs ( 0.02 usr  0.00 sys =  0.02 CPU)\nResult: {}\n"
ONE = """\
{"files":["t/lib.t"],"kind":"start"}
{"failures":[],"file":"t/lib.t","kind":"test","path":["adds"],"state":"passed"}
{"failures":[],"file":"t/lib.t","kind":"file"}
{"failed":0,"kind":"end","passed":1}
"""
NONE = """\
{"files":["t/lib.t"],"kind":"start"}
{"failures":[],"file":"t/lib.t","kind":"file"}
{"failed":0,"kind":"end","passed":0}
"""


def ran(exit_code: int, output: str, *reports: str) -> CheckResult:
    ended = Ended("exited", exit_code, 1.0, output, len(output.encode()), "d")
    found = {f"prove-{number}.jsonl": text.encode() for number, text in enumerate(reports)}
    return interpret(ended, found, command="prove", root="/p")


def test_prove_names_each_test_by_its_script() -> None:
    result = ran(1, SAID.format(5, "FAIL"), REPORT)
    assert (result.by_test, result.doubt, result.runners) == (True, None, ("prove",))
    assert {test.name: (test.outcome, test.by_assertion) for test in result.tests} == {
        "t/die.t::before": ("passed", False),
        "t/lib.t::adds": ("failed", True),
        # a number would change with each test above it
        "t/lib.t::test": ("passed", False),
        "t/lib.t::test #2": ("skipped", False),
        "t/lib.t::todo one": ("xfailed", False),
        "t/die.t": ("failed", False),
    }


@pytest.mark.parametrize(
    ("output", "reports", "doubt", "status"),
    [
        (SAID.format(1, "PASS"), [ONE], None, "passes"),
        (SAID.format(1, "PASS") * 2, [ONE, ONE], None, "passes"),
        (SAID.format(1, "PASS") * 2, [ONE], "several_runs", "passes"),
        (SAID.format(2, "PASS"), [ONE], "other_totals", "passes"),
        (SAID.format(1, "PASS"), [ONE.replace('"t/lib.t"]', '"t/a.t","t/lib.t"]')],
         "missing_files", "passes"),
        ("", [ONE.partition('{"failed":0')[0]], "ended_early", "cannot_run"),
        (SAID.format(0, "NOTESTS"), [NONE], None, "cannot_run"),
        (SAID.format(0, "NOTESTS"), [], None, "cannot_run"),
    ],
)  # fmt: skip
def test_a_report_of_prove_counts_where_its_words_say_the_same(
    output: str, reports: list[str], doubt: ReportDoubt | None, status: str
) -> None:
    result = ran(0, output, *reports)
    assert (result.doubt, status_of(result)) == (doubt, status)


@pytest.mark.parametrize(
    ("command", "asks"),
    [("prove -l t", True), ("make test", True), ("/usr/bin/prove", True), ("improve", False)],
)
def test_only_what_may_run_prove_has_our_file_in_each_process_of_perl(
    command: str, *, asks: bool
) -> None:
    options = instrument(command, {"PERL5OPT": "-w"}).env.get("PERL5OPT", "")
    assert options.startswith("-w -I/run/agentproxy/perl_start ") == asks
