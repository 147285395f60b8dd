"""What a claim installs proves nothing by itself, whatever the judge says."""

import pytest
from support.results import ACCEPTANCE, CANNOT, DISCOVERED, judge, ran

from agentproxy.events.check import CheckResult, claim_tree
from agentproxy.events.contract import Check, Contract, Criterion
from agentproxy.events.git_facts import EnvironmentBuilt
from agentproxy.events.plan import OpinionGiven
from agentproxy.events.verdict import Verdict
from agentproxy.evidence.check_evidence import Rules
from agentproxy.evidence.verdict import judge_run

MET = OpinionGiven(round=1, criterion="task", says="met", quote="return a + b", where="line 3")
STRANGE = EnvironmentBuilt(
    on=claim_tree(1), strange=("./tools/pytest-9.whl",), folders={"/v": "/k"}
)
PLAIN = EnvironmentBuilt(on=claim_tree(1), folders={"/v": "/k"})


def judged_run(
    check: Check, base: CheckResult, claim: CheckResult, *, built: EnvironmentBuilt
) -> tuple[Verdict, str]:
    """The verdict on a run with one check, where the judge says that the task is done."""
    checks = (check.name,) if check.role == "acceptance" else ()
    task = Criterion(id="task", text="fix it", checks=checks)
    contract = Contract(task="fix it", criteria=(task,), checks=(check,))
    verdict = judge(check, [base], [claim], rules=Rules(built=(built,)))
    run = judge_run(contract, [verdict], tree_equals_base=False, opinions={"task": MET})
    return run.verdict, run.reason


@pytest.mark.parametrize(
    ("check", "base"),
    [
        (ACCEPTANCE, ran(a="f")),
        (ACCEPTANCE, ran(a="p")),
        (ACCEPTANCE, CANNOT),
        (DISCOVERED, ran(a="p")),
        (DISCOVERED, ran(a="f")),
    ],
    ids=["fixed", "green before", "runs only now", "kept", "kept and fixed"],
)
def test_a_judge_does_not_speak_for_the_tool_that_a_claim_installs(
    check: Check, base: CheckResult
) -> None:
    verdict, reason = judged_run(check, base, ran(a="p"), built=STRANGE)
    assert verdict == "unverified"
    assert "./tools/pytest-9.whl" in reason
    assert judged_run(check, base, ran(a="p"), built=PLAIN)[0] == "verified"


def test_what_a_claim_installs_does_not_save_it_from_being_refuted() -> None:
    assert judged_run(ACCEPTANCE, ran(a="p"), ran(a="f"), built=STRANGE)[0] == "refuted"
