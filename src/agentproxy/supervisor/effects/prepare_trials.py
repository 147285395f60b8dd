"""Writes the variants of a claim on which its own tests must fail."""

import asyncio
import contextlib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from agentproxy.engine.cancellation import all_together
from agentproxy.engine.context import Context
from agentproxy.events.check import BASE, TrialKind, claim_tree
from agentproxy.events.envelope import Fact
from agentproxy.events.trials import TrialsPrepared, TrialTree
from agentproxy.evidence.check_context import NotClean
from agentproxy.evidence.doubts.find_doubts import find_stand_ins
from agentproxy.evidence.doubts.look import decoded
from agentproxy.evidence.falsification.control import may_look_at_code, with_comments
from agentproxy.evidence.falsification.stubs.data_files import is_data
from agentproxy.evidence.falsification.stubs.languages import has_stubs
from agentproxy.evidence.falsification.stubs.make_stub_files import StubFiles, make_stub_files
from agentproxy.evidence.reports.go_source import find_declared_again
from agentproxy.supervisor.changed_files import MAX_PARSED_BYTES, split_changes
from agentproxy.supervisor.early_trials import run_trials_early
from agentproxy.supervisor.environments import environment_of
from agentproxy.supervisor.face import SUPERVISED
from agentproxy.supervisor.parts import Parts
from agentproxy.supervisor.stages import Stage
from agentproxy.supervisor.state import State
from agentproxy.workspace.git.command import GitError
from agentproxy.workspace.git.repository import RepositoryUnusable
from agentproxy.workspace.sandbox.port import SandboxError
from agentproxy.workspace.trees.claim import MESSAGE
from agentproxy.workspace.trees.variants import (
    Kept,
    Variant,
    Versions,
    read_versions,
    write_variants,
)


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
    split = split_changes(context.state, effect.round)
    early = context.parts.early_trials.get(effect.round)
    # What the check ran may have shown that a file is one of tests.
    if early is not None and (early.tests, early.code) == split:
        return [early]
    return [await _write(context, effect.round, split)]


async def prepare_early(context: Context[State, Parts], number: int) -> None:
    """Does the work beside the checks of the claim, where none was red at the base.

    Its fact is not recorded before a weighing asks for it.
    """
    state, checks = context.state, context.parts.checks
    split = tests, code = split_changes(state, number)
    base = (state.results_of(check.name, BASE) for check in state.scope.checks)
    if number in state.trials or not tests or not code:
        return
    if any(each[-1].exit_code != 0 for each in base):
        return
    # A fault comes again where the work is due.
    with contextlib.suppress(GitError, NotClean, RepositoryUnusable, SandboxError, OSError):
        early = await _write(context, number, split)
        context.parts.early_trials[number] = early
        if not checks.sandbox.isolates:
            return
        environment = environment_of(claim_tree(number), state=state)
        kinds = ("without", "stub", "control")
        made = (early.trees[kind] for kind in kinds if kind in early.trees)
        await all_together(*(checks.checkout(tree.commit, environment) for tree in made))
        await run_trials_early(context, number, early)


async def _write(
    context: Context[State, Parts], number: int, split: tuple[tuple[str, ...], tuple[str, ...]]
) -> TrialsPrepared:
    """Each variant is kept under a ref of ours, so that `pa evidence --rerun` finds it."""
    state, (tests, code) = context.state, split
    repository = context.parts.checks.repository
    base, claim = state.require_base().commit, state.claims[number].commit
    paths = (*tests, *code)
    versions = await read_versions(repository, paths, base=base, claim=claim, most=MAX_PARSED_BYTES)
    changed = {path: versions[path] for path in code if path in versions}
    new = {path: each.after for path, each in changed.items() if each.after is not None}
    stubs = await asyncio.to_thread(make_stub_files, changed)
    nothing = stubs["nothing"]
    old = (*_data_of_base(changed), *_code_of_base(changed))
    variants: dict[TrialKind, Variant] = {
        "without": Variant(restored=code),
        "stub": _stubbed(nothing, old),
        "raising": _stubbed(stubs["raises"], old),
        "control": Variant(rewritten=with_comments(new)),
    }
    message = MESSAGE.format(round=number)  # a test can read it
    refs = f"refs/agentproxy/{context.parts.run}/claim-{number}"
    kept = [
        Kept(variant, ref=f"{refs}-{kind}", message=message) for kind, variant in variants.items()
    ]
    written = await write_variants(repository, kept, base=base, claim=claim)
    trees: dict[TrialKind, TrialTree] = {
        kind: TrialTree(commit=commit, tree=tree)
        for kind, (commit, tree) in zip(variants, written, strict=True)
        if commit != claim or kind == "control"
    }
    return TrialsPrepared(
        round=number,
        trees=trees,
        code=code,
        tests=tests,
        doubts=tuple(find_stand_ins(decoded(versions), nothing.functions)),
        resigned=nothing.resigned,
        reads=may_look_at_code(
            decoded({each: versions[each] for each in tests if each in versions})
        ),
        stubbed=tuple(sorted(nothing.contents)),
        unstubbed=dict(nothing.failed),
    )


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
    moved = _moved_in_go(changed)
    return tuple(
        path
        for path, each in changed.items()
        if each.after is None
        and each.before is not None
        and path not in moved
        and has_stubs(path)
        and path.rpartition("/")[2].partition(".")[0] not in added
    )


def _moved_in_go(changed: Mapping[str, Versions]) -> frozenset[str]:
    """Files of Go whose content another file of their package has now: Go does not build both."""
    files = {path: each for path, each in changed.items() if path.endswith(".go")}
    gone = {path: _text(each.before) for path, each in files.items() if each.after is None}
    there = {path: _text(each.after) for path, each in files.items() if each.after is not None}
    return frozenset(find_declared_again(there, gone))


def _text(content: bytes | None) -> str:
    return (content or b"").decode(errors="replace")


def _stubbed(stubs: StubFiles, old: Sequence[str]) -> Variant:
    # Without a stub, the claim without its change says all.
    return Variant(restored=old, rewritten=stubs.contents) if stubs.contents else Variant()
