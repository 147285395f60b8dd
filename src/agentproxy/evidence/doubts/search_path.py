"""Finds the folders that the checks of a project have Python search for modules."""

import asyncio
import posixpath
import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from agentproxy.evidence.doubts.python_path import SETTINGS, find_in_commands, find_python_path
from agentproxy.evidence.doubts.read_search_path import SearchAnswer, SearchRequest
from agentproxy.evidence.falsification.stubs.ask_parser import ask_parser
from agentproxy.evidence.test_files import is_test_file
from agentproxy.workspace.git.repository import Repository
from agentproxy.workspace.trees.mentions import find_matches
from agentproxy.workspace.trees.variants import read_versions

MAX_FILES = 200
MAX_BYTES = 2 << 20
SECONDS = 20.0
_CHANGES = ("sys[.]path", "addsitedir", "syspath_prepend", "PYTHONPATH")
# What runs the tests, beside the commands of checks.
_COMMANDS = re.compile(
    r"(?:.*/)?(?:(?:GNU)?[Mm]akefile|[\w.-]+\.(?:mk|sh)|[Jj]ustfile|[Tt]askfile\.ya?ml|tox\.(?:ini|toml)"
    r"|pyproject\.toml|setup\.cfg|package\.json|noxfile\.py|hatch\.toml)"
)


@dataclass(frozen=True, slots=True)
class SearchPath:
    """Folders, relative to the root of the project, "" itself. `is_whole`: the claim has brought
    nothing that could not be read, and that may name others.
    """

    folders: frozenset[str]
    is_whole: bool


async def find_search_path(
    repository: Repository,
    paths: Collection[str],
    *,
    base: str,
    claim: str,
    commands: Collection[tuple[str, str]],
) -> SearchPath:
    """What base and claim have Python search.

    `paths` are those of the base, `commands` the checks, each with its folder.

    Raises:
        GitError: the tree could not be searched.
    """
    settings = [path for path in paths if SETTINGS.fullmatch(path)][:MAX_FILES]
    found = {*find_python_path(await texts_of(repository, settings, commit=base))}
    old, new = [await _texts(repository, commit) for commit in (base, claim)]
    brought = {text: None for text in new.texts if text not in set(old.texts)}
    # Apart: what a claim brings may keep the parser from its end.
    answers = [await _ask(old.texts), await _ask(tuple(brought))]
    told = [(posixpath.dirname(path), text) for path, text in (*old.texts, *brought)]
    found.update(folder for answer in answers if answer for folder in answer.folders)
    folders = frozenset({*found, *find_in_commands([*commands, *told])})
    return SearchPath(folders, new.unread <= old.unread and answers[1] is not None)


@dataclass(frozen=True, slots=True)
class _Texts:
    texts: tuple[tuple[str, str], ...]  # by path
    unread: frozenset[str]


async def _texts(repository: Repository, commit: str) -> _Texts:
    """What a commit has that may change the search path."""
    matches = await find_matches(repository, _CHANGES, commit=commit)
    paths = sorted({path for path, _ in matches if _is_read(path)})
    read = await read_versions(
        repository, paths[:MAX_FILES], base=commit, claim=commit, most=MAX_BYTES
    )
    texts = {path: each.before for path, each in read.items() if each.before is not None}
    return _Texts(
        tuple((path, text.decode(errors="replace")) for path, text in texts.items()),
        frozenset(set(paths) - texts.keys()),
    )


def _is_read(path: str) -> bool:
    return bool(_COMMANDS.fullmatch(path)) or (path.endswith(".py") and is_test_file(path))


async def _ask(texts: Sequence[tuple[str, str]]) -> SearchAnswer | None:
    sources = tuple((path, text) for path, text in texts if path.endswith(".py"))
    if not sources:
        return SearchAnswer(())
    return await asyncio.to_thread(
        ask_parser,
        "doubts.read_search_path",
        SearchRequest(sources),
        answer=SearchAnswer,
        seconds=SECONDS,
    )


async def texts_of(
    repository: Repository, paths: Collection[str], *, commit: str
) -> Mapping[str, str]:
    """The texts of some files of a commit; one that is too large has none."""
    read = await read_versions(repository, paths, base=commit, claim=commit, most=MAX_BYTES)
    return {path: (each.before or b"").decode(errors="replace") for path, each in read.items()}
