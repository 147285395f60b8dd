"""Which changes of a claim to old tests the task asks for. Pure.

The task's words decide, and nothing that the worker says. A change without a reason here is named
in the verdict and withholds a proof; it accuses nobody.
"""

import re
from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from agentproxy.evidence.asked.task_text import TaskText, has_word, leaf_of, stem, words_of
from agentproxy.evidence.asked.test_blocks import Block, import_lines, split_blocks
from agentproxy.text.added_lines import find_added

__test__ = False  # pytest would look for tests in a module of this name

MAX_SHOWN_WORDS = 4
MAX_COMPARED = 20  # new tests of a file that each old one is compared with
MAX_DIFFERING_WORDS = 0.4  # of a test's words, where another name is still the same test

_ASSERTS = re.compile(
    r"assert|expect|should|raises|throws|[Ee]qual|\bt\.(?:is\b|Error|Fatal|Fail)|\bok\("
)
_SWITCHED_OFF = re.compile(
    r"skip|\bt\.Skip|xfail|xit\b|xtest|\btodo\b|\.only\b|\bfit\b|expectedFailure"
)
# Outside of a test it changes the code under test for all of them, or keeps them from running.
_SETS = re.compile(r"\s*(?:__test__\b|[\w$]+(?:\.[\w$]+)+\s*[-+*/|&]?=(?![=>]))")
_REPLACES = re.compile(r"monkeypatch|\bmock|\bpatch\b|setattr|spyOn|stub", re.IGNORECASE)
_HOLLOW = re.compile(
    r"assert\s*\(?\s*(?:True|1|true)\b|expect\((?:true|1)\)|is not None|toBeDefined|toBeTruthy"
)
_OPERATOR = re.compile(
    r"[=!<>]=+|(?<![=-])[<>]|\b(?:or|and|not|in|is|if|any|all|isinstance)\b|\|\|"
)
_LITERAL = re.compile(
    r"\"(?:[^\"\\\n]|\\.)*\"|'(?:[^'\\\n]|\\.)*'|`(?:[^`\\\n]|\\.)*`|(?<!\w)-?\d+(?:\.\d+)?"
)


@dataclass(frozen=True, slots=True)
class AskedChanges:
    """`files` maps each test file whose changes are all asked for to the reason. `gone` are the old
    tests, by file, that the task does without or changes, `moved` maps old tests to new names.
    In the files of `shared`, lines that all tests use change as the task asks.
    `open` are those that the words do not excuse, in files where a judge may excuse all changes.
    """

    files: Mapping[str, str] = field(default_factory=dict[str, str])
    gone: Mapping[str, tuple[str, ...]] = field(default_factory=dict[str, tuple[str, ...]])
    moved: Mapping[str, Mapping[str, str]] = field(default_factory=dict[str, Mapping[str, str]])
    shared: tuple[str, ...] = ()
    open: Mapping[str, tuple[str, ...]] = field(default_factory=dict[str, tuple[str, ...]])


def read_test_changes(
    task: TaskText,
    files: Mapping[str, tuple[str, str]],
    *,
    code_paths: Collection[str] = (),
    gone_names: Collection[str] = (),
) -> AskedChanges:
    """Weighs the changed test files, each with its text at the base and at the claim.

    `code_paths` are the other changed paths. `gone_names` are names of the task that stood in their
    text at the base, and do not at the claim.
    """
    after = {path: split_blocks(path, new) for path, (_, new) in files.items()}
    bodies: dict[tuple[str, ...], str] = {}
    for blocks in after.values():
        for block in blocks:
            if block.name and len(block.lines) > 1:
                bodies.setdefault(block.lines[1:], block.name)
    reader = _ChangeReader(
        task=task,
        bodies=bodies,
        allowed=task.words | {word for path in code_paths for word in words_of(path.lower())},
        gone_names=frozenset(gone_names),
    )
    read = {
        path: reader.read_file(path, old, new, after=after[path])
        for path, (old, new) in files.items()
        if old
    }
    return AskedChanges(
        files={
            path: ", ".join(dict.fromkeys(found.reasons))
            for path, found in read.items()
            if found.reasons and found.complete
        },
        gone={path: tuple(sorted(found.gone)) for path, found in read.items() if found.gone},
        moved={path: found.moved for path, found in read.items() if found.moved},
        shared=tuple(path for path, found in read.items() if found.shared),
        open={
            path: tuple(sorted(found.open))
            for path, found in read.items()
            if found.open and not found.closed
        },
    )


@dataclass
class _FileChanges:
    """What was found in one file; `complete` while every change of it has a reason, `closed` once
    nothing but the words of the task could excuse one that has none.
    """

    reasons: list[str] = field(default_factory=list[str])
    gone: set[str] = field(default_factory=set[str])
    moved: dict[str, str] = field(default_factory=dict[str, str])
    open: set[str] = field(default_factory=set[str])
    shared: bool = False
    complete: bool = True
    closed: bool = False

    def add(self, reason: str, *, else_open: str = "") -> None:
        if reason:
            self.reasons.append(reason)
            return
        self.complete = False
        if else_open:
            self.open.add(else_open)
        else:
            self.closed = True


@dataclass(frozen=True, slots=True)
class _ChangeReader:
    task: TaskText
    bodies: Mapping[tuple[str, ...], str]  # of all tests at the claim
    allowed: frozenset[str]
    gone_names: frozenset[str]

    def read_file(self, path: str, old: str, new: str, *, after: Iterable[Block]) -> _FileChanges:
        found = _FileChanges()
        by_name = {block.name: block for block in after}
        blocks = split_blocks(path, old)
        old_names = {each.name for each in blocks}
        new_blocks = [each for name, each in by_name.items() if name not in old_names]
        del new_blocks[MAX_COMPARED:]
        for block in blocks:
            present = by_name.get(block.name)
            if block == present:
                continue
            if not block.name:
                self._read_outside(block, present, found, deleted=not new)
            elif to := self._moved_to(block):
                found.moved[block.name] = to
                found.add("moves or renames tests")
            elif present is None and (again := self._with_another_name(block, new_blocks)):
                found.moved[block.name] = again.name
                found.add(self._why_changed(block, again))
            elif present is not None:
                reason = self._why_changed(block, present)
                found.add(reason, else_open=block.name if self._is_open(block, present) else "")
                if reason:
                    found.gone.add(block.name)
            else:
                reason = self._why_gone("" if new else path, block)
                found.add(reason, else_open="" if self._only_names() else block.name)
                if reason:
                    found.gone.add(block.name)
        lost, added = import_lines(old), import_lines(new)
        if new and _words(added) - _words(lost):
            # Tests of the base that import what was moved cannot load.
            allowed = self._is_allowed(lost, added)
            found.add("moves what they import" if allowed else "")
            found.shared |= allowed
        return found

    def _read_outside(
        self, old: Block, new: Block | None, found: _FileChanges, *, deleted: bool
    ) -> None:
        if deleted:
            return  # its tests say why
        lines = new.lines if new is not None else ()
        lost, added = find_added(lines, old.lines), find_added(old.lines, lines)
        if any(_SETS.match(line) for line in added):
            found.add("")
            return
        if not lost and not any(_SWITCHED_OFF.search(a) or _REPLACES.search(a) for a in added):
            return
        reason = self._why_changed(Block("", tuple(lost)), Block("", tuple(added)))
        found.add(reason)
        found.shared |= bool(reason)

    def _moved_to(self, block: Block) -> str:
        body = block.lines[1:]
        return (
            self.bodies.get(body)
            or self.bodies.get(tuple(self._renamed(line) for line in body))
            or ""
        )

    def _with_another_name(self, block: Block, new: Sequence[Block]) -> Block | None:
        """The test that says the same of another value, and has that value in its name."""
        similar = [each for each in new if _differing(block, each) <= MAX_DIFFERING_WORDS]
        found = [each for each in similar if self._why_changed(block, each)]
        return min(found, key=lambda each: _differing(block, each), default=None)

    def _renamed(self, line: str) -> str:
        for old, new in self.task.renames.items():
            # A leaf is made of word characters, so it can stand in a replacement as it is.
            line = re.sub(rf"(?<!\w){re.escape(leaf_of(old))}(?!\w)", leaf_of(new), line)
        return line

    def _why_changed(self, old: Block, new: Block) -> str:
        lost, added = _lost_and_added(old, new)
        if _weakens(lost, added) or self._only_names():
            return ""
        if has_word(self.task.text, old.name):
            return f"names {old.name}"
        operators_stay = _operators(lost) == _operators(added)
        words = self._values(lost, added)
        if operators_stay and words and self._is_allowed(lost, added):
            return f"names {', '.join(words[:MAX_SHOWN_WORDS])}"
        named = self.task.names_one_of(f"{old.text}\n{new.text}")
        literals = operators_stay and self._only_literals(lost, added)
        if self.task.updates_tests and (named or literals):
            return "asks for changed tests"
        if self.task.changes_behaviour and named and literals:
            return "asks for other behaviour of what they test"
        return ""

    def _only_names(self) -> bool:
        # Where the task asks for another name, nothing else may differ.
        return bool(self.task.renames) and self.task.asks_only_for_names

    def _is_open(self, old: Block, new: Block) -> bool:
        """Whether a judge may say that the task asks for the change."""
        lost, added = _lost_and_added(old, new)
        replaces = any(_REPLACES.search(line) for line in added)
        compares = _operators(lost) == _operators(added)
        return compares and not (replaces or _weakens(lost, added) or self._only_names())

    def _why_gone(self, path: str, block: Block) -> str:
        if not self.task.removes:
            return ""
        # "No longer" removes no file.
        if self.task.removed and has_word(self.task.text, path):
            return f"removes {path}"
        for name in sorted(self.gone_names):
            if has_word(block.text, name) or name.lower() in words_of(block.name.lower()):
                return f"removes {name}"
        words = {word for word in words_of(block.name.lower()) if "_" not in word}
        distinct = words - {"test", "tests", "a", "the", "is"}
        stems = {stem(word) for word in self.task.words}
        if len(distinct) > 1 and all(stem(word) in stems for word in distinct):
            return f"removes {block.name}"
        return ""

    def _is_allowed(self, lost: Iterable[str], added: Iterable[str]) -> bool:
        return all(word in self.allowed for word in _words(added) - _words(lost))

    def _values(self, lost: Iterable[str], added: Iterable[str]) -> list[str]:
        """The words that come and that the task has, where they say enough: one digit is in many
        tasks, so the task must then also have what goes, or name what is tested.
        """
        come, go = _words(added) - _words(lost), _words(lost) - _words(added)
        found = sorted(word for word in come if word in self.task.words)
        says_enough = (
            any(len(word) > 1 for word in found)
            or all(word in self.task.words for word in go)
            or any(self.task.names_one_of(line) for line in (*lost, *added))
        )
        return found if says_enough else []

    def _only_literals(self, lost: Iterable[str], added: Iterable[str]) -> bool:
        """Whether literals and words of the task are all that comes."""
        come = _names(added) - _names(lost)
        return bool(added) and all(word.lower() in self.allowed for word in come)


def _lost_and_added(old: Block, new: Block) -> tuple[Sequence[str], Sequence[str]]:
    return find_added(new.body, old.body), find_added(old.body, new.body)


def _differing(old: Block, new: Block) -> float:
    """The share of words of the old one that the new one has not."""
    words = _words(old.lines)
    return (words - _words(new.lines)).total() / max(1, words.total())


def _weakens(lost: Iterable[str], added: Iterable[str]) -> bool:
    fewer = _count(_ASSERTS, added) < _count(_ASSERTS, lost)
    return fewer or any(_SWITCHED_OFF.search(line) or _HOLLOW.search(line) for line in added)


def _operators(lines: Iterable[str]) -> Counter[str]:
    """What decides how an assertion compares."""
    bare = (_LITERAL.sub("0", line) for line in lines)
    return Counter(found for line in bare for found in _OPERATOR.findall(line))


def _words(lines: Iterable[str]) -> Counter[str]:
    return Counter(word for line in lines for word in words_of(line.lower()))


def _names(lines: Iterable[str]) -> Counter[str]:
    bare = (_LITERAL.sub("", line) for line in lines)
    return Counter(found for line in bare for found in re.findall(r"\w+", line))


def _count(pattern: re.Pattern[str], lines: Iterable[str]) -> int:
    return sum(1 for line in lines if pattern.search(line))
