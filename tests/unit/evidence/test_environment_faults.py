"""What a claim installs proves nothing by itself, whoever speaks for it."""

import pytest
from support.results import CANNOT, NAMED, STANDING, ran

from agentproxy.events.check import CheckResult, claim_tree
from agentproxy.events.contract import Check, Contract, Criterion
from agentproxy.events.git_facts import EnvironmentBuilt
from agentproxy.events.plan import OpinionGiven
from agentproxy.events.verdict import Verdict
from agentproxy.evidence.environment_faults import EnvironmentChanges, downgrade_for_environment
from agentproxy.evidence.run_verdict import with_opinion
from agentproxy.evidence.verdict import judge, judge_run

MET = OpinionGiven(round=1, criterion="task", says="met", quote="return a + b", where="Line 3")
STRANGE = EnvironmentBuilt(
    on=claim_tree(1), strange=("./tools/pytest-9.whl",), folders={"/v": "/k"}
)
PLAIN = EnvironmentBuilt(on=claim_tree(1), folders={"/v": "/k"})


def verdict_of(
    check: Check, base: CheckResult, claim: CheckResult, *, built: EnvironmentBuilt
) -> tuple[Verdict, str]:
    """The verdict on a run with one check, where the judge says that the task is done."""
    checks = (check.name,) if check.role == "acceptance" else ()
    task = Criterion(id="task", text="fix it", checks=checks)
    contract = Contract(task="fix it", criteria=(task,), checks=(check,))
    weighed = downgrade_for_environment(
        judge(check, base=[base], claim=[claim]),
        base=[base],
        claim=[claim],
        around=EnvironmentChanges(built=(built,)),
    )
    opinions = {"task": MET}
    verdicts = {check.name: with_opinion(weighed, contract, opinions)}
    verdict, reason, _ = judge_run(contract, verdicts, tree_equals_base=False, opinions=opinions)
    return verdict, reason


@pytest.mark.parametrize(
    ("check", "base"),
    [
        (NAMED, ran(a="f")),
        (NAMED, ran(a="p")),
        (NAMED, CANNOT),
        (STANDING, ran(a="p")),
        (STANDING, ran(a="f")),
    ],
    ids=["fixed", "green before", "runs only now", "kept", "kept and fixed"],
)
def test_a_judge_does_not_speak_for_the_tool_that_a_claim_installs(
    check: Check, base: CheckResult
) -> None:
    verdict, reason = verdict_of(check, base, ran(a="p"), built=STRANGE)
    assert verdict == "unverified"
    assert "./tools/pytest-9.whl" in reason
    assert verdict_of(check, base, ran(a="p"), built=PLAIN)[0] == "verified"


def test_what_a_claim_installs_does_not_save_it_from_being_refuted() -> None:
    assert verdict_of(NAMED, ran(a="p"), ran(a="f"), built=STRANGE)[0] == "refuted"
