"""Reads which changes of a claim the task asks for."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from agentproxy.engine.context import Context
from agentproxy.events.asked import AskedRead
from agentproxy.events.envelope import Fact
from agentproxy.evidence.asked.task_text import read_task
from agentproxy.evidence.asked.test_changes import read_test_changes
from agentproxy.evidence.asked.tree_facts import (
    Occurrences,
    WordCounts,
    find_done,
    moves_of,
    names_to_search,
)
from agentproxy.evidence.test_files import is_test_file
from agentproxy.supervisor.face import SUPERVISED
from agentproxy.supervisor.parts import Parts
from agentproxy.supervisor.stages import Stage
from agentproxy.supervisor.state import State
from agentproxy.workspace.git.command import GitError
from agentproxy.workspace.git.repository import Repository
from agentproxy.workspace.trees.mentions import count_mentions
from agentproxy.workspace.trees.variants import paths_of, read_versions

MAX_FILE_BYTES = 1 << 20  # larger files are not read: no change in them counts as asked for


@dataclass(frozen=True, slots=True)
class ReadAsked:
    round: int


@SUPERVISED.fold(AskedRead)
def fold_asked(state: State, fact: AskedRead) -> None:
    state.asked[fact.round] = fact


@SUPERVISED.due_at(Stage.CHECKS)
def asked_due(state: State) -> Mapping[str, ReadAsked]:
    number = state.round
    if number in state.asked or state.unchanged(number):
        return {}
    return {f"asked:{number}": ReadAsked(number)}


@SUPERVISED.handles(ReadAsked)
async def read(effect: ReadAsked, context: Context[State, Parts]) -> Sequence[Fact]:
    state, number = context.state, effect.round
    repository = context.parts.checks.repository
    base, claim = state.require_base().commit, state.claims[number].commit
    changes = state.claims[number].changes
    task = await asyncio.to_thread(read_task, state.require_contract().task)
    paths = [each.path for each in changes]
    versions = await read_versions(repository, paths, base=base, claim=claim, most=MAX_FILE_BYTES)
    texts = {
        path: (_text(each.before), _text(each.after))
        for path, each in versions.items()
        if not each.opaque
    }
    code = {path: text for path, text in texts.items() if not is_test_file(path)}
    counts = replace(
        await _count(repository, names_to_search(task), base=base, claim=claim),
        code=code,
        deleted=[each.path for each in changes if each.status == "deleted"],
        paths=await paths_of(repository, base) if moves_of(task) else (),
    )
    asked = await asyncio.to_thread(
        read_test_changes,
        task,
        {path: text for path, text in texts.items() if path not in code},
        code_paths=[path for path in paths if not is_test_file(path)],
        gone_names=counts.gone(task),
    )
    return [
        AskedRead(
            round=number,
            test_files=dict(asked.files),
            gone=dict(asked.gone),
            moved={path: dict(names) for path, names in asked.moved.items()},
            shared=asked.shared,
            open=dict(asked.open),
            done=find_done(task, counts, changes),
        )
    ]


async def _count(
    repository: Repository, names: Sequence[str], *, base: str, claim: str
) -> WordCounts:
    try:
        before, after = [
            _by_word(await count_mentions(repository, names, commit=commit))
            for commit in (base, claim)
        ]
    except GitError:
        return WordCounts(Occurrences(), Occurrences())  # too many to count
    return WordCounts(before, after)


def _by_word(mentions: Mapping[tuple[str, str], int]) -> Occurrences:
    found: dict[str, dict[str, int]] = {}
    for (path, word), count in mentions.items():
        found.setdefault(word, {})[path] = count
    return Occurrences(found)


def _text(content: bytes | None) -> str:
    return (content or b"").decode(errors="replace")
