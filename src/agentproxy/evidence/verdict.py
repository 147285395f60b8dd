"""Decides the verdict on a check from its results, and on the run from its checks. Pure."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from types import MappingProxyType

from agentproxy.events.check import CheckResult, Outcome, TrialKind
from agentproxy.events.contract import Contract
from agentproxy.events.plan import OpinionGiven
from agentproxy.events.trials import Doubt
from agentproxy.events.verdict import CheckVerdict
from agentproxy.evidence.attempts import whole
from agentproxy.evidence.check_evidence import CheckEvidence, Rules
from agentproxy.evidence.comparison import Comparison, build_comparison
from agentproxy.evidence.done_as_asked import prove_what_is_done
from agentproxy.evidence.doubts.weigh_doubts import weigh_doubts
from agentproxy.evidence.environment_faults import downgrade_for_environment
from agentproxy.evidence.falsification.trials import judge_by_trials, next_trial, wants_mutants
from agentproxy.evidence.holds_only_now import downgrade_for_date
from agentproxy.evidence.integrity import (
    downgrade_for_own_tests,
    find_deciding_files,
    may_be_proven_by_restored_tests,
    may_rest_on_tests,
    prove_by_restored_tests,
)
from agentproxy.evidence.merged_red import downgrade_for_merge
from agentproxy.evidence.reports.test_ids import file_of
from agentproxy.evidence.run_verdict import RunVerdict, accept_opinion, judge_contract, not_run
from agentproxy.evidence.verdict_table import judge_by_table

VerdictStep = Callable[[Comparison, CheckVerdict], CheckVerdict]
NO_OPINIONS: Mapping[str, OpinionGiven] = MappingProxyType({})


def compare_results(comparison: Comparison, _: CheckVerdict) -> CheckVerdict:
    return judge_by_table(comparison)


# Each step may change the verdict of the step before. A last step, `accept_opinion`, needs the
# criteria of the contract, so `judge_run` takes it.
STEPS: Sequence[VerdictStep] = (
    compare_results,
    prove_by_restored_tests,
    judge_by_trials,
    prove_what_is_done,
    weigh_doubts,
    downgrade_for_environment,
    downgrade_for_own_tests,
    downgrade_for_merge,
    downgrade_for_date,
)


def judge_check(evidence: CheckEvidence, rules: Rules) -> CheckVerdict:
    return judge(build_comparison(evidence, rules))


def judge(comparison: Comparison) -> CheckVerdict:
    verdict = not_run(comparison.check.name)
    for step in STEPS:
        verdict = step(comparison, verdict)
    return verdict


def trial_to_run(comparison: Comparison) -> TrialKind | None:
    """The variant of the claim that the check must run on next; None for no more."""
    return next_trial(comparison, judge_by_table(comparison))


def needs_mutants(comparison: Comparison) -> bool:
    """Whether the check must run on mutants of the code, since the claim changes only tests."""
    return wants_mutants(comparison, judge_by_table(comparison))


def needs_rerun(comparison: Comparison) -> bool:
    """Whether the check must run a second time at base and claim before it can refute."""
    evidence = comparison.evidence
    if min(len(evidence.base), len(evidence.claim)) > 1:
        return False
    # Only the first attempts decide, so that the answer stays the same until both second attempts
    # are recorded.
    return judge_by_table(_after(comparison, 1)).finding == "refuted"


def files_to_repeat(comparison: Comparison) -> frozenset[str]:
    """The test files in which tests that passed before fail; none where something else refutes."""
    first = _after(comparison, 1)
    if not first.base.by_test or judge_by_table(first).reason_code != "newly_failing":
        return frozenset()
    files = frozenset(file_of(name) for name in first.delta.regressed)
    return frozenset() if "" in files else files


def needs_whole_rerun(comparison: Comparison) -> bool:
    """Whether second attempts that left files out do not confirm that the claim is refuted.

    They only ever confirm: a test may fail only beside others, and an attempt without these would
    call it flaky.
    """
    attempts = (comparison.evidence.base, comparison.evidence.claim)
    if min(map(len, attempts)) < 2 or min(len(whole(each)) for each in attempts) > 1:
        return False
    first, second = _after(comparison, 1), _after(comparison, 2)
    if judge_by_table(first).finding != "refuted":
        return False
    repeated = first.delta.regressed & second.delta.regressed
    before, after = (_outcomes(each[1]) for each in attempts)
    confirmed = any(
        before.get(name) == "passed" and after.get(name) == "failed" for name in repeated
    )
    return not confirmed or judge_by_table(second).finding != "refuted"


def _outcomes(result: CheckResult) -> Mapping[str, Outcome]:
    ran = result.by_test and result.ending == "exited" and result.cannot_run is None
    return {test.name: test.outcome for test in result.tests} if ran else {}


def _after(comparison: Comparison, attempts: int) -> Comparison:
    """The comparison of the first attempts on each side."""
    evidence = comparison.evidence
    if max(len(evidence.base), len(evidence.claim)) <= attempts:
        return comparison
    first = replace(evidence, base=evidence.base[:attempts], claim=evidence.claim[:attempts])
    return build_comparison(first, comparison.rules)


def paths_to_restore(comparison: Comparison) -> tuple[str, ...]:
    """Returns the changed tests and settings that may be why the check says what it says, or that
    keep it from being proven.
    """
    evidence, rules = comparison.evidence, comparison.rules
    without = replace(comparison, evidence=replace(evidence, restored=()))
    verdict = judge(without)
    rests = may_rest_on_tests(evidence.check, verdict)
    if not rests and not may_be_proven_by_restored_tests(without, verdict):
        return ()
    return find_deciding_files(rules.changes, verdict, command=evidence.check.command)


def needs_restored_rerun(comparison: Comparison) -> bool:
    """Whether the check must run again with the base's tests before it loses its proof."""
    if len(comparison.evidence.restored) != 1 or not paths_to_restore(comparison):
        return False
    # A flaky test may fail here by chance; only a second run can show that.
    return judge(comparison).reason_code == "own_tests"


def judge_run(
    contract: Contract,
    verdicts: Sequence[CheckVerdict],
    *,
    tree_equals_base: bool,
    opinions: Mapping[str, OpinionGiven] = NO_OPINIONS,
    doubts: Sequence[Doubt] = (),
) -> RunVerdict:
    """Returns the verdict on the run. `opinions` are the judge's, by criterion; what speaks against
    the claim outweighs all of them.
    """
    if doubts:
        opinions = NO_OPINIONS
    weighed = [accept_opinion(verdict, contract, opinions) for verdict in verdicts]
    run = judge_contract(contract, weighed, tree_equals_base=tree_equals_base, opinions=opinions)
    unsaid = [each.text for each in doubts if each.text not in run.reason]
    if run.verdict != "unverified" or not unsaid:
        return run
    return replace(run, reason=f"{run.reason}; seen in the claim: {'; '.join(unsaid)}")
