"""Writes the variants of a claim on which its own tests must fail."""

import asyncio
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from agentproxy.engine.context import Context
from agentproxy.events.check import TrialKind
from agentproxy.events.envelope import Fact
from agentproxy.events.trials import TrialsPrepared, TrialTree
from agentproxy.evidence.doubts.find_doubts import find_stand_ins
from agentproxy.evidence.doubts.look import decoded
from agentproxy.evidence.falsification.stubs.data_files import is_data
from agentproxy.evidence.falsification.stubs.languages import language_of
from agentproxy.evidence.falsification.stubs.make_stub_files import StubFiles, make_stub_files
from agentproxy.supervisor.changed_files import MAX_PARSED_BYTES, split_changes
from agentproxy.supervisor.face import SUPERVISED
from agentproxy.supervisor.parts import Parts
from agentproxy.supervisor.stages import Stage
from agentproxy.supervisor.state import State
from agentproxy.workspace.trees.variants import (
    Kept,
    Variant,
    Versions,
    read_versions,
    write_variants,
)

MESSAGES: Mapping[TrialKind, str] = {
    "without": "The claim, without its change of the code\n",
    "stub": "The claim, with functions that do what they did at the base, or nothing\n",
    "raising": "The claim, with functions that do what they did at the base, or raise\n",
}


@dataclass(frozen=True, slots=True)
class PrepareTrials:
    """Write the variants of the claim of a round."""

    round: int


@SUPERVISED.fold(TrialsPrepared)
def fold_trials(state: State, fact: TrialsPrepared) -> None:
    """The variants are there, so the claim is weighed again."""
    state.trials[fact.round] = fact
    state.result_count += 1
    state.trials_since = state.result_count


@SUPERVISED.due_at(Stage.TRIALS)
def trials_due(state: State) -> Mapping[str, PrepareTrials]:
    """Due where a check was green before, and nothing refutes the claim."""
    number = state.round
    weighed = state.weighed.get(number)
    if number in state.trials or weighed is None or weighed.refuted or not weighed.trials:
        return {}
    return {f"trials:{number}": PrepareTrials(number)}


@SUPERVISED.handles(PrepareTrials)
async def prepare(effect: PrepareTrials, context: Context[State, Parts]) -> Sequence[Fact]:
    """Each variant is kept under a ref of ours, so that `pa evidence --rerun` finds it."""
    state, number = context.state, effect.round
    tests, code = split_changes(state, number)
    repository = context.parts.checks.repository
    base, claim = state.require_base().commit, state.claims[number].commit
    paths = (*tests, *code)
    versions = await read_versions(repository, paths, base=base, claim=claim, most=MAX_PARSED_BYTES)
    changed = {path: versions[path] for path in code if path in versions}
    stubs = await asyncio.to_thread(make_stub_files, changed)
    nothing = stubs["nothing"]
    old = (*_data_of_base(changed), *_code_of_base(changed))
    variants: dict[TrialKind, Variant] = {
        "without": Variant(restored=code),
        "stub": _stubbed(nothing, old),
        "raising": _stubbed(stubs["raises"], old),
    }
    refs = f"refs/agentproxy/{context.parts.run}/claim-{number}"
    kept = [
        Kept(variant, ref=f"{refs}-{kind}", message=MESSAGES[kind])
        for kind, variant in variants.items()
    ]
    written = await write_variants(repository, kept, base=base, claim=claim)
    trees: dict[TrialKind, TrialTree] = {
        kind: TrialTree(commit=commit, tree=tree)
        for kind, (commit, tree) in zip(variants, written, strict=True)
        if commit != claim
    }
    return [
        TrialsPrepared(
            round=number,
            trees=trees,
            code=code,
            tests=tests,
            doubts=tuple(find_stand_ins(decoded(versions), nothing.functions)),
            resigned=nothing.resigned,
            stubbed=tuple(sorted(nothing.contents)),
            unstubbed=dict(nothing.failed),
        )
    ]


def _data_of_base(changed: Mapping[str, Versions]) -> tuple[str, ...]:
    """Data of the base that the claim changes; new data stays, as a new name does."""
    return tuple(
        path for path, each in changed.items() if each.before and each.after and is_data(path)
    )


def _code_of_base(changed: Mapping[str, Versions]) -> tuple[str, ...]:
    """Code that the claim took away: bodies of the base may need it. What was moved is left out."""
    added = {
        part
        for path, each in changed.items()
        if each.before is None
        for part in re.split(r"[/.]", path)
    }
    return tuple(
        path
        for path, each in changed.items()
        if each.after is None
        and each.before is not None
        and language_of(path) is not None
        and path.rpartition("/")[2].partition(".")[0] not in added
    )


def _stubbed(stubs: StubFiles, old: Sequence[str]) -> Variant:
    # Without a stub, the claim without its change says all.
    return Variant(restored=old, rewritten=stubs.contents) if stubs.contents else Variant()
