"""Judges the checks of a claim, from the state of a run."""

from agentproxy.events.check import BASE, claim_tree, restored_tree
from agentproxy.events.contract import Check, Criterion
from agentproxy.events.verdict import ChecksWeighed, CheckVerdict
from agentproxy.evidence.check_evidence import CheckEvidence, Rules
from agentproxy.evidence.verdict import (
    judge_check,
    needs_rerun,
    needs_restored_rerun,
    paths_to_restore,
)
from agentproxy.supervisor.state import State


def rules_for(state: State, number: int) -> Rules:
    contract = state.scope
    return Rules(
        task=contract.task,
        known_red=contract.known_red,
        changes=state.claims[number].changes,
        has_acceptance_check=contract.anything_named,
        built=state.built_for(claim_tree(number)),
        left_out=contract.left_out,
    )


def evidence_for(state: State, check: Check, number: int) -> CheckEvidence:
    restored = state.restored.get(number)
    # A claim that changes nothing is the base, and its checks ran there.
    claim = BASE if state.unchanged(number) else claim_tree(number)
    return CheckEvidence(
        check=check,
        base=state.results[check.name, BASE],
        claim=state.results[check.name, claim],
        restored=state.results.get((check.name, restored_tree(number)), ()),
        restored_files=restored.files if restored else (),
    )


def weigh(state: State, check: Check, number: int) -> CheckVerdict:
    return judge_check(evidence_for(state, check, number), rules_for(state, number))


def check_needs_rerun(state: State, check: Check, number: int) -> bool:
    return needs_rerun(evidence_for(state, check, number), rules_for(state, number))


def rests_on_own_tests(state: State, check: Check, number: int) -> tuple[str, ...]:
    """Returns the tests and settings that the claim changes and that may explain a proof."""
    return paths_to_restore(evidence_for(state, check, number), rules_for(state, number))


def check_needs_restored_rerun(state: State, check: Check, number: int) -> bool:
    return needs_restored_rerun(evidence_for(state, check, number), rules_for(state, number))


def questions(state: State, number: int) -> list[Criterion]:
    """Returns the criteria that only a judge can answer."""
    scope = state.scope
    without_check = [each for each in scope.criteria if not each.checks]
    if scope.anything_named or len(without_check) != 1 or without_check[0].part:
        # A check that was green before proves nothing, so the judge is asked too (decision 10).
        green = [each for each in scope.criteria if _was_green_before(state, each, number)]
        return without_check + green
    # The one criterion is the task itself. A proven check answers it.
    proven = any(weigh(state, check, number).finding == "proven" for check in scope.checks)
    return [] if proven else without_check


def _was_green_before(state: State, criterion: Criterion, number: int) -> bool:
    contract = state.require_contract()
    verdicts = [weigh(state, contract.check(name), number) for name in criterion.checks]
    return bool(verdicts) and all(each.reason_code == "green_before" for each in verdicts)


def weigh_checks(state: State, number: int) -> ChecksWeighed:
    verdicts = tuple(weigh(state, check, number) for check in state.scope.checks)
    checks = () if state.unchanged(number) else state.scope.checks
    own_tests = {check.name: rests_on_own_tests(state, check, number) for check in checks}
    again = [each.name for each in checks if check_needs_restored_rerun(state, each, number)]
    return ChecksWeighed(
        round=number,
        results=state.result_count,
        checks=verdicts,
        rerun=tuple(each.name for each in checks if check_needs_rerun(state, each, number)),
        own_tests={name: paths for name, paths in own_tests.items() if paths},
        rerun_restored=tuple(again),
        questions=tuple(each.id for each in questions(state, number)),
    )
