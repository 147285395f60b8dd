"""Puts faults into the code that a claim's tests are about, and runs its checks on them."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from agentproxy.engine.context import Context
from agentproxy.events.check import claim_tree, mutant_tree, trial_tree
from agentproxy.events.envelope import Fact
from agentproxy.events.mutants import Mutant, MutantsPrepared
from agentproxy.evidence.falsification.mutants.code_under_test import (
    Mentions,
    candidate_files,
    words_of,
)
from agentproxy.evidence.falsification.mutants.make_mutant_files import (
    MutantFiles,
    make_change_mutants,
    make_mutant_files,
)
from agentproxy.evidence.falsification.stubs.languages import language_of
from agentproxy.supervisor.effects.prepare_trials import MAX_PARSED_BYTES
from agentproxy.supervisor.effects.run_check import RunCheck
from agentproxy.supervisor.face import SUPERVISED
from agentproxy.supervisor.parts import Parts
from agentproxy.supervisor.stages import Stage
from agentproxy.supervisor.state import State
from agentproxy.workspace.git.repository import Repository
from agentproxy.workspace.trees.claim import MESSAGE
from agentproxy.workspace.trees.variants import (
    Kept,
    Variant,
    Versions,
    paths_of,
    read_versions,
    write_variants,
)

AT_ONCE = 4  # mutants of one check that wait or run; those that wait fall away with the time
# A check may take so many times its time at the claim for all mutants together.
_ABOUT = {"kind", "path", "line", "function", "text", "about"}
BUDGET_FACTOR, LEAST_BUDGET = 3.0, 20.0  # the second in seconds


@dataclass(frozen=True, slots=True)
class PrepareMutants:
    """Write the mutants of the code that the claim of a round tests."""

    round: int


@SUPERVISED.fold(MutantsPrepared)
def fold_mutants(state: State, fact: MutantsPrepared) -> None:
    """The mutants are there, so the claim is weighed again once they have run."""
    state.mutants[fact.round] = fact
    state.result_count += 1


@SUPERVISED.due_at(Stage.TRIALS)
def mutants_due(state: State) -> Mapping[str, PrepareMutants]:
    """Due where a weighing asks for it, and nothing refutes the claim."""
    number = state.round
    weighed = state.weighed.get(number)
    if number in state.mutants or weighed is None or weighed.refuted or not weighed.mutants:
        return {}
    return {f"mutants:{number}": PrepareMutants(number)}


@SUPERVISED.due_at(Stage.TRIALS)
def runs_due(state: State) -> Mapping[str, RunCheck]:
    """The next few mutants, as long as there is time."""
    weighed, prepared = state.weighed.get(state.round), state.mutants.get(state.round)
    if weighed is None or weighed.refuted or prepared is None:
        return {}
    found: dict[str, RunCheck] = {}
    for name in weighed.mutants:
        trees = [mutant_tree(state.round, each.number) for each in prepared.mutants]
        ran = [result for tree in trees for result in state.results_of(name, tree)]
        if sum(each.seconds for each in ran) >= _budget(state, name):
            continue
        check = state.require_contract().check(name)
        left = [tree for tree in trees if not state.results_of(name, tree)]
        found |= {
            f"check:{tree.key}:{name}:1": RunCheck(check, tree, attempt=1)
            for tree in left[:AT_ONCE]
        }
    return found


def _budget(state: State, check: str) -> float:
    """Seconds that all mutants together may take; for what is proven, as long as that took."""
    prepared = state.trials.get(state.round)
    if prepared is not None and any(map(language_of, prepared.code)):
        trees = [trial_tree(kind, state.round) for kind in prepared.trees]
        return sum(each.seconds for tree in trees for each in state.results_of(check, tree))
    results = state.results_of(check, claim_tree(state.round))
    return max(LEAST_BUDGET, BUDGET_FACTOR * max((each.seconds for each in results), default=0.0))


@SUPERVISED.handles(PrepareMutants)
async def prepare(effect: PrepareMutants, context: Context[State, Parts]) -> Sequence[Fact]:
    """Each mutant is kept under a ref of ours, so that `pa evidence --rerun` finds it."""
    state, number = context.state, effect.round
    repository, claim = context.parts.checks.repository, state.claims[number].commit
    made = await _make(state, number, repository)
    kept = [
        Kept(
            Variant(rewritten={edit.path: content}),
            ref=f"refs/agentproxy/{context.parts.run}/claim-{number}-mutant-{count}",
            message=MESSAGE.format(round=number),
        )
        for count, (edit, content) in enumerate(made.mutants, start=1)
    ]
    base = state.require_base().commit
    written = await write_variants(repository, kept, base=base, claim=claim) if kept else []
    mutants = [
        Mutant(number=count, commit=commit, tree=tree, **edit.model_dump(include=_ABOUT))
        for count, ((edit, _), (commit, tree)) in enumerate(
            zip(made.mutants, written, strict=True), start=1
        )
    ]
    return [
        MutantsPrepared(round=number, mutants=tuple(mutants), tests=made.tests, unread=made.unread)
    ]


async def _make(state: State, number: int, repository: Repository) -> MutantFiles:
    task, tests = state.require_contract().task, state.trials[number].tests
    base, claim = state.require_base().commit, state.claims[number].commit
    code = state.trials[number].code
    if any(map(language_of, code)):
        changes = await read_versions(
            repository, code, base=base, claim=claim, most=MAX_PARSED_BYTES
        )
        return await asyncio.to_thread(make_change_mutants, changes)
    changed = await read_versions(repository, tests, base=base, claim=claim, most=MAX_PARSED_BYTES)
    paths = candidate_files(await paths_of(repository, claim), _mentions(task, changed))
    # A claim of tests alone has the code of the base.
    read = await read_versions(repository, paths, base=claim, claim=claim, most=MAX_PARSED_BYTES)
    texts = {path: each.after for path, each in read.items() if each.after is not None}
    return await asyncio.to_thread(make_mutant_files, texts, changed, task=task)


def _mentions(task: str, tests: Mapping[str, Versions]) -> Mentions:
    texts = [(each.after or b"").decode(errors="replace") for each in tests.values()]
    words = words_of(" ".join([*texts, *tests]))
    return Mentions(task, files=words, added=words)
