"""A proof counts only where its tests pass at another date as well."""

from pathlib import Path

import pytest
from support.results import ACCEPTANCE, DISCOVERED, command, modified, ran

from agentproxy.events.check import CheckResult, claim_tree, later_tree
from agentproxy.events.contract import Check
from agentproxy.events.verdict import CheckVerdict
from agentproxy.evidence.check_evidence import CheckEvidence, Rules
from agentproxy.evidence.other_date import as_run_on, find_clock_library, mentions_clock
from agentproxy.evidence.verdict import judge_check

RED, GREEN = ran(a="f", b="p"), ran(a="p", b="p")


def judged(*later: CheckResult, check: Check = ACCEPTANCE, base: CheckResult = RED) -> CheckVerdict:
    evidence = CheckEvidence(check, [base], [GREEN], later=later)
    acceptance = check is ACCEPTANCE
    return judge_check(
        evidence, Rules(changes=modified("src/a.py"), has_acceptance_check=acceptance)
    )


def test_a_mended_test_that_fails_at_another_date_withholds_the_proof() -> None:
    found = judged(RED, RED)
    assert (found.finding, found.reason_code) == ("unverified", "holds_only_now")
    assert "400 days later, where the old tests pass, 1 test that proves it fails" in found.reason
    found = judged(RED, RED, check=DISCOVERED)
    assert (found.finding, found.reason_code) == ("kept", "holds_only_now")


@pytest.mark.parametrize(
    "later",
    [
        (),
        (GREEN,),
        (RED,),  # it has to fail twice
        (RED, GREEN),  # flaky
        (ran(a="f", b="f"), ran(a="f", b="f")),  # an old test fails there too
        (command(1), command(1)),
    ],
)
def test_what_passes_flickers_or_fails_with_the_old_tests_does_not(
    later: tuple[CheckResult, ...],
) -> None:
    assert judged(*later).finding == "proven"


def test_without_an_old_test_nothing_shows_that_the_rest_holds_there() -> None:
    assert judged(ran(a="f", b="f"), ran(a="f", b="f"), base=ran(a="f", b="f")).finding == "proven"


@pytest.mark.parametrize(
    ("line", "mentions"),
    [
        ("stamp = datetime.now(tz=UTC)", True),
        ("return date.today().isoformat()", True),
        ("at = utcfromtimestamp(seconds)", True),
        ("const at = new Date();", True),
        ("if (Date.now() > end) {", True),
        ("assert title() == 'Report of 2026-11-29'", True),
        ("# now the rows are read", False),
        ("BUFFER = 2048", False),
        ("update(known)", False),
    ],
)
def test_only_what_mentions_the_clock_runs_again(line: str, mentions: bool) -> None:
    assert mentions_clock([line]) is mentions


def test_only_the_run_at_another_date_has_another_clock(tmp_path: Path) -> None:
    library = tmp_path / "lib" / "x86_64-linux-gnu" / "faketime" / "libfaketimeMT.so.1"
    assert find_clock_library(tmp_path) == ""
    library.parent.mkdir(parents=True)
    library.touch()
    assert find_clock_library(tmp_path) == str(library)
    check = ACCEPTANCE.model_copy(update={"env": {"A": "1"}})
    assert as_run_on(claim_tree(1), check, str(library)) == check
    later = as_run_on(later_tree(1), check, str(library)).env
    assert (later["A"], later["LD_PRELOAD"], later["FAKETIME"]) == ("1", str(library), "+9605h")
