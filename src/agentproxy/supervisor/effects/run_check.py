"""Runs checks on the base, on a claim, and on a claim with the base's tests."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from agentproxy.engine.context import Context
from agentproxy.events.check import (
    BASE,
    CannotRun,
    CheckFinished,
    CheckResult,
    CheckStarted,
    Tree,
    TrialKind,
    claim_tree,
    restored_tree,
    trial_tree,
)
from agentproxy.events.contract import Check
from agentproxy.events.envelope import Fact
from agentproxy.events.trials import TrialsPrepared
from agentproxy.evidence.attempts import whole
from agentproxy.evidence.check_context import NotClean
from agentproxy.evidence.check_runner import TIMEOUT_FACTOR, Baseline, LeaveOut, run_check
from agentproxy.evidence.other_date import as_run_on
from agentproxy.supervisor.check_verdicts import leave_out, loads_all
from agentproxy.supervisor.early_trials import early_result
from agentproxy.supervisor.environments import environment_of, lost_environments
from agentproxy.supervisor.face import SUPERVISED
from agentproxy.supervisor.parts import Parts
from agentproxy.supervisor.stages import Stage
from agentproxy.supervisor.state import State
from agentproxy.supervisor.working import until_worker_is_up
from agentproxy.workspace.git.command import GitError
from agentproxy.workspace.git.repository import RepositoryUnusable

LEAST_TIMEOUT = 10.0  # seconds of a check on a mutant


@dataclass(frozen=True, slots=True)
class RunCheck:
    check: Check
    tree: Tree
    attempt: int  # counts from 1


@SUPERVISED.fold(CheckFinished)
def fold_result(state: State, fact: CheckFinished) -> None:
    state.results.setdefault((fact.check, fact.on), []).append(fact.result)
    state.result_count += 1


@SUPERVISED.due_at(Stage.WORK)
def baseline_due(state: State) -> Mapping[str, RunCheck]:
    # The baseline needs nothing from the worker, so it runs beside it.
    return _not_run(state, BASE) if state.round not in state.claims else {}


@SUPERVISED.due_at(Stage.CHECKS)
def checks_due(state: State) -> Mapping[str, RunCheck]:
    found = _not_run(state, BASE)
    if not state.unchanged(state.round):
        found |= _not_run(state, claim_tree(state.round))
    return found


@SUPERVISED.due_at(Stage.RERUNS)
def reruns_due(state: State) -> Mapping[str, RunCheck]:
    # A check that refutes runs again on both trees, so that a flaky check refutes nobody.
    weighed = state.weighed.get(state.round)
    found: dict[str, RunCheck] = {}
    for name in weighed.rerun if weighed else ():
        for tree in (BASE, claim_tree(state.round)):
            found |= second_attempt(state, name, tree)
    for name in weighed.rerun_whole if weighed else ():
        for tree in (BASE, claim_tree(state.round)):
            found |= _whole_attempt(state, name, tree)
    return found


@SUPERVISED.due_at(Stage.OWN_TESTS)
def own_tests_due(state: State) -> Mapping[str, RunCheck]:
    # A check that proves a claim runs again with the base's tests (decision 12).
    restored = state.restored.get(state.round)
    weighed = state.weighed.get(state.round)
    if restored is None or not restored.files or weighed is None or weighed.refuted:
        return {}
    tree = restored_tree(state.round)
    found: dict[str, RunCheck] = {}
    for check in state.scope.checks:
        if weighed.own_tests.get(check.name) and not state.results_of(check.name, tree):
            found |= attempt_of(check, tree, 1)
    for name in weighed.rerun_restored:
        found |= second_attempt(state, name, tree)
    return found


@SUPERVISED.due_at(Stage.TRIALS)
def trials_due(state: State) -> Mapping[str, RunCheck]:
    """What was green before runs on variants of the claim, which its own tests must not pass."""
    weighed, prepared = state.weighed.get(state.round), state.trials.get(state.round)
    if weighed is None or weighed.refuted or prepared is None:
        return {}
    # Only a weighing that knows the variants can tell that a claim without tests needs no run.
    if weighed.results < state.trials_since:
        return {}
    found: dict[str, RunCheck] = {}
    for name, wanted in weighed.trials.items():
        for kind in _side_by_side(wanted, prepared):
            tree = trial_tree(kind, state.round)
            if kind in prepared.trees and not state.results_of(name, tree):
                found |= attempt_of(state.require_contract().check(name), tree, 1)
    return found


def _side_by_side(wanted: TrialKind, prepared: TrialsPrepared) -> Sequence[TrialKind]:
    # Tests that need the change run on stubs next, so both variants run at once.
    trees = prepared.trees
    if wanted == "without" and "stub" in trees and trees["stub"] != trees.get("without"):
        return ("without", "stub")
    return (wanted,)


def _is_alone(effect: RunCheck) -> bool:
    # Checks with the host's network meet at its ports. A second attempt may refute the claim, so
    # it must not fail for the load of another one.
    return effect.check.network == "host" or effect.attempt > 1


@SUPERVISED.handles(
    RunCheck,
    started=lambda effect: CheckStarted(
        check=effect.check.name, on=effect.tree, attempt=effect.attempt
    ),
    slot="checks",
    alone=_is_alone,
)
async def run(effect: RunCheck, context: Context[State, Parts]) -> Sequence[Fact]:
    state, check, tree = context.state, effect.check, effect.tree
    if lost := lost_environments(state, tree):
        return lost
    if tree == BASE and effect.attempt == 1:
        kept = await context.parts.kept_base.take_over(check, state, context.parts.checks)
        if kept is not None:
            return [CheckFinished(check=check.name, on=tree, attempt=1, result=kept)]
        await until_worker_is_up(context)
    try:
        result = await _result(effect, context)
    except (GitError, NotClean, RepositoryUnusable) as error:
        if tree.kind not in ("merged", "target"):
            raise
        # What the branch has got meanwhile may need what no clone has: the claim's proof stands.
        why = CannotRun(kind="not_started", text=f"no checkout can be made: {error}")
        result = CheckResult(exit_code=None, ending="not_started", seconds=0.0, cannot_run=why)
    return [CheckFinished(check=check.name, on=tree, attempt=effect.attempt, result=result)]


async def _result(effect: RunCheck, context: Context[State, Parts]) -> CheckResult:
    state, check, tree = context.state, effect.check, effect.tree
    base = Baseline(state.commit_of(BASE), lambda: _results_at_base(check, context))
    if tree.kind == "mutant":
        check, base = await _bounded(check, tree, state, base=base), replace(base, extends=False)
    examined = state.examined.get(tree.round)
    files = await asyncio.to_thread(leave_out, state, check, tree, attempt=effect.attempt)
    left_out = LeaveOut(files, loads_all(tree))
    early = early_result(context, tree, check=check, leave_out=left_out)
    if early is not None and effect.attempt == 1:
        return early
    return await run_check(
        as_run_on(tree, check, examined.clock_library if examined else ""),
        commit=state.commit_of(tree),
        base=base,
        environment=environment_of(tree, state=state),
        leave_out=left_out,
        checks=context.parts.checks,
        on_output=lambda text: context.show(f"{check.name} on {tree}", text),
    )


async def _results_at_base(check: Check, context: Context[State, Parts]) -> Sequence[CheckResult]:
    """Waits for the check at the base, which may run beside the one at the claim."""
    await context.until(lambda state: bool(state.results_of(check.name, BASE)))
    return context.state.results_of(check.name, BASE)


async def _bounded(check: Check, tree: Tree, state: State, *, base: Baseline) -> Check:
    # A fault may make a loop endless, and how long the check takes is known.
    claim = state.results_of(check.name, claim_tree(tree.round))
    longest = max((each.seconds for each in claim), default=0.0)
    most = min(await base.allows(check), max(LEAST_TIMEOUT, TIMEOUT_FACTOR * longest))
    return check.model_copy(update={"timeout": most})


def _not_run(state: State, tree: Tree) -> dict[str, RunCheck]:
    found: dict[str, RunCheck] = {}
    for check in state.scope.checks:
        if not state.results_of(check.name, tree):
            found |= attempt_of(check, tree, 1)
    return found


def second_attempt(state: State, name: str, tree: Tree) -> dict[str, RunCheck]:
    if len(state.results_of(name, tree)) != 1:
        return {}
    return attempt_of(state.require_contract().check(name), tree, 2)


def _whole_attempt(state: State, name: str, tree: Tree) -> dict[str, RunCheck]:
    results = state.results_of(name, tree)
    if len(whole(results)) > 1:
        return {}
    return attempt_of(state.require_contract().check(name), tree, len(results) + 1)


def attempt_of(check: Check, tree: Tree, attempt: int) -> dict[str, RunCheck]:
    return {f"check:{tree.key}:{check.name}:{attempt}": RunCheck(check, tree, attempt)}
