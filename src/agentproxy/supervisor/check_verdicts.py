"""What a verdict on a check is given; one place, for the second look and for the judgement."""

from typing import TypedDict

from agentproxy.events.check import BASE, CheckResult, claim_tree, restored_tree
from agentproxy.events.contract import Check, Criterion
from agentproxy.events.verdict import ChecksWeighed, CheckVerdict
from agentproxy.evidence.environment_faults import EnvironmentChanges, downgrade_for_environment
from agentproxy.evidence.instrumentation import treat_missing_module_as_failure
from agentproxy.evidence.integrity import downgrade_for_own_tests, find_deciding_files
from agentproxy.evidence.verdict import judge, needs_rerun
from agentproxy.supervisor.state import State


class JudgingRules(TypedDict):
    """What else counts beside the results."""

    known_red: tuple[str, ...]
    task: str
    changed_tests: frozenset[str]
    anything_named: bool


def circumstances(state: State, number: int) -> JudgingRules:
    """What counts for the claim of a round."""
    contract = state.scope
    return JudgingRules(
        known_red=contract.known_red,
        task=contract.task,
        changed_tests=frozenset(change.path for change in state.claims[number].changes),
        anything_named=contract.anything_named,
    )


def results(state: State, check: Check, number: int) -> tuple[list[CheckResult], list[CheckResult]]:
    """All results of a check, at the base and at the claim of a round.

    What the base lacked and the claim brought counts as having failed at the base.
    """
    brought = [change.path for change in state.claims[number].changes if change.status == "added"]
    base = [
        treat_missing_module_as_failure(each, tree=brought)
        for each in state.results[check.name, BASE]
    ]
    on = BASE if state.unchanged(number) else claim_tree(number)
    return base, state.results[check.name, on]


def weigh(state: State, check: Check, number: int) -> CheckVerdict:
    """The verdict on a check for the claim of a round."""
    base, claim = results(state, check, number)
    verdict = judge(check, base=base, claim=claim, **circumstances(state, number))
    around = EnvironmentChanges(
        built=state.built_for(claim_tree(number)),
        changes=state.claims[number].changes,
        left_out=state.require_contract().left_out,
    )
    verdict = downgrade_for_environment(verdict, base=base, claim=claim, around=around)
    again = state.results.get((check.name, restored_tree(number)))
    if verdict.finding != "proven" or again is None:
        return verdict
    without = judge(check, base=base, claim=again, **circumstances(state, number))
    proven = without.finding == "proven"
    return verdict if proven else downgrade_for_own_tests(verdict, state.restored[number].files)


def rests_on_own_tests(state: State, check: Check, number: int) -> tuple[str, ...]:
    """The tests and settings that a claim changes itself, where they may be why it is proven."""
    verdict = weigh(state, check, number)
    if verdict.finding != "proven":
        return ()
    return find_deciding_files(state.claims[number].changes, verdict, command=check.command)


def questions(state: State, number: int) -> list[Criterion]:
    """What only a judge can answer: what no check speaks for, or what was green before."""
    scope = state.scope
    open_ones = [each for each in scope.criteria if not each.checks]
    if scope.anything_named or len(open_ones) != 1 or open_ones[0].part:
        return open_ones + [each for each in scope.criteria if _was_green(state, each, number)]
    proven = any(weigh(state, check, number).finding == "proven" for check in scope.checks)
    return [] if proven else open_ones


def _was_green(state: State, criterion: Criterion, number: int) -> bool:
    verdicts = [
        weigh(state, state.require_contract().check(name), number) for name in criterion.checks
    ]
    return bool(verdicts) and all(verdict.green_before for verdict in verdicts)


def check_needs_rerun(state: State, check: Check, number: int) -> bool:
    """Whether the check must run again on both trees before it may refute the claim."""
    base, claim = results(state, check, number)
    return needs_rerun(check, base=base[:1], claim=claim[:1], **circumstances(state, number))


def weigh_checks(state: State, number: int) -> ChecksWeighed:
    """What the results so far say of the claim of a round, and what has to run again."""
    verdicts = tuple(weigh(state, check, number) for check in state.scope.checks)
    checks = () if state.unchanged(number) else state.scope.checks
    own_tests = {check.name: rests_on_own_tests(state, check, number) for check in checks}
    return ChecksWeighed(
        round=number,
        results=state.result_count,
        checks=verdicts,
        rerun=tuple(each.name for each in checks if check_needs_rerun(state, each, number)),
        own_tests={name: paths for name, paths in own_tests.items() if paths},
        questions=tuple(each.id for each in questions(state, number)),
    )
