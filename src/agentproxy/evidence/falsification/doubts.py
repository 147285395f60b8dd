"""What speaks against a claim although its tests need its change. Each is cheap to see. Pure.

A doubt never accuses: it keeps a proof by the claim's own tests from counting, and says why.
"""

import re
from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence

from agentproxy.events.git_facts import Change
from agentproxy.events.trials import Doubt
from agentproxy.evidence.test_files import is_test_file
from agentproxy.text.sensitive import BY_HINT, KEY_FILE, SECRET_FILES

MAX_DOUBTS = 10
MAX_LINE_CHARACTERS = 2_000  # longer lines are data or generated code

_ENV_FILE = re.compile(r"(?:.*/)?\.env(?:\.(?!example$|sample$|template$|dist$)[\w.]+)?")
# Code speaks of these without holding one; only the forms that vendors give to keys are certain.
_WORDS = {
    "passw",
    "passphrase",
    "secret",
    "token",
    "credential",
    "key",
    "://",
    "bearer",
    "authorization",
}
# How a test replaces a function: by a string that names it, by an attribute, or by assignment. The
# name is in the group that matched.
_REPLACES = re.compile(
    r"(?<![\w.])(?:mock\.|mocker\.)?patch\(\s*['\"][\w.]+\.(\w+)['\"]"
    r"|(?<![\w.])(?:mock\.|mocker\.)?patch\.object\(\s*[\w.]+,\s*['\"](\w+)['\"]"
    r"|setattr\(\s*['\"][\w.]+\.(\w+)['\"]"
    r"|setattr\(\s*[\w.]+,\s*['\"](\w+)['\"]"
    r"|^\s*\w[\w.]*\.(\w+)\s*=\s*(?:lambda\b|\w*Mock\(|jest\.fn|vi\.fn|sinon\.)"
    r"|spyOn\([\w.]+,\s*['\"](\w+)['\"]\)\.mock"
)


def find_doubts(
    changes: Sequence[Change],
    *,
    task: str,
    texts: Mapping[str, tuple[str, str]],
    functions: Collection[str],
) -> tuple[Doubt, ...]:
    """The doubts about a claim, at most ten.

    `texts` has the changed files at the base and at the claim, "" where a side has none;
    `functions` are the names of those that the claim adds or changes.
    """
    found = [
        *_destroyed(changes, task, texts),
        *_secrets(changes, texts),
        *_replaced(texts, functions),
    ]
    return tuple(found[:MAX_DOUBTS])


def _destroyed(
    changes: Sequence[Change], task: str, texts: Mapping[str, tuple[str, str]]
) -> Iterator[Doubt]:
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
        if not moved and not _is_named(change.path, task):
            text = f"it deletes {change.path}, which the task does not name"
            yield Doubt(kind="destroys", path=change.path, text=text)


def _is_named(path: str, task: str) -> bool:
    stem = _name(path).partition(".")[0]
    return path in task or (
        len(stem) > 1
        and re.search(rf"(?<!\w){re.escape(stem)}(?!\w)", task, re.IGNORECASE) is not None
    )


def _name(path: str) -> str:
    return path.rpartition("/")[2]


def _secrets(changes: Sequence[Change], texts: Mapping[str, tuple[str, str]]) -> Iterator[Doubt]:
    for change in changes:
        if change.status == "added" and _is_secret_file(change.path):
            text = f"it adds {change.path}, a file of secrets by its name"
            yield Doubt(kind="adds_secret", path=change.path, text=text)
    for path, (before, after) in texts.items():
        if is_test_file(path):
            continue  # tests of redaction hold strings with the shape of a secret
        if any(_holds_key(line) for line in added_lines(before, after)):
            text = f"an added line of {path} has the shape of a secret"
            yield Doubt(kind="adds_secret", path=path, text=text)


def _holds_key(line: str) -> bool:
    lowered = line.lower()
    return any(
        hint in lowered and any(True for _ in shape.spans(line, lowered=lowered, hint=hint))
        for hint, shape in BY_HINT.items()
        if hint not in _WORDS
    )


def _is_secret_file(path: str) -> bool:
    name = _name(path)
    return (
        name in SECRET_FILES
        or _ENV_FILE.fullmatch(path) is not None
        or KEY_FILE.fullmatch(name) is not None
    )


def _replaced(texts: Mapping[str, tuple[str, str]], functions: Collection[str]) -> Iterator[Doubt]:
    names = {function.partition("#")[0].rpartition(".")[2] for function in functions}
    for path, (before, after) in texts.items():
        if not is_test_file(path):
            continue
        matches = (
            match for line in added_lines(before, after) for match in _REPLACES.finditer(line)
        )
        replaced = {name for match in matches for name in match.groups() if name}
        for name in sorted(replaced & names):
            text = f"{path} replaces {name}, which the claim changes, by a stand-in"
            yield Doubt(kind="replaces_change", path=path, text=text)


def added_lines(before: str, after: str) -> list[str]:
    """The lines of a change that the old text has not, or not so often; without very long ones."""
    # Not difflib: repeated lines make it cubic, and here no order counts.
    left = Counter(before.splitlines())
    added: list[str] = []
    for line in after.splitlines():
        left[line] -= 1
        if left[line] < 0 and len(line) <= MAX_LINE_CHARACTERS:
            added.append(line)
    return added
