"""Which code a claim of tests alone is about: what the task names, else what its tests mention.
Pure.
"""

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from agentproxy.evidence.asked.spoken_of import means_file, means_function, stem_of
from agentproxy.evidence.falsification.stubs.languages import language_of
from agentproxy.evidence.test_files import is_test_file

Rank = tuple[bool, bool, int]

MAX_FILES = 200
MAX_TARGETS = 24
_WORD = re.compile(r"[^\W\d]\w*")
_OF_OTHERS = re.compile(
    r"(?:^|/)(?:node_modules|\.venv|venv|vendor|dist|build|third_party)/|\.min\."
)


@dataclass(frozen=True, slots=True)
class FunctionPlace:
    """A function in a file, with the names of its classes before a dot."""

    path: str
    function: str

    @property
    def leaf(self) -> str:
        return self.function.partition("#")[0].rpartition(".")[2]

    @property
    def holders(self) -> Sequence[str]:
        """The classes around it."""
        return self.function.split(".")[:-1]


@dataclass(frozen=True, slots=True)
class Target:
    """A function to put faults into. `about` is what the task names, and "" where it names none."""

    place: FunctionPlace
    about: str


@dataclass(frozen=True, slots=True)
class Mentions:
    """The words of the task, of the changed test files, and of the lines that are new in these."""

    task: str
    files: frozenset[str]
    added: frozenset[str]


def words_of(text: str) -> frozenset[str]:
    return frozenset(_WORD.findall(text))


def candidate_files(paths: Iterable[str], mentions: Mentions) -> list[str]:
    """The files that may hold the code under test, likely ones first."""
    code = [
        path
        for path in paths
        if language_of(path) and not is_test_file(path) and not _OF_OTHERS.search(path)
    ]
    return sorted(code, key=lambda path: _rank(path, mentions), reverse=True)[:MAX_FILES]


def choose_targets(places: Sequence[FunctionPlace], mentions: Mentions) -> list[Target]:
    """What the task names by function or class, else by file, else what the new tests mention."""
    chosen = _named_functions(places, mentions) or _in_named_files(places, mentions)
    if not chosen:
        known = [place for place in places if stem_of(place.path) in mentions.files]
        found = _mentioned(known, mentions) or _mentioned(places, mentions) or known
        chosen = [Target(place, "") for place in _likely(found, mentions, key=lambda it: it.leaf)]
    return chosen[:MAX_TARGETS]


def _named_functions(places: Sequence[FunctionPlace], mentions: Mentions) -> list[Target]:
    words = words_of(mentions.task)
    names = {name for place in places for name in (place.leaf, *place.holders) if name in words}
    chosen: list[Target] = []
    for name in sorted(filter(lambda name: means_function(mentions.task, name), names)):
        found = [each for each in places if each.leaf == name]
        if not found:
            members = [each for each in places if name in each.holders]
            found = _mentioned(members, mentions) or members
        chosen += [Target(each, name) for each in _likely(found, mentions, key=lambda _: name)]
    return chosen


def _in_named_files(places: Sequence[FunctionPlace], mentions: Mentions) -> list[Target]:
    chosen: list[Target] = []
    named = [place for place in places if means_file(mentions.task, place.path)]
    named = _likely(named, mentions, key=lambda place: stem_of(place.path))
    for path in dict.fromkeys(place.path for place in named):
        inside = [place for place in named if place.path == path]
        chosen += [Target(each, path) for each in _mentioned(inside, mentions) or inside]
    return chosen


def _mentioned(places: Iterable[FunctionPlace], mentions: Mentions) -> list[FunctionPlace]:
    return [place for place in places if place.leaf in mentions.added]


def _likely(
    places: Sequence[FunctionPlace], mentions: Mentions, *, key: Callable[[FunctionPlace], str]
) -> list[FunctionPlace]:
    """Of those that one name may mean, the ones whose file is most likely."""
    ranks = {path: _rank(path, mentions) for path in {place.path for place in places}}
    best: dict[str, Rank] = {}
    for place in places:
        best[key(place)] = max(best.get(key(place), ranks[place.path]), ranks[place.path])
    return [place for place in places if ranks[place.path] == best[key(place)]]


def _rank(path: str, mentions: Mentions) -> Rank:
    """How likely the tests are about a file: the task names it, they name it, or its folders."""
    named = means_file(mentions.task, path)
    folders = sum(folder in mentions.files for folder in path.split("/")[:-1])
    return named, stem_of(path) in mentions.files, folders
