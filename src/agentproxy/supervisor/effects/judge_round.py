"""Gives the verdict on a claim and stores its evidence."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from agentproxy.engine.context import Context
from agentproxy.events.check import (
    BASE,
    claim_tree,
    later_tree,
    merged_tree,
    mutant_tree,
    restored_tree,
    target_tree,
    trial_tree,
)
from agentproxy.events.envelope import Fact
from agentproxy.events.verdict import RoundJudged
from agentproxy.evidence.bundle import Bundle, EvidenceEntry, chain, store
from agentproxy.evidence.environment_faults import describe_environments
from agentproxy.evidence.verdict import judge_run
from agentproxy.supervisor.check_verdicts import rules_for
from agentproxy.supervisor.face import SUPERVISED
from agentproxy.supervisor.parts import Parts
from agentproxy.supervisor.stages import Stage
from agentproxy.supervisor.state import State
from agentproxy.workspace.environment.fingerprint import changed_since


@dataclass(frozen=True, slots=True)
class JudgeRound:
    round: int


@SUPERVISED.fold(RoundJudged)
def fold_judged(state: State, fact: RoundJudged) -> None:
    state.judged[fact.round] = fact


@SUPERVISED.due_at(Stage.VERDICT)
def verdict_due(state: State) -> Mapping[str, JudgeRound]:
    number = state.round
    return {} if number in state.judged else {f"judge:{number}": JudgeRound(number)}


@SUPERVISED.handles(JudgeRound)
async def judge_round(effect: JudgeRound, context: Context[State, Parts]) -> Sequence[Fact]:
    state, number, parts = context.state, effect.round, context.parts
    contract, claim = state.scope, state.claims[number]
    opinions = {key: said for (of, key), said in state.opinions.items() if of == number}
    judged = judge_run(
        contract,
        state.weighed[number].checks,
        tree_equals_base=state.unchanged(number),
        opinions=opinions,
        doubts=rules_for(state, number).doubts,
    )
    environment = state.require_environment()
    drift = await asyncio.to_thread(changed_since, environment)
    notes = describe_environments(state.built_for(claim_tree(number)), claim.changes)
    reason = f"the claim is refused: {claim.refused}" if claim.refused else judged.reason
    reason = "; ".join([reason, *drift, *notes])
    earlier = state.judged.get(number - 1)
    bundle = Bundle(
        product=parts.product,
        run=parts.run,
        round=number,
        contract=contract,
        base_commit=state.require_base().commit,
        base_tree=state.require_base().tree,
        claim_commit=claim.commit,
        claim_tree=claim.tree,
        sandbox=state.lifecycle.sandbox,
        environment=(*environment.folders, *_built(state, number)),
        entries=await asyncio.to_thread(lambda: chain(_entries(state, number))),
        checks=judged.checks,
        criteria=judged.criteria,
        verdict=judged.verdict,
        reason=reason,
        previous=earlier.bundle if earlier else "",
    )
    await parts.kept_base.forget(state)
    # The bundle is on disk before the fact names it.
    name = await asyncio.to_thread(store, bundle, parts.checks.folder / "evidence")
    fact = RoundJudged(
        round=number,
        verdict=judged.verdict,
        reason=reason,
        criteria=judged.criteria,
        checks=judged.checks,
        bundle=name,
    )
    return [fact]


def _built(state: State, number: int) -> tuple[str, ...]:
    # The name of a built folder is the digest of everything that it was built from.
    return tuple(
        f"{at} built as {Path(folder).name} for {each.on}"
        for each in state.built_for(claim_tree(number))
        for at, folder in each.folders.items()
    )


def _entries(state: State, number: int) -> list[EvidenceEntry]:
    trees = {BASE: state.require_base().tree, claim_tree(number): state.claims[number].tree}
    if state.examined.get(number):
        trees[later_tree(number)] = state.claims[number].tree
    if number in state.restored:
        trees[restored_tree(number)] = state.restored[number].tree
    if prepared := state.trials.get(number):
        trees |= {trial_tree(kind, number): made.tree for kind, made in prepared.trees.items()}
    if mutants := state.mutants.get(number):
        trees |= {mutant_tree(number, each.number): each.tree for each in mutants.mutants}
    if (merged := state.merged.get(number)) and merged.outcome == "clean":
        trees |= {merged_tree(number): merged.tree, target_tree(number): merged.target_tree}
    return [
        EvidenceEntry(check=check, on=on, tree=tree, attempt=attempt, result=result, previous="")
        for check in state.scope.checks
        for on, tree in trees.items()
        for attempt, result in enumerate(state.results_of(check.name, on), start=1)
    ]
