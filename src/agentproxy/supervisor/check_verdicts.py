"""Judges the checks of a claim, from the state of a run."""

from collections.abc import Iterable, Mapping, Sequence

from agentproxy.events.check import (
    BASE,
    CheckResult,
    Tree,
    claim_tree,
    later_tree,
    merged_tree,
    mutant_tree,
    restored_tree,
    target_tree,
    trial_tree,
)
from agentproxy.events.contract import Check, Criterion
from agentproxy.events.trials import Doubt
from agentproxy.events.verdict import UNPROVEN, ChecksWeighed, CheckVerdict
from agentproxy.evidence.attempts import whole
from agentproxy.evidence.check_evidence import CheckEvidence, Merge, Mutants, Rules, Trials
from agentproxy.evidence.comparison import Comparison, build_comparison
from agentproxy.evidence.falsification.claims_tests import find_claims_tests
from agentproxy.evidence.falsification.stubs.languages import has_stubs
from agentproxy.evidence.judged_tests import excuse, files_to_ask_about
from agentproxy.evidence.reports.test_ids import file_of
from agentproxy.evidence.verdict import (
    files_to_repeat,
    judge,
    needs_mutants,
    needs_rerun,
    needs_restored_rerun,
    needs_whole_rerun,
    paths_to_restore,
    trial_to_run,
)
from agentproxy.supervisor.changed_files import has_unusual_tests
from agentproxy.supervisor.state import State


def rules_for(state: State, number: int) -> Rules:
    contract = state.scope
    asked, doubts = state.asked.get(number), _doubts_about(state, number)
    # What speaks against the claim outweighs what a judge says for its tests.
    judged = {} if doubts else _excused_by_judge(state, number)
    return Rules(
        task=contract.task,
        known_red=contract.known_red,
        changes=state.claims[number].changes,
        has_acceptance_check=contract.anything_named,
        later_part=state.part > 0,
        mutants_of_changes=state.require_order().mutants == "all",
        built=state.built_for(claim_tree(number)),
        asked=excuse(asked, judged) if asked else None,
        doubts=doubts,
        left_out=contract.left_out,
    )


def _excused_by_judge(state: State, number: int) -> dict[str, str]:
    return {
        path: said.quote
        for (of, path), said in state.judged_tests.items()
        if of == number and said.says == "met"
    }


def _doubts_about(state: State, number: int) -> tuple[Doubt, ...]:
    examined, trials = state.examined.get(number), state.trials.get(number)
    doubts = examined.doubts if examined else ()
    # The claim was read before its tests ran, by what the names of its files say.
    if any(each.kind == "only_tests_use" for each in doubts) and has_unusual_tests(state, number):
        doubts = tuple(each for each in doubts if each.kind != "only_tests_use")
    return (*doubts, *(trials.doubts if trials else ()))


def evidence_for(state: State, check: Check, number: int) -> CheckEvidence:
    restored = state.restored.get(number)
    # A claim that changes nothing is the base, and its checks ran there.
    claim = BASE if state.unchanged(number) else claim_tree(number)
    return CheckEvidence(
        check=check,
        base=_base_beside(state.results[check.name, claim], state.results[check.name, BASE]),
        claim=state.results[check.name, claim],
        restored=state.results.get((check.name, restored_tree(number)), ()),
        restored_files=restored.files if restored else (),
        trials=_trials_of(state, check, number),
        mutants=_mutants_of(state, check, number),
        merge=_merge_of(state, check, number),
        later=state.results_of(check.name, later_tree(number)),
    )


def _base_beside(claim: Sequence[CheckResult], base: Sequence[CheckResult]) -> list[CheckResult]:
    # An attempt at the base in part confirmed what refuted an earlier claim, and says nothing else.
    return list(base) if any(each.left_out for each in claim) else whole(base)


def _merge_of(state: State, check: Check, number: int) -> Merge | None:
    if number not in state.merged:
        return None
    return Merge(
        merged=state.results_of(check.name, merged_tree(number)),
        target=state.results_of(check.name, target_tree(number)),
    )


def _mutants_of(state: State, check: Check, number: int) -> Mutants | None:
    prepared = state.mutants.get(number)
    if prepared is None:
        return None
    return Mutants(
        all=prepared.mutants,
        results={
            each.number: results[-1]
            for each in prepared.mutants
            if (results := state.results_of(check.name, mutant_tree(number, each.number)))
        },
        tests=prepared.tests,
        unread=prepared.unread,
    )


def _trials_of(state: State, check: Check, number: int) -> Trials | None:
    prepared = state.trials.get(number)
    if prepared is None:
        return None
    # Two variants may be one tree: what ran on one of them says what the other does.
    by_tree = {
        variant.tree: results[-1]
        for kind, variant in prepared.trees.items()
        if (results := state.results_of(check.name, trial_tree(kind, number)))
    }
    return Trials(
        tests=prepared.tests,
        code=prepared.code,
        variants=tuple(prepared.trees),
        resigned=prepared.resigned,
        reads=prepared.reads,
        unparsed=tuple(path for path in prepared.unstubbed if has_stubs(path)),
        results={
            kind: by_tree[variant.tree]
            for kind, variant in prepared.trees.items()
            if variant.tree in by_tree
        },
    )


def compare_check(state: State, check: Check, number: int) -> Comparison:
    return build_comparison(evidence_for(state, check, number), rules_for(state, number))


def weigh_checks(state: State, number: int) -> ChecksWeighed:
    # Each check is compared once: there may be many thousand tests.
    compared = {check.name: compare_check(state, check, number) for check in state.scope.checks}
    verdicts = {name: judge(comparison) for name, comparison in compared.items()}
    changed = {} if state.unchanged(number) else compared
    own_tests = {name: paths_to_restore(comparison) for name, comparison in changed.items()}
    about = [*changed.values()]
    return ChecksWeighed(
        round=number,
        results=state.result_count,
        checks=tuple(verdicts.values()),
        rerun=_names(filter(needs_rerun, about)),
        own_tests={name: paths for name, paths in own_tests.items() if paths},
        rerun_whole=_names(filter(needs_whole_rerun, about)),
        rerun_restored=_names(filter(needs_restored_rerun, about)),
        trials={each.check.name: kind for each in about if (kind := trial_to_run(each))},
        mutants=_names(filter(needs_mutants, about)),
        questions=tuple(each.id for each in _questions(state, number, verdicts)),
        changed_tests=tuple(
            dict.fromkeys(path for each in about for path in files_to_ask_about(each))
        ),
    )


def _names(compared: Iterable[Comparison]) -> tuple[str, ...]:
    return tuple(each.check.name for each in compared)


def _questions(
    state: State, number: int, verdicts: Mapping[str, CheckVerdict]
) -> Sequence[Criterion]:
    """Returns the criteria that only a judge can answer."""
    scope = state.scope
    if rules_for(state, number).doubts:
        return []  # no answer would outweigh them
    without_check = [each for each in scope.criteria if not each.checks]
    if scope.anything_named or len(without_check) != 1 or without_check[0].part:
        # A check that was green before proves nothing, so the judge is asked too (decision 10).
        green = [each for each in scope.criteria if _was_green_before(each, verdicts)]
        return without_check + green
    # The one criterion is the task itself. A proven check answers it.
    proven = any(verdict.finding == "proven" for verdict in verdicts.values())
    return [] if proven else without_check


def _was_green_before(criterion: Criterion, verdicts: Mapping[str, CheckVerdict]) -> bool:
    said = [verdicts[name] for name in criterion.checks]
    return bool(said) and all(each.reason_code in UNPROVEN for each in said)


def leave_out(state: State, check: Check, tree: Tree, *, attempt: int) -> tuple[str, ...]:
    """The test files that a check need not run on this tree: a trial is about the claim's tests,
    and a second attempt about those that fail.
    """
    if tree.kind in ("base", "claim"):
        return _beside_what_fails(state, check) if attempt == 2 else ()
    prepared = state.trials.get(tree.round)
    if prepared is None or tree.kind not in ("mutant", *prepared.trees):
        return ()
    comparison = compare_check(state, check, tree.round)
    wanted = {file_of(name) for name in find_claims_tests(comparison, prepared.tests)}
    if not wanted or "" in wanted:
        return ()
    files = {file_of(name) for name in comparison.claim.tests}
    return tuple(sorted(files - wanted - {""}))


def loads_all(tree: Tree) -> bool:
    """Whether what is left out is loaded: a claim's test may fail because another was not. What
    the others say counts only for tests that `without` shows to need the change.
    """
    return tree.kind not in ("stub", "raising", "control", "mutant")


def _beside_what_fails(state: State, check: Check) -> tuple[str, ...]:
    comparison = compare_check(state, check, state.round)
    repeated = files_to_repeat(comparison)
    if not repeated:
        return ()
    first = (comparison.evidence.base[0], comparison.evidence.claim[0])
    files = {file_of(test.name) for result in first for test in result.tests}
    return tuple(sorted(files - repeated - {""}))
