"""Looks in the tree for files that a claim adds and that tests load in the place of others."""

import re
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence

from agentproxy.events.git_facts import Change
from agentproxy.evidence.dependency_files import is_dependency_file
from agentproxy.evidence.doubts import javascript_shadows, shadows
from agentproxy.evidence.doubts.required import find_required
from agentproxy.evidence.doubts.search_path import find_search_path, texts_of
from agentproxy.workspace.git.repository import Repository
from agentproxy.workspace.trees.mentions import find_matches
from agentproxy.workspace.trees.variants import Versions, paths_of

_PYTHON = (
    r"^[[:space:]]*(import|from)[[:space:]]+({0})([^[:alnum:]_]|$)",
    r"^[[:space:]]*import[[:space:]].*,[[:space:]]*({0})([^[:alnum:]_]|$)",
    "import_module\\([[:space:]]*['\"]({0})['\".]",
)
_JAVASCRIPT = "(from|require[[:space:]]*\\(|import[[:space:]]*\\(?)[[:space:]]*['\"]({0})['\"/]"
MAX_LISTS = 200
UNREAD = ", as far as can be told: its files of tests are too many or too long to read"
# What no pattern means otherwise.
_PLAIN = re.compile(r"[\w.@/-]+")

Replaced = Sequence[tuple[str, str]]


async def find_replaced(
    repository: Repository,
    changes: Iterable[Change],
    versions: Mapping[str, Versions],
    *,
    task: str,
    base: str,
    claim: str,
    commands: Collection[tuple[str, str]] = (),
) -> Replaced:
    """Paths of added files, each with what it is loaded in the place of, in words.

    `commands` are those of the checks, each with its folder.

    Raises:
        GitError: the tree could not be searched.
    """
    added = [each.path for each in changes if each.status == "added"]
    compiled = [
        (path, "its source")
        for path, each in versions.items()
        if path.endswith(".pyc") and shadows.is_trusted_blindly(each.after or b"")
    ]
    if not added:
        return compiled
    before, after = await paths_of(repository, base), await paths_of(repository, claim)
    old, new = frozenset(before), frozenset(after)
    names = shadows.find_added_names(added, before=old, after=new)
    searched, words = set(shadows.searched_folders(after)), ""
    if any(folder not in searched for folder, _ in names):
        path = await find_search_path(repository, before, base=base, claim=claim, commands=commands)
        searched |= path.folders
        if not path.is_whole:
            searched, words = {folder for folder, _ in names}, UNREAD
    # Before they are counted: a claim can add very many files that nobody searches for.
    names = {place: path for place, path in names.items() if place[0] in searched}
    modules = await _find_modules(repository, names, before=old, after=new, task=task, base=base)
    return [
        *compiled,
        *((path, f"{what}{words}") for path, what in modules),
        *await _find_packages(repository, added, before=before, base=base),
        *javascript_shadows.find_replaced_sources(added, before=old, after=new),
    ]


async def _find_modules(
    repository: Repository,
    names: shadows.Names,
    *,
    before: Collection[str],
    after: Collection[str],
    task: str,
    base: str,
) -> Replaced:
    modules = shadows.find_added_modules(names, before=before, after=after)
    if not modules:
        return ()
    wanted = shadows.names_to_find(modules)
    patterns = [_any_of(pattern, wanted) for pattern in _PYTHON]
    imports = _by_name(
        (path, found)
        for path, found in await find_matches(repository, patterns, commit=base)
        if path.endswith(".py")
    )
    lists = [path for path in before if is_dependency_file(path)][:MAX_LISTS]
    required = find_required(await texts_of(repository, lists, commit=base))
    return list(shadows.find_shadows(modules, imports, task=task, required=required))


async def _find_packages(
    repository: Repository, added: Sequence[str], *, before: Iterable[str], base: str
) -> Replaced:
    packages = javascript_shadows.find_added_packages(added, before=before)
    names = [name for name in packages if _PLAIN.fullmatch(name)]
    if not names:
        return ()
    found = await find_matches(repository, [_any_of(_JAVASCRIPT, names)], commit=base)
    imports = _by_name(
        (path, text) for path, text in found if javascript_shadows.CODE.fullmatch(path)
    )
    return list(javascript_shadows.find_replaced_packages(packages, imports))


def _any_of(pattern: str, names: Iterable[str]) -> str:
    return pattern.format("|".join(name.replace(".", "[.]") for name in sorted(names)))


def _by_name(found: Iterable[tuple[str, str]]) -> Mapping[str, Collection[str]]:
    """The files by what they import: the last name of each text."""
    users: dict[str, set[str]] = defaultdict(set)
    for path, text in found:
        name = re.search(r"([\w.@/-]*\w)\W*$", text)
        if name:
            users[name[1]].add(path)
    return users
