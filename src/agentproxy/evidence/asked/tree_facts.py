"""Parts of a task that the tree shows to be done: a name is gone, or has another name. Pure."""

import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from agentproxy.events.git_facts import Change
from agentproxy.evidence.asked.task_text import TaskText, leaf_of
from agentproxy.evidence.asked.what_is_loaded import Places, loads_the_same, places_of, works_of
from agentproxy.evidence.test_files import is_test_file

MAX_NAMES = 12  # names of a task that are searched for

_DOCS = re.compile(r".*\.(?:md|rst|txt|adoc)|(?:.*/)?(?:docs?|changes|changelog)/.*", re.IGNORECASE)


_MOVES = re.compile(r"([\w./-]*\w\.\w+)[`'\"]?\s+(?:in)?to\s+[`'\"]?([\w./-]*\w\.\w+)")
_CLASS = re.compile(r"^\s*(?:export\s+)?class\s+(\w+)", re.MULTILINE)
_DEFINES = (
    r"^\s*(?:export\s+)?(?:default\s+)?(?:async\s+)?(?:def|class|function\*?|const|let|var)\s+{0}\b"
    r"|^\s*(?:static\s+|async\s+)*{0}\s*(?:\([^)\n]*\)\s*\{{|[:=])"
)


@dataclass(frozen=True, slots=True)
class Occurrences:
    """How often each name stands in each file of a tree, as a whole word."""

    files: Mapping[str, Mapping[str, int]] = field(default_factory=dict[str, Mapping[str, int]])

    def in_code(self, name: str) -> int:
        return sum(
            count
            for path, count in self.files.get(name, {}).items()
            if not _DOCS.fullmatch(path) and not is_test_file(path)
        )

    def in_tests(self, name: str) -> int:
        return sum(count for path, count in self.files.get(name, {}).items() if is_test_file(path))


def names_to_search(task: TaskText) -> tuple[str, ...]:
    """The names of a task whose absence or presence can show that it is done."""
    wanted = {*task.removed, *map(leaf_of, (*task.renames, *task.renames.values()))}
    return tuple(sorted(wanted))[:MAX_NAMES]


def moves_of(task: TaskText) -> list[tuple[str, str]]:
    """The old and new paths of the files that a task moves."""
    return [pair for pair in _MOVES.findall(task.text) if "/" in "".join(pair)]


@dataclass(frozen=True, slots=True)
class WordCounts:
    """The occurrences at the base and at the claim, or nothing where there are too many. `code` has
    the texts of changed code files at both.
    """

    before: Occurrences
    after: Occurrences
    code: Mapping[str, tuple[str, str]] = field(default_factory=dict[str, tuple[str, str]])
    deleted: Collection[str] = ()  # paths
    paths: Collection[str] = ()  # of all files at the base, where the task moves something

    def gone(self, task: TaskText) -> frozenset[str]:
        """The names that the task removes and that the code has no more."""
        return frozenset(name for name in task.removed if self._is_gone(name))

    def _is_gone(self, name: str) -> bool:
        if self._is_deleted(name):
            return True
        if "." not in name:
            return bool(self.before.in_code(name)) and not self.after.in_code(name)
        had, has = self.defines(name)
        return had and not has

    def _is_deleted(self, name: str) -> bool:
        """Whether the name is that of a file, or of a module in it, that is not there any more."""
        ends = (name, f"{name.replace('.', '/')}.py")
        return any(f"/{path}".endswith(f"/{end}") for path in self.deleted for end in ends)

    def defines(self, name: str) -> tuple[bool, bool]:
        """Whether changed files of a dotted name's owner define it, at the base and the claim."""
        owner, _, leaf = name.rpartition(".")
        # The last part alone may stand in other places, so its definition counts.
        texts = [
            text
            for path, text in self.code.items()
            if not owner or owner.rpartition(".")[2] in (leaf_of(path), *_CLASS.findall(text[0]))
        ]
        pattern = re.compile(_DEFINES.format(re.escape(leaf)), re.MULTILINE)
        before, after = (any(pattern.search(text[side]) for text in texts) for side in (0, 1))
        return before, after


def find_done(task: TaskText, counts: WordCounts, changes: Sequence[Change]) -> tuple[str, ...]:
    """Returns a sentence for each part of the task that the tree shows to be done."""
    if not task.asks_only_for_names:
        return ()
    return (
        *_removals(task, counts, changes),
        *_renames(task, counts),
        *_moves(task, counts, changes),
    )


def _removals(task: TaskText, counts: WordCounts, changes: Sequence[Change]) -> Iterator[str]:
    if not task.removed or counts.gone(task) != task.removed:
        return
    code = [change for change in changes if not is_test_file(change.path)]
    # What has another name is not removed.
    if 2 * sum(each.added for each in code) > sum(each.removed for each in code):
        return
    if not any(counts.after.in_tests(name) for name in task.removed):
        yield f"the code has no {', '.join(sorted(task.removed))} any more"


def _renames(task: TaskText, counts: WordCounts) -> Iterator[str]:
    before, after = counts.before, counts.after
    for name, other in task.renames.items():
        old, new = leaf_of(name), leaf_of(other)
        was, remains = before.in_code(old), after.in_code(old) + after.in_tests(old)
        if was and not remains and after.in_code(new) - before.in_code(new) >= was:
            yield f"{old} is {new} now, in all {was} places"
            continue
        # Other things may have the old name too. What the owner defines is the one that is meant.
        owner = name.rpartition(".")[0]
        new_name = f"{owner}.{new}" if owner else new
        if counts.defines(name) == (True, False) and counts.defines(new_name) == (False, True):
            yield f"{name} is {new} now"


def _moves(task: TaskText, counts: WordCounts, changes: Sequence[Change]) -> Iterator[str]:
    """All files that the task moves are where it wants them, as they were, and nothing else of the
    code changed. Those of tests may say something else: that is weighed by the tests that are
    there and pass.
    """
    pairs = moves_of(task)
    places = places_of((*counts.paths, *counts.code, *(new for _, new in pairs)), pairs)
    added = {each.path for each in changes if each.status == "added"}
    moved = [
        pair[0] in counts.deleted
        and pair[1] in added
        and (is_test_file(pair[0]) or _is_as_it_was(counts, pair, places))
        for pair in pairs
    ]
    if moved and all(moved) and not _changes_more(counts, places):
        yield ", ".join(f"{old} is {new} now" for old, new in pairs)


def _is_as_it_was(counts: WordCounts, pair: tuple[str, str], places: Places) -> bool:
    """Whether nothing but the spelling of what it loads differs in a moved file."""
    old, new = pair
    (before, _), (_, after) = counts.code.get(old, ("", "")), counts.code.get(new, ("", ""))
    lines = works_of(before)
    if not lines or lines != works_of(after):
        return False
    return loads_the_same((old, before), (new, after), places)


def _changes_more(counts: WordCounts, places: Places) -> bool:
    """Whether a file that is not moved differs in more than what it loads, and the new paths."""
    moved = {path for pair in places.moves for path in pair}
    for path, (before, after) in counts.code.items():
        if path in moved or _DOCS.fullmatch(path):
            continue
        expected = before
        for old, new in places.moves:
            expected = expected.replace(old, new)
        if works_of(expected) != works_of(after):
            return True
        if not loads_the_same((path, before), (path, after), places):
            return True
    return False
