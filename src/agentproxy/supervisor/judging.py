"""Judges a round on its evidence, and decides what follows."""

import asyncio
from pathlib import Path

from agentproxy.events.run import DecisionMade
from agentproxy.events.verdict import CriterionVerdict, RoundJudged
from agentproxy.evidence.bundle import Bundle, EvidenceEntry, chain, store
from agentproxy.evidence.check_context import CheckContext
from agentproxy.evidence.environment_faults import in_words
from agentproxy.evidence.run_verdict import with_opinion
from agentproxy.evidence.verdict import judge_run
from agentproxy.supervisor.check_verdicts import weigh
from agentproxy.supervisor.state import BASE, State, claim_name, restored_name
from agentproxy.workspace.environment.fingerprint import changed_since


async def judge_round(
    state: State, number: int, *, ground: CheckContext, product: str, run: str
) -> RoundJudged:
    """The verdict on a claim; its bundle is on disk when this returns."""
    contract = state.scope
    claim = state.claims[number]
    unchanged = state.unchanged(number)
    verdicts = {check.name: weigh(state, check, number) for check in contract.checks}
    opinions = {key: said for (of, key), said in state.opinions.items() if of == number}
    verdicts = {name: with_opinion(each, contract, opinions) for name, each in verdicts.items()}
    verdict, reason, criteria = judge_run(
        contract, verdicts, tree_equals_base=unchanged, opinions=opinions
    )
    if claim.refused:
        reason = f"the claim is refused: {claim.refused}"
    told = in_words(state.built_for(claim_name(number)), claim.changes)
    reason = "; ".join([reason, *await _drift(state), *told])
    earlier = state.judged.get(number - 1)
    bundle = Bundle(
        product=product,
        run=run,
        round=number,
        contract=contract,
        base_commit=state.require_base().commit,
        base_tree=state.require_base().tree,
        claim_commit=claim.commit,
        claim_tree=claim.tree,
        sandbox=state.sandbox,
        environment=(*state.require_environment().folders, *_built(state, number)),
        entries=chain(_entries(state, number)),
        checks=tuple(verdicts.values()),
        criteria=criteria,
        verdict=verdict,
        reason=reason,
        previous=earlier.bundle if earlier else "",
    )
    name = await asyncio.to_thread(store, bundle, ground.folder / "evidence")
    return RoundJudged(
        round=number,
        verdict=verdict,
        reason=reason,
        criteria=criteria,
        checks=tuple(verdicts.values()),
        bundle=name,
    )


async def _drift(state: State) -> tuple[str, ...]:
    """What of the user's environment changed since the run began."""
    environment = state.environment
    return await asyncio.to_thread(changed_since, environment) if environment else ()


def _built(state: State, number: int) -> tuple[str, ...]:
    """Where environments of ours stood, and the folders with their digests as names."""
    return tuple(
        f"{at} built as {Path(folder).name} for {each.on}"
        for each in state.built_for(claim_name(number))
        for at, folder in each.folders.items()
    )


def _entries(state: State, number: int) -> list[EvidenceEntry]:
    trees = {BASE: state.require_base().tree, claim_name(number): state.claims[number].tree}
    if number in state.restored:
        trees[restored_name(number)] = state.restored[number].tree
    return [
        EvidenceEntry(
            check=check,
            on=on,
            tree=tree,
            attempt=attempt,
            result=result,
            previous="",
        )
        for check in state.scope.checks
        for on, tree in trees.items()
        for attempt, result in enumerate(state.results.get((check.name, on), []), start=1)
    ]


def decide_next(state: State, number: int) -> DecisionMade:
    """Deliver what is verified; give what can be fixed another round; else say what there is."""
    judged = state.judged[number]
    if judged.verdict == "verified" and state.has_more_parts:
        done, of = state.part + 1, len(state.require_contract().parts)
        reason = f"part {done} of {of} is proven"
        return DecisionMade(round=number, decision="next_part", reason=reason)
    if judged.verdict == "verified":
        return DecisionMade(round=number, decision="deliver", reason="the claim is proven")
    rounds = state.require_order().max_rounds
    wanting = [check for check in judged.checks if check.finding in ("refuted", "unverified")]
    doubted = any(each.verdict == "unverified" for each in _judged_ones(state, number))
    fixable = state.unchanged(number) or doubted or any(check.fixable for check in wanting)
    if not fixable:
        reason = "no worker can fix what is missing"
        return DecisionMade(round=number, decision="give_up", reason=reason)
    if number - state.part_began + 1 >= rounds:
        reason = f"all {rounds} rounds are spent" if rounds > 1 else "the one round is spent"
        return DecisionMade(round=number, decision="give_up", reason=reason)
    reason = f"round {number - state.part_began + 2} of {rounds}"
    return DecisionMade(round=number, decision="again", reason=reason)


def _judged_ones(state: State, number: int) -> list[CriterionVerdict]:
    """What became of the criteria that the judge was asked about."""
    asked = {key for of, key in state.opinions if of == number}
    return [each for each in state.judged[number].criteria if each.criterion in asked]
