"""Decides what follows a verdict: another round, the next part, delivery, or the end."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from agentproxy.engine.context import Context
from agentproxy.events.envelope import Fact
from agentproxy.events.run import DecisionMade
from agentproxy.events.verdict import LACKS_PROOF, CheckVerdict, CriterionVerdict
from agentproxy.supervisor.face import SUPERVISED
from agentproxy.supervisor.parts import Parts
from agentproxy.supervisor.stages import Stage
from agentproxy.supervisor.state import State


@dataclass(frozen=True, slots=True)
class Decide:
    round: int


@SUPERVISED.fold(DecisionMade)
def fold_decision(state: State, fact: DecisionMade) -> None:
    state.decisions[fact.round] = fact
    if fact.decision in ("again", "next_part"):
        state.round = fact.round + 1
    if fact.decision == "next_part":
        state.part, state.part_began = state.part + 1, fact.round + 1


@SUPERVISED.due_at(Stage.DECISION)
def decision_due(state: State) -> Mapping[str, Decide]:
    number = state.round
    return {} if number in state.decisions else {f"decide:{number}": Decide(number)}


@SUPERVISED.handles(Decide, instant=True)
async def decide(effect: Decide, context: Context[State, Parts]) -> Sequence[Fact]:
    return [decide_next(context.state, effect.round)]


def decide_next(state: State, number: int) -> DecisionMade:
    """Delivers a verified claim, repeats where a worker can fix the rest, else gives up. Pure."""
    judged = state.judged[number]
    if judged.verdict == "verified" and state.has_more_parts:
        done, of = state.part + 1, len(state.require_contract().parts)
        reason = f"part {done} of {of} is proven"
        return DecisionMade(round=number, decision="next_part", reason=reason)
    if judged.verdict == "verified":
        return DecisionMade(round=number, decision="deliver", reason="the claim is proven")
    rounds = state.require_order().max_rounds
    unproven = [check for check in judged.checks if _lacks_proof(check)]
    doubted = any(each.verdict == "unverified" for each in _criteria_of_judge(state, number))
    fixable = doubted or any(_may_fix(state, check, number) for check in unproven)
    fixable = fixable or state.unchanged(number)
    if not fixable:
        reason = "a worker cannot fix what is missing"
        return DecisionMade(round=number, decision="give_up", reason=reason)
    if state.round_of_part >= rounds:
        reason = f"all {rounds} rounds are used" if rounds > 1 else "the only round is used"
        return DecisionMade(round=number, decision="give_up", reason=reason)
    reason = f"round {state.round_of_part + 1} of {rounds}"
    return DecisionMade(round=number, decision="again", reason=reason)


def _lacks_proof(check: CheckVerdict) -> bool:
    return check.finding in ("refuted", "unverified") or check.reason_code in LACKS_PROOF


def _may_fix(state: State, check: CheckVerdict, number: int) -> bool:
    # A test is asked for once; a worker that adds none in the next round will not add one later.
    earlier = state.judged.get(number - 1) if number > state.part_began else None
    if check.reason_code == "no_test" and earlier is not None:
        said = {each.check: each.reason_code for each in earlier.checks}
        return said.get(check.check) != "no_test"
    return check.fixable


def _criteria_of_judge(state: State, number: int) -> list[CriterionVerdict]:
    asked = {key for of, key in state.opinions if of == number}
    return [each for each in state.judged[number].criteria if each.criterion in asked]
