"""Files that a claim deletes, or takes most lines of, beside the task. Pure."""

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence

from agentproxy.events.git_facts import Change
from agentproxy.events.trials import Doubt
from agentproxy.evidence.asked.spoken_of import has_stem_of
from agentproxy.evidence.test_files import is_test_file

Texts = Mapping[str, tuple[str, str]]  # of changed files, at the base and at the claim

MIN_LINES = 20  # of a file at the base; with fewer, half of it is soon changed
# What tools write, and what is written anew as a whole.
_GENERATED = re.compile(
    r"(?:.*/)?(?:.*[.-]lock(?:\..*)?|.*-lock\.(?:json|yaml)|go\.sum|npm-shrinkwrap\.json"
    r"|(?:dist|build|generated|vendor|node_modules|__snapshots__)/.*|.*\.(?:min\.\w+|map|svg|snap)"
    r"|.*(?:_pb2|\.pb|\.generated|_generated)\.\w+)"
)
_PROSE_FILE = re.compile(r".*\.(?:md|rst|txt|adoc|markdown)", re.IGNORECASE)
_PROSE = re.compile(
    r"\b(?:docs?|documentation|readme|changelog|document\w*|guide)\b", re.IGNORECASE
)
# A task that lets the whole program be written anew.
_WIDE = re.compile(
    r"\b(?:re-?factor|re-?write|re-?organi[sz]e|re-?structure|simplif|clean(?:\s|-)?up|migrat|port\b"
    r"|convert|re-?format|moderni[sz]e|split|extract|dead\s+code|strip\s+down|repla[cy]e all)",
    re.IGNORECASE,
)
_DEFINES = re.compile(
    r"^(?:[ \t]*(?:async[ \t]+)?def[ \t]+"
    r"|(?:export[ \t]+)?(?:default[ \t]+)?(?:async[ \t]+|abstract[ \t]+)?"
    r"(?:class|function\*?|func|fn|interface|type|enum|struct|const|let|var)[ \t]+)"
    r"([A-Za-z_$][\w$]{2,})",
    re.MULTILINE,
)
_WORD = re.compile(r"[A-Za-z][a-z]+|[A-Z]+(?![a-z])")
_MIN_COMMON = 4  # letters at the beginning that make two words one: date, dates


def find_destroyed(changes: Sequence[Change], task: str, texts: Texts) -> Iterator[Doubt]:
    added = [
        set(texts.get(change.path, ("", ""))[1].splitlines())
        for change in changes
        if change.status == "added"
    ]
    for change in changes:
        if change.status != "deleted" or is_test_file(change.path):
            continue
        lines = set(texts.get(change.path, ("", ""))[0].splitlines())
        # What is deleted here and added there was moved.
        moved = any(2 * len(lines & other) > len(lines) for other in added)
        if (
            not moved
            and not has_stem_of(task, change.path)
            and not _goes_along(change, changes, task)
        ):
            text = f"it deletes {change.path}, which the task does not name"
            yield Doubt(kind="destroys", path=change.path, text=text)


def _goes_along(change: Change, changes: Sequence[Change], task: str) -> bool:
    """Whether it makes its folder a package, and what the task names there is deleted too."""
    folder, _, name = change.path.rpartition("/")
    return name == "__init__.py" and any(
        other.status == "deleted"
        and other.path.rpartition("/")[0] == folder
        and other.path != change.path
        and has_stem_of(task, other.path)
        for other in changes
    )


def file_name(path: str) -> str:
    return path.rpartition("/")[2]


def find_mostly_removed(changes: Sequence[Change], task: str, texts: Texts) -> Iterator[Doubt]:
    """Files of which over half of the lines are nowhere any more, and that neither the task nor a
    test of the claim is about.
    """
    if _WIDE.search(task):
        return
    code = [after for path, (_, after) in texts.items() if not is_test_file(path)]
    tests = [after for path, (_, after) in texts.items() if is_test_file(path)]
    kept = Counter(line for text in code for line in _lines(text))
    about = "\n".join([task, *tests])
    for change in changes:
        path = change.path
        if change.status != "modified" or is_test_file(path) or _GENERATED.fullmatch(path):
            continue
        before = texts.get(path, ("", ""))[0]
        old = _lines(before)
        gone = sum((Counter(old) - kept).values())
        if len(old) < MIN_LINES or 2 * gone <= len(old):
            continue
        if not _is_about(path, before, about=about, task=task):
            which = f"{gone} of {len(old)} lines of {path}, which the task does not name"
            yield Doubt(kind="mostly_removed", path=path, text=f"it takes away {which}")


def _lines(text: str) -> list[str]:
    """Without white space, so that another layout removes nothing."""
    plain = ("".join(line.split()) for line in text.splitlines())
    return [line for line in plain if any(mark.isalnum() for mark in line)]


def _is_about(path: str, before: str, *, about: str, task: str) -> bool:
    """Whether a text names a file, a folder of it, or what the file defines."""
    if _PROSE_FILE.fullmatch(path) and _PROSE.search(task):
        return True
    known = _begins(about)
    if not known.isdisjoint(_begins(path.rpartition(".")[0] or path)):
        return True
    words = set(re.findall(r"[A-Za-z_$][\w$]*", about))
    return not words.isdisjoint(_DEFINES.findall(before))


def _begins(text: str) -> set[str]:
    return {word[:_MIN_COMMON].lower() for word in _WORD.findall(text) if len(word) >= _MIN_COMMON}
