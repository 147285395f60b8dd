"""Runs a check on variants of a claim while it still runs on the claim.

Which files a trial leaves out is told by the tests that ran on the claim. Here it is guessed, and
the result of a wrong guess is used by nobody.
"""

import asyncio
from collections.abc import Sequence

from agentproxy.engine.cancellation import all_together, first_to_end
from agentproxy.engine.context import Context
from agentproxy.events.check import BASE, CheckResult, Tree, TrialKind, claim_tree, trial_tree
from agentproxy.events.contract import Check
from agentproxy.events.trials import TrialsPrepared
from agentproxy.evidence.attempts import status_of
from agentproxy.evidence.check_runner import Baseline, LeaveOut, run_check
from agentproxy.evidence.reports.test_ids import file_of, is_changed
from agentproxy.supervisor.check_verdicts import loads_all
from agentproxy.supervisor.environments import environment_of
from agentproxy.supervisor.parts import Parts
from agentproxy.supervisor.state import State

KINDS: Sequence[TrialKind] = ("without", "stub", "control")
# Others run all of their tests on a variant: that is too much work for a claim that may fail.
LEAVE_FILES_OUT = frozenset({"pytest", "jest", "vitest", "mocha"})


def early_result(
    context: Context[State, Parts], tree: Tree, *, check: Check, leave_out: LeaveOut
) -> CheckResult | None:
    """What a trial said that ran early, and left out just these files."""
    if tree.kind not in KINDS:
        return None
    commit = context.state.commit_of(tree)
    return context.parts.early_results.get((check.name, commit, leave_out))


async def run_trials_early(
    context: Context[State, Parts], number: int, prepared: TrialsPrepared
) -> None:
    """Runs the trials of a claim's only check, as long as that has not failed on the claim."""
    state, checks = context.state, context.state.scope.checks
    # Several checks may want all cores. A later part is not weighed by trials.
    if context.parts.jobs < 2 or len(checks) != 1 or checks[0].network == "host" or state.part:
        return
    check, claim = checks[0], claim_tree(number)
    files = await asyncio.to_thread(_guess_left_out, state, check, prepared.tests)
    if not files:
        return

    def has_ended(state: State) -> bool:
        return bool(state.results_of(check.name, claim))

    def has_failed(state: State) -> bool:
        return any(status_of(each) != "passes" for each in state.results_of(check.name, claim))

    cores = asyncio.Semaphore(1)  # the other one is at work on the claim

    async def watch() -> None:
        await context.until(has_ended)
        cores.release()
        await context.until(has_failed)

    async def run(kind: TrialKind) -> None:
        commit = prepared.trees[kind].commit
        async with cores:
            await _run(context, trial_tree(kind, number), check=check, commit=commit, files=files)

    await first_to_end(all_together(*map(run, _kinds(prepared))), watch())


def _kinds(prepared: TrialsPrepared) -> Sequence[TrialKind]:
    without = prepared.trees.get("without")
    found: list[TrialKind] = [kind for kind in KINDS if kind in prepared.trees]
    return [kind for kind in found if kind == "without" or prepared.trees[kind] != without]


def _guess_left_out(state: State, check: Check, changed: Sequence[str]) -> tuple[str, ...]:
    last = state.results_of(check.name, BASE)[-1]
    if not last.runners or not LEAVE_FILES_OUT.issuperset(last.runners):
        return ()
    files = {file_of(test.name) for test in last.tests}
    return tuple(sorted(file for file in files if file and not is_changed(file, changed)))


async def _run(
    context: Context[State, Parts],
    tree: Tree,
    *,
    check: Check,
    commit: str,
    files: tuple[str, ...],
) -> None:
    state, parts = context.state, context.parts
    left_out = LeaveOut(files, loads_all(tree))

    async def results_at_base() -> Sequence[CheckResult]:
        return state.results_of(check.name, BASE)

    parts.early_results[check.name, commit, left_out] = await run_check(
        check,
        commit=commit,
        base=Baseline(state.commit_of(BASE), results_at_base),
        environment=environment_of(tree, state=state),
        leave_out=left_out,
        checks=parts.checks,
        on_output=lambda _text: None,
    )
