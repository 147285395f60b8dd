"""A proof counts only where the check is green with what its branch has got meanwhile."""

import pytest
from support.results import ACCEPTANCE, CANNOT, command, modified, ran

from agentproxy.events.check import CheckResult
from agentproxy.evidence.check_evidence import CheckEvidence, Merge, Rules
from agentproxy.evidence.verdict import judge_check

RED, GREEN = ran(a="f", b="p"), ran(a="p", b="p")
BROKEN = ran(a="p", b="f")


def code(*merged: CheckResult, target: CheckResult | None, named: bool = True) -> str:
    base, claim = (RED, GREEN) if named else (command(1), command(0))
    merge = Merge(merged, (target,) if target else ())
    evidence = CheckEvidence(ACCEPTANCE, [base], [claim], merge=merge)
    return judge_check(evidence, Rules(changes=modified("src/a.py"))).reason_code


def test_a_test_that_fails_only_with_both_changes_withholds_the_proof() -> None:
    assert code(BROKEN, BROKEN, target=RED) == "red_once_merged"
    assert code(command(1), command(1), target=command(0), named=False) == "red_once_merged"


@pytest.mark.parametrize(
    ("merged", "target"),
    [
        ((), None),
        ((GREEN,), None),
        ((BROKEN,), RED),  # it has to fail twice
        ((BROKEN, GREEN), RED),  # flaky
        ((BROKEN, BROKEN), None),
        ((BROKEN, BROKEN), BROKEN),  # red there without the claim
        ((BROKEN, BROKEN), CANNOT),
        ((CANNOT, CANNOT), RED),
    ],
)
def test_what_is_green_flaky_or_red_without_the_claim_does_not(
    merged: tuple[CheckResult, ...], target: CheckResult | None
) -> None:
    assert code(*merged, target=target) == "fixed"


def test_a_command_that_is_red_on_the_branch_alone_tells_nothing() -> None:
    assert code(command(1), command(1), target=command(1), named=False) == "fixed"
