"""Finds the folders that the checks of a project have Python search for modules."""

import asyncio
import posixpath
import re
from collections.abc import Collection, Mapping, Sequence

from agentproxy.evidence.doubts.python_path import SETTINGS, find_in_commands, find_python_path
from agentproxy.evidence.doubts.read_search_path import SearchAnswer, SearchRequest
from agentproxy.evidence.falsification.stubs.ask_parser import ask_parser
from agentproxy.evidence.test_files import is_test_file
from agentproxy.workspace.git.repository import Repository
from agentproxy.workspace.trees.mentions import find_matches
from agentproxy.workspace.trees.variants import read_versions

MAX_FILES = 200
MAX_BYTES = 4 << 20
SECONDS = 20.0
_CHANGES = ("sys[.]path", "addsitedir", "syspath_prepend", "PYTHONPATH")
# What runs the tests, beside the commands of checks.
_COMMANDS = re.compile(
    r"(?:.*/)?(?:(?:GNU)?[Mm]akefile|[\w.-]+\.(?:mk|sh)|[Jj]ustfile|[Tt]askfile\.ya?ml|tox\.(?:ini|toml)"
    r"|pyproject\.toml|setup\.cfg|package\.json|noxfile\.py|hatch\.toml)"
)


async def find_search_path(
    repository: Repository,
    paths: Collection[str],
    *,
    commits: Sequence[str],
    commands: Collection[tuple[str, str]],
) -> frozenset[str]:
    """The folders, relative to the root of the project, "" itself, as any of the commits has it.

    `paths` are those of the first commit, `commands` the checks, each with its folder.

    Raises:
        GitError: the tree could not be searched.
    """
    first, *_ = commits
    settings = [path for path in paths if SETTINGS.fullmatch(path)][:MAX_FILES]
    found = {*find_python_path(await texts_of(repository, settings, commit=first))}
    sources: list[tuple[str, str]] = []
    told = list(commands)
    for commit in commits:
        matches = await find_matches(repository, _CHANGES, commit=commit)
        changing = sorted({path for path, _ in matches if _is_read(path)})[:MAX_FILES]
        texts = await texts_of(repository, changing, commit=commit)
        sources += [(path, text) for path, text in texts.items() if path.endswith(".py")]
        told += [(posixpath.dirname(path), text) for path, text in texts.items()]
    request = SearchRequest(files=tuple(dict.fromkeys(sources)))
    if sources:
        answer = await asyncio.to_thread(_ask, request)
        found.update(answer.folders if answer else ())
    return frozenset({*found, *find_in_commands(told)})


def _is_read(path: str) -> bool:
    return bool(_COMMANDS.fullmatch(path)) or (path.endswith(".py") and is_test_file(path))


def _ask(request: SearchRequest) -> SearchAnswer | None:
    return ask_parser("doubts.read_search_path", request, answer=SearchAnswer, seconds=SECONDS)


async def texts_of(
    repository: Repository, paths: Collection[str], *, commit: str
) -> Mapping[str, str]:
    """The texts of some files of a commit; one that is too large has none."""
    read = await read_versions(repository, paths, base=commit, claim=commit, most=MAX_BYTES)
    return {path: (each.before or b"").decode(errors="replace") for path, each in read.items()}
