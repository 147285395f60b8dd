"""What a person reads under a run that ended unverified: one step that helps."""

from typing import get_args

import pytest
from support.results import modified

from agentproxy.app.next_step import STEPS, find_next_step
from agentproxy.events.check import BASE
from agentproxy.events.contract import Check, Contract, Criterion
from agentproxy.events.envelope import RunId
from agentproxy.events.git_facts import BaseRecorded, ClaimRecorded, EnvironmentBuilt
from agentproxy.events.run import Order, RunEnded
from agentproxy.events.verdict import CheckVerdict, Finding, ReasonCode, RoundJudged, Verdict
from agentproxy.supervisor.state import State

RUN = RunId("abcd2345")
NEVER_UNVERIFIED = {"fixed", "judge_cites", "falsified", "mutants_noticed", "done_as_asked"}


def ended(
    code: ReasonCode, finding: Finding = "unverified", *, verdict: Verdict = "unverified"
) -> State:
    check = Check(name="pytest -q", command="pytest -q", role="acceptance", source="--check")
    said = CheckVerdict(check="pytest -q", finding=finding, reason_code=code, reason="so")
    base = BaseRecorded(head="a" * 40, branch="", commit="a" * 40, tree="b" * 40, ref="")
    claim = ClaimRecorded(round=1, commit="c" * 40, tree="d" * 40, ref="", changes=modified("a.py"))
    state = State(
        order=Order(task="t", repository="/r", directory="my api", worker="w"),
        base=base,
        contract=Contract(task="t", criteria=(Criterion(id="t", text="t"),), checks=(check,)),
        claims={1: claim},
        judged={1: RoundJudged(round=1, verdict=verdict, reason="so", criteria=(), checks=(said,))},
    )
    state.lifecycle.ended = RunEnded(verdict=verdict, reason="so")
    return state


def test_every_reason_that_can_stay_unverified_has_a_step() -> None:
    assert set(get_args(ReasonCode)) - NEVER_UNVERIFIED <= set(STEPS)


@pytest.mark.parametrize(
    ("code", "step"),
    [
        ("cannot_run", "pa doctor -d 'my api' --check 'pytest -q'"),
        ("no_test", "ask in the task for a test"),
        ("doubtful", f"git diff {'a' * 10} {'c' * 10}"),
        ("green_before", "--check CMD"),
        ("partly_fixed", "--known-red TEST"),
    ],
)
def test_the_step_is_for_the_first_check_without_a_proof(code: ReasonCode, step: str) -> None:
    assert step in find_next_step(RUN, ended(code))


@pytest.mark.parametrize(
    ("code", "step"),
    [
        ("environment", "run poetry install; then start again"),
        ("cannot_run", "run poetry install; then start again"),
        ("nothing_fixed", "run poetry install; then start again"),
        ("green_before", "--check CMD"),
        ("no_test", "ask in the task for a test"),
    ],
)
def test_where_no_environment_could_be_built_the_step_is_to_make_it(
    code: ReasonCode, step: str
) -> None:
    state = ended(code)
    state.built[BASE] = EnvironmentBuilt(on=BASE, failed="exit 1", cure="run poetry install")
    assert step in find_next_step(RUN, state)


def test_a_check_that_is_kept_and_lacks_a_proof_has_its_step() -> None:
    assert "ask in the task for a test" in find_next_step(RUN, ended("no_test", "kept"))


def test_where_no_check_could_run_the_step_says_what_it_lacks() -> None:
    assert find_next_step(RUN, ended("cannot_run", "neutral")).startswith("pa doctor")


def test_a_check_whose_exit_code_alone_says_that_it_passes_now_is_to_be_named() -> None:
    step = find_next_step(RUN, ended("fixed", "kept"))
    assert step.startswith("start again with --check 'pytest -q'")


def test_a_proven_or_refuted_run_needs_none_and_one_without_a_claim_shows_the_worker() -> None:
    assert find_next_step(RUN, ended("fixed", "proven", verdict="verified")) == ""
    assert find_next_step(RUN, ended("newly_failing", "refuted", verdict="refuted")) == ""
    state = ended("not_run")
    state.claims.clear()
    assert find_next_step(RUN, state).startswith(f"pa show {RUN}")
