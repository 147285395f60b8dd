"""The verdict on a run, from those of its checks."""

import pytest

from agentproxy.events.contract import Check, Contract, Criterion, Role
from agentproxy.events.plan import OpinionGiven
from agentproxy.events.trials import Doubt
from agentproxy.events.verdict import CheckVerdict, Finding, ReasonCode, Verdict
from agentproxy.evidence.verdict import judge_run


def contract(*roles: Role, criteria: tuple[Criterion, ...] | None = None) -> Contract:
    """Checks named a, b, c by their order; by default one criterion lists the named ones."""
    checks = tuple(
        Check(name="abc"[n], command="true", role=role, source="test")
        for n, role in enumerate(roles)
    )
    named = tuple(check.name for check in checks if check.role == "acceptance")
    default = (Criterion(id="task", text="the task is done", checks=named),)
    return Contract(
        task="fix it", criteria=default if criteria is None else criteria, checks=checks
    )


CODES: dict[Finding, ReasonCode] = {
    "proven": "fixed",
    "kept": "passes_as_before",
    "neutral": "still_failing",
    "refuted": "newly_failing",
    "unverified": "flaky",
}


def verdicts(**findings: Finding) -> list[CheckVerdict]:
    return [
        CheckVerdict(check=name, finding=each, reason_code=CODES[each], reason=f"because of {name}")
        for name, each in findings.items()
    ]


@pytest.mark.parametrize(
    ("a", "b", "expected"),
    [
        ("proven", "kept", "verified"),
        ("proven", "neutral", "verified"),
        ("proven", "refuted", "refuted"),
        ("proven", "unverified", "unverified"),
        ("unverified", "kept", "unverified"),
        ("unverified", "refuted", "refuted"),
        ("refuted", "kept", "refuted"),
    ],
)
def test_a_run_is_as_good_as_its_worst_check_that_counts(
    a: Finding, b: Finding, expected: Verdict
) -> None:
    agreed = contract("acceptance", "discovered")
    run = judge_run(agreed, verdicts(a=a, b=b), tree_equals_base=False)
    assert run.verdict == expected
    assert run.reason


MET = OpinionGiven(round=1, criterion="task", says="met", quote="return a + b", where="The change")
DOUBT = Doubt(kind="destroys", path="b.py", text="it deletes b.py")


@pytest.mark.parametrize(
    ("criteria", "code"),
    [
        (None, "green_before"),
        ((Criterion(id="task", text="it is done", checks=()),), "passes_as_before"),
    ],
    ids=["a check that was green before", "no check at all"],
)
@pytest.mark.parametrize("doubts", [(), (DOUBT,)])
def test_a_doubt_outweighs_what_a_judge_cites(
    criteria: tuple[Criterion, ...] | None, code: ReasonCode, doubts: tuple[Doubt, ...]
) -> None:
    agreed = contract("discovered" if criteria else "acceptance", criteria=criteria)
    finding: Finding = "kept" if criteria else "unverified"
    said = CheckVerdict(check="a", finding=finding, reason_code=code, reason="nothing is proven")
    run = judge_run(agreed, [said], tree_equals_base=False, opinions={"task": MET}, doubts=doubts)
    assert run.verdict == ("unverified" if doubts else "verified")
    assert ("it deletes b.py" in run.reason) == bool(doubts)


def test_a_claim_that_changes_nothing_is_never_verified() -> None:
    agreed = contract("acceptance")
    assert judge_run(agreed, verdicts(a="proven"), tree_equals_base=True).verdict == "unverified"
    assert judge_run(agreed, verdicts(a="refuted"), tree_equals_base=True).verdict == "refuted"


def test_keeping_alone_does_not_prove_the_task() -> None:
    run = judge_run(
        contract("regression", "discovered"), verdicts(a="kept", b="kept"), tree_equals_base=False
    )
    assert run.verdict == "unverified"
    assert "nothing was proven" in run.reason


@pytest.mark.parametrize(
    ("findings", "words"),
    [
        ({}, "no check was named, and none was found"),
        ({"a": "neutral"}, "a: because of a"),
        ({"a": "neutral", "b": "kept"}, "checks that still pass"),
    ],
)
def test_nothing_proven_says_why(findings: dict[str, Finding], words: str) -> None:
    roles: list[Role] = ["discovered"] * len(findings)
    agreed = contract(*roles)
    run = judge_run(agreed, verdicts(**findings), tree_equals_base=False)
    assert run.verdict == "unverified"
    assert run.reason.startswith("nothing was proven")
    assert words in run.reason


def test_a_check_that_passes_now_by_its_exit_code_is_named_where_nothing_was_proven() -> None:
    kept = verdicts(a="kept", b="kept")
    fixed = [kept[0], kept[1].model_copy(update={"reason_code": "fixed"})]
    run = judge_run(contract("discovered", "discovered"), fixed, tree_equals_base=False)
    assert run.reason == "nothing was proven; b: because of b"


def test_a_check_in_no_criterion_gets_one_of_its_own() -> None:
    run = judge_run(
        contract("acceptance", "discovered"),
        verdicts(a="proven", b="refuted"),
        tree_equals_base=False,
    )
    assert [(each.criterion, each.verdict) for each in run.criteria] == [
        ("task", "verified"),
        ("b", "refuted"),
    ]
    assert "because of b" in run.reason


def test_without_an_acceptance_check_a_discovered_proof_speaks_for_the_task() -> None:
    agreed = contract("discovered", "discovered")
    run = judge_run(agreed, verdicts(a="proven", b="kept"), tree_equals_base=False)
    assert run.verdict == "verified"
    assert run.criteria[0].criterion == "task"
    assert run.criteria[0].verdict == "verified"


def test_a_discovered_proof_does_not_speak_for_a_criterion_of_the_plan() -> None:
    plan = (Criterion(id="one", text="it is fast"), Criterion(id="two", text="it is pretty"))
    run = judge_run(
        contract("discovered", criteria=plan), verdicts(a="proven"), tree_equals_base=False
    )
    assert run.verdict == "unverified"
    assert "one, two" in run.reason
    assert [each.verdict for each in run.criteria] == ["unverified", "unverified", "verified"]


def test_a_named_check_leaves_a_criterion_without_checks_open() -> None:
    plan = (Criterion(id="one", text="works", checks=("a",)), Criterion(id="two", text="pretty"))
    run = judge_run(
        contract("acceptance", criteria=plan), verdicts(a="proven"), tree_equals_base=False
    )
    assert run.verdict == "unverified"


def test_a_check_that_was_not_run_is_unverified_and_never_green() -> None:
    run = judge_run(
        contract("acceptance", "discovered"), verdicts(a="proven"), tree_equals_base=False
    )
    assert run.verdict == "unverified"
    assert "not run" in run.reason
    assert run.criteria[-1].verdict == "unverified"


def test_a_criterion_of_neutral_checks_alone_does_not_withhold_the_run() -> None:
    plan = (
        Criterion(id="one", text="works", checks=("a",)),
        Criterion(id="two", text="stays clean", checks=("b",)),
    )
    run = judge_run(
        contract("acceptance", "discovered", criteria=plan),
        verdicts(a="proven", b="neutral"),
        tree_equals_base=False,
    )
    assert run.verdict == "verified"
    assert run.criteria[1].verdict == "unverified"


def test_a_run_without_any_check_is_unverified() -> None:
    run = judge_run(contract(), [], tree_equals_base=False)
    assert run.verdict == "unverified"
    assert [each.verdict for each in run.criteria] == ["unverified"]
