"""Which new functions and classes nothing but tests uses. Pure."""

import re
from collections.abc import Collection, Mapping, Sequence
from types import MappingProxyType
from typing import NamedTuple

MAX_NAMES = 10
MAX_SIBLINGS = 5
_WORD = re.compile(r"[A-Za-z_$][\w$]*")
_PREFIX = re.compile(r"_*(?:[a-z0-9]+(?=[_A-Z])|[A-Z][a-z0-9]+(?=[A-Z]))")
# Frameworks call these by their names.
_CALLED_BY_NAME = re.compile(
    r"__\w+__|main|setup|teardown|handler|\w+_handler|register|plugin|application|app|create_app"
    r"|upgrade|downgrade|load_tests|pytest_\w+|setUp\w*|tearDown\w*|up|down|activate|deactivate"
)
# Frameworks find the files in these folders, or of these names, without an import.
_FOUND_BY_FOLDER = re.compile(
    r"(?:.*/)?(?:pages?|routes?|api|commands?|plugins?|functions|tasks|migrations|scripts|bin"
    r"|hooks|templatetags|handlers?|extensions?|middlewares?|jobs|views?|controllers?)/.*"
    r"|(?:.*/)?(?:page|route|layout|loading|error|not-found|template|middleware)\.[cm]?[jt]sx?"
)

_NONE: Mapping[str, frozenset[str]] = MappingProxyType({})


class FileNames(NamedTuple):
    """The names of one source file.

    `defined` are its functions and classes at the top, each with the names used inside of it;
    `registered` those that something finds without their name: a decorator, a base class, a
    default export. `used` are the names used elsewhere in the file; imports, exports and
    `__all__` use nothing.
    """

    defined: Mapping[str, frozenset[str]] = _NONE
    registered: frozenset[str] = frozenset()
    used: frozenset[str] = frozenset()


class SourceFile(NamedTuple):
    """A changed code file: its names at the base and at the claim, None where it is not parsed."""

    path: str
    before: FileNames | None
    after: FileNames | None
    text: str  # at the claim
    is_new: bool = False


def find_unreached(
    files: Sequence[SourceFile], tests: Sequence[str]
) -> Mapping[str, tuple[str, ...]]:
    """The new names that the texts of `tests` use and no changed file does, each with its
    siblings: older names of its file with its prefix, as functions have that a table finds.

    Nothing where any new name is reached: then the claim joined its code to the program.
    """
    new = _new_names(files)
    edges = {name: uses for names in new.values() for name, uses in names.items()}
    if not edges or _is_reached(files, new, edges):
        return {}
    tested = {word for text in tests for word in _WORD.findall(text)}
    wanted = {
        name: _siblings(file, name, names)
        for file, names in ((file, new[file.path]) for file in files)
        for name in sorted(names)
        if name in tested and not _CALLED_BY_NAME.fullmatch(name)
    }
    return dict(list(wanted.items())[:MAX_NAMES])


def _new_names(files: Sequence[SourceFile]) -> dict[str, Mapping[str, frozenset[str]]]:
    old = {name for file in files if file.before for name in file.before.defined}
    return {
        file.path: {
            name: uses
            for name, uses in (file.after.defined.items() if file.after else ())
            if name not in old
        }
        for file in files
    }


def _is_reached(
    files: Sequence[SourceFile],
    new: Mapping[str, Mapping[str, frozenset[str]]],
    edges: Mapping[str, Collection[str]],
) -> bool:
    for file in files:
        if file.is_new and _FOUND_BY_FOLDER.fullmatch(file.path) and new[file.path]:
            return True
        if file.after is None:
            if not edges.keys().isdisjoint(_WORD.findall(file.text)):
                return True
            continue
        roots = set(file.after.used)
        for name, uses in file.after.defined.items():
            if name not in new[file.path]:
                roots |= uses
        roots |= file.after.registered & new[file.path].keys()
        if not edges.keys().isdisjoint(roots):
            return True
    return False


def _siblings(file: SourceFile, name: str, new: Mapping[str, frozenset[str]]) -> tuple[str, ...]:
    prefix = _PREFIX.match(name)
    if prefix is None or file.after is None:
        return ()
    others = (
        other
        for other in file.after.defined
        if other not in new and (found := _PREFIX.match(other)) and found[0] == prefix[0]
    )
    return tuple(others)[:MAX_SIBLINGS]
