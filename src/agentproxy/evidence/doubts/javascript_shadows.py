"""Which added files Node loads in the place of others. Pure."""

import re
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping

from agentproxy.evidence.verdict_text import list_names

MAX_PACKAGES = 1000
CODE = re.compile(r".*\.(?:[cm]?[jt]sx?|vue|svelte)")
_IN_PACKAGE = re.compile(
    r"(?P<folder>(?:.*?/)?)node_modules/(?P<name>(?:@[^/]+/)?[^/.@][^/]*)/.*", re.DOTALL
)
_COMPILED = re.compile(r"(.*)\.[cm]?jsx?", re.DOTALL)
_SOURCE = (".ts", ".tsx", ".mts", ".cts")

# Where each package lies that a claim adds: the folder above node_modules.
Packages = Mapping[str, Collection[str]]


def find_added_packages(added: Iterable[str], *, before: Iterable[str]) -> Packages:
    """The packages in node_modules that the base did not have, by name."""
    known = set(filter(None, map(_package, before)))
    found: dict[str, set[str]] = defaultdict(set)
    for package in filter(None, map(_package, added)):
        if package not in known and len(found) < MAX_PACKAGES:
            folder, name = package
            found[name].add(folder)
    return found


def _package(path: str) -> tuple[str, str] | None:
    match = _IN_PACKAGE.fullmatch(path)
    return (match["folder"], match["name"]) if match else None


def find_replaced_packages(
    packages: Packages, imports: Mapping[str, Collection[str]]
) -> Iterator[tuple[str, str]]:
    """The folders of added packages, each with what it replaces, in words. `imports` has the files
    of the base that import each package.
    """
    for name, folders in packages.items():
        for folder in folders:
            users = sorted(user for user in imports.get(name, ()) if user.startswith(folder))
            if users:
                yield f"{folder}node_modules/{name}", f"the installed {name} by {list_names(users)}"


def find_replaced_sources(
    added: Iterable[str], *, before: Collection[str], after: Collection[str]
) -> Iterator[tuple[str, str]]:
    """Added files of JavaScript beside an older file of TypeScript with the same name."""
    for path in added:
        match = _COMPILED.fullmatch(path)
        for source in (f"{match[1]}{ending}" for ending in _SOURCE) if match else ():
            if source in before and source in after:
                yield path, source
