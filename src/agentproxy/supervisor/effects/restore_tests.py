"""Restores the base's tests and settings that a claim changes."""

import posixpath
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from agentproxy.engine.context import Context
from agentproxy.events.envelope import Fact
from agentproxy.events.git_facts import TestsRestored
from agentproxy.evidence.doubts.look import decoded
from agentproxy.evidence.patching_tests import find_patching_modules, loads_any
from agentproxy.evidence.reports.go_source import find_declared_again
from agentproxy.evidence.runner_settings import settings_changed
from agentproxy.evidence.test_files import is_test_file
from agentproxy.supervisor.changed_files import MAX_PARSED_BYTES
from agentproxy.supervisor.face import SUPERVISED
from agentproxy.supervisor.parts import Parts
from agentproxy.supervisor.stages import Stage
from agentproxy.supervisor.state import State
from agentproxy.workspace.trees.restored import restore_files
from agentproxy.workspace.trees.variants import read_versions


@dataclass(frozen=True, slots=True)
class RestoreTests:
    round: int
    paths: tuple[str, ...]


@SUPERVISED.fold(TestsRestored)
def fold_restored(state: State, fact: TestsRestored) -> None:
    state.restored[fact.round] = fact


@SUPERVISED.due_at(Stage.OWN_TESTS)
def restore_due(state: State) -> Mapping[str, RestoreTests]:
    number = state.round
    weighed = state.weighed.get(number)
    if number in state.restored or weighed is None or weighed.refuted:
        return {}
    # A proof may rest on tests or settings that the claim itself changed (decision 12).
    paths = tuple(sorted({path for found in weighed.own_tests.values() for path in found}))
    return {f"restore:{number}": RestoreTests(number, paths)} if paths else {}


@SUPERVISED.handles(RestoreTests)
async def restore(effect: RestoreTests, context: Context[State, Parts]) -> Sequence[Fact]:
    state, number = context.state, effect.round
    patching = await _find_patching(context, number)
    again = await _find_declared_again(context, effect)

    def decides(path: str, before: bytes | None, after: bytes | None) -> bool:
        new_test = before is None and is_test_file(path)
        loads = new_test and loads_any((after or b"").decode(errors="replace"), patching)
        return loads or path in again or settings_changed(path, before, after)

    commit, tree, files = await restore_files(
        context.parts.checks.repository,
        sorted({*effect.paths, *again}),
        base=state.require_base().commit,
        claim=state.claims[number].commit,
        ref=f"refs/agentproxy/{context.parts.run}/claim-{number}-with-base-tests",
        decides=decides,
    )
    return [TestsRestored(round=number, commit=commit, tree=tree, files=files)]


async def _find_declared_again(
    context: Context[State, Parts], effect: RestoreTests
) -> Collection[str]:
    """New files of Go's tests beside which those of the base cannot be built: a test has moved."""
    claim = context.state.claims[effect.round]
    added = {each.path for each in claim.changes if each.status == "added"}
    old = [path for path in effect.paths if path.endswith("_test.go") and path not in added]
    folders = {posixpath.dirname(path) for path in old}
    new = [p for p in added if p.endswith("_test.go") and posixpath.dirname(p) in folders]
    if not new:
        return ()
    versions = await read_versions(
        context.parts.checks.repository,
        [*old, *new],
        base=context.state.require_base().commit,
        claim=claim.commit,
        most=MAX_PARSED_BYTES,
    )
    texts = decoded(versions)
    before = {path: texts[path][0] for path in old if path in texts}
    return find_declared_again(before, {path: texts[path][1] for path in new if path in texts})


async def _find_patching(context: Context[State, Parts], number: int) -> frozenset[str]:
    """The names of new modules of the claim that change what others load."""
    state = context.state
    claim = state.claims[number]
    added = [each.path for each in claim.changes if each.status == "added"]
    versions = await read_versions(
        context.parts.checks.repository,
        added,
        base=state.require_base().commit,
        claim=claim.commit,
        most=MAX_PARSED_BYTES,
    )
    texts = {path: (each.after or b"").decode(errors="replace") for path, each in versions.items()}
    return find_patching_modules(texts)
