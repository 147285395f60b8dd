"""Reads the changed files of a claim for what speaks against it, while its checks run."""

import asyncio
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from agentproxy.engine.cancellation import all_together
from agentproxy.engine.context import Context
from agentproxy.events.check import BASE
from agentproxy.events.envelope import Fact
from agentproxy.events.trials import ClaimExamined
from agentproxy.evidence.doubts.look import (
    PROSE,
    Look,
    decoded,
    look_for_doubts,
    read_sources_apart,
)
from agentproxy.evidence.other_date import find_clock_library, mentions_clock
from agentproxy.evidence.reports.test_ids import file_of_test
from agentproxy.supervisor.changed_files import MAX_PARSED_BYTES
from agentproxy.supervisor.effects.prepare_trials import prepare_early
from agentproxy.supervisor.face import SUPERVISED
from agentproxy.supervisor.parts import Parts
from agentproxy.supervisor.stages import Stage
from agentproxy.supervisor.state import State
from agentproxy.text.added_lines import added_lines
from agentproxy.workspace.trees.variants import Versions, read_versions

MAX_RED_FILES = 20
# Rises with a new kind of doubt. What an earlier version looked at and did not judge is looked at
# again, where this one resumes the run.
LOOKS = 4


@dataclass(frozen=True, slots=True)
class ExamineClaim:
    round: int


@SUPERVISED.fold(ClaimExamined)
def fold_examined(state: State, fact: ClaimExamined) -> None:
    state.examined[fact.round] = fact
    state.examined_in[fact.round] = state.lifecycle.segment
    if fact.round in state.weighed:
        state.result_count += 1  # it was weighed without this


@SUPERVISED.due_at(Stage.CHECKS)
def examination_due(state: State) -> Mapping[str, ExamineClaim]:
    number = state.round
    if state.unchanged(number) or number in state.judged or _is_looked_at(state, number):
        return {}
    # The tests that were red are read too.
    if not all(state.results_of(check.name, BASE) for check in state.scope.checks):
        return {}
    return {f"examine:{number}": ExamineClaim(number)}


def _is_looked_at(state: State, number: int) -> bool:
    seen = state.examined.get(number)
    # Whoever took the run over looks for what the version before did not.
    resumed = state.examined_in.get(number) != state.lifecycle.segment
    return seen is not None and (seen.looks >= LOOKS or not resumed)


@SUPERVISED.handles(ExamineClaim)
async def examine(effect: ExamineClaim, context: Context[State, Parts]) -> Sequence[Fact]:
    state, number = context.state, effect.round
    repository = context.parts.checks.repository
    base, claim = state.require_base().commit, state.claims[number].commit
    changes = state.claims[number].changes
    paths = {*(each.path for each in changes), *_red_files(state)}
    versions = await read_versions(repository, paths, base=base, claim=claim, most=MAX_PARSED_BYTES)

    async def examined() -> ClaimExamined:
        look = Look(
            task=state.require_contract().task,
            base=base,
            claim=claim,
            changes=changes,
            versions=versions,
            whole=not state.has_more_parts,
            sources=await asyncio.to_thread(read_sources_apart, versions),
            commands=_commands_of(state, root=str(repository.root)),
        )
        doubts = await look_for_doubts(repository, look)
        clock = await asyncio.to_thread(_clock_library, versions, {each.path for each in changes})
        return ClaimExamined(round=number, doubts=doubts, clock_library=clock, looks=LOOKS)

    # Where both trees have run meanwhile, the verdict waits for this.
    facts = await all_together(examined(), prepare_early(context, number))
    return [fact for fact in facts if fact is not None]


def _commands_of(state: State, *, root: str) -> Sequence[tuple[str, str]]:
    """What the checks run with, each text with its folder."""
    paths = state.require_environment().env.get("PYTHONPATH", "").split(":")
    inside = [path.removeprefix(f"{root}/") if path != root else "." for path in paths]
    told = [(".", f"PYTHONPATH={':'.join(inside)}")]
    for check in state.scope.checks:
        told.append((check.directory, check.command))
        told += [(check.directory, f"{name}='{text}'") for name, text in check.env.items()]
    return told


def _clock_library(versions: Mapping[str, Versions], changed: Collection[str]) -> str:
    texts = decoded(versions)
    lines = (
        line
        for path, (before, after) in texts.items()
        # What was red says as a whole what it needs.
        for line in (added_lines(before, after) if path in changed else after.splitlines())
        if not path.endswith(PROSE)
    )
    return find_clock_library() if mentions_clock(lines) else ""


def _red_files(state: State) -> Sequence[str]:
    """The files of the tests that failed at the base, at most 20."""
    files = {
        file
        for check in state.scope.checks
        for result in state.results_of(check.name, BASE)
        for test in result.tests
        if test.outcome == "failed" and (file := file_of_test(test.name))
    }
    return sorted(files)[:MAX_RED_FILES]
