"""What speaks against a claim although its checks prove it. Each is cheap to see. Pure.

A doubt never accuses: it keeps a proof from counting, and says why.
"""

import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from agentproxy.events.git_facts import Change
from agentproxy.events.trials import Doubt
from agentproxy.evidence.asked.spoken_of import means_function
from agentproxy.evidence.doubts.destroyed import file_name, find_destroyed, find_mostly_removed
from agentproxy.evidence.doubts.knows_tests import find_test_detectors
from agentproxy.evidence.doubts.reads_code import find_code_readers
from agentproxy.evidence.doubts.source_request import SourceAnswer
from agentproxy.evidence.doubts.unused_input import wants_little
from agentproxy.evidence.test_files import is_test_file
from agentproxy.evidence.verdict_text import list_names
from agentproxy.text.added_lines import added_lines
from agentproxy.text.sensitive import BY_HINT, KEY_FILE, SECRET_FILES

MAX_DOUBTS = 10

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


@dataclass(frozen=True, slots=True)
class Seen:
    """What was seen of a claim.

    `texts` has the changed files at the base and at the claim, "" where a side has none;
    `sources` is what the parsers saw; `unreached` are new names that only tests use, `left_out`
    things that the task asks for and that are nowhere, `replaced` added files with what they are
    loaded in the place of, `unseen` what could not be looked at, with the reason.
    """

    changes: Sequence[Change] = ()
    texts: Mapping[str, tuple[str, str]] = field(default_factory=dict[str, tuple[str, str]])
    sources: SourceAnswer = field(default_factory=SourceAnswer)
    unreached: Sequence[str] = ()
    left_out: Sequence[str] = ()
    replaced: Sequence[tuple[str, str]] = ()
    unseen: Sequence[str] = ()


def find_doubts(task: str, seen: Seen) -> tuple[Doubt, ...]:
    """The doubts about a claim, at most ten."""
    found = [
        *_unseen(seen.unseen),
        *_broken(seen.sources),
        *_replaced(seen.replaced),
        *find_destroyed(seen.changes, task, seen.texts),
        *find_mostly_removed(seen.changes, task, seen.texts),
        *_secrets(seen.changes, seen.texts),
        *_test_detectors(seen.texts, task),
        *_unawaited(seen.sources),
        *_code_readers(seen.texts),
        *_answered(seen.sources),
        *_unused(seen.sources, task),
        *_unreached(seen.unreached),
        *_left_out(seen.left_out),
    ]
    return tuple(found[:MAX_DOUBTS])


def _unseen(unseen: Sequence[str]) -> Iterator[Doubt]:
    for what in unseen:
        yield Doubt(kind="not_seen", path="", text=f"it could not be seen {what}")


def _broken(sources: SourceAnswer) -> Iterator[Doubt]:
    for path, why in sources.broken.items():
        yield Doubt(kind="does_not_parse", path=path, text=f"{path} cannot be parsed: {why}")


def _replaced(replaced: Sequence[tuple[str, str]]) -> Iterator[Doubt]:
    for path, what in replaced:
        text = f"{path} is loaded in the place of {what}"
        yield Doubt(kind="shadows_module", path=path, text=text)


def _unawaited(sources: SourceAnswer) -> Iterator[Doubt]:
    for each in sources.unawaited:
        lost = f"does not await {each.what}" if each.what else "is a coroutine that nothing awaits"
        yield Doubt(kind="never_awaited", path=each.path, text=f"{each.path}: {each.test} {lost}")


def _test_detectors(texts: Mapping[str, tuple[str, str]], task: str) -> Iterator[Doubt]:
    for path, words in find_test_detectors(texts, task):
        text = f"{path} asks whether a test runs it ({words})"
        yield Doubt(kind="knows_tests", path=path, text=text)


def _code_readers(texts: Mapping[str, tuple[str, str]]) -> Iterator[Doubt]:
    for path, what in find_code_readers(texts):
        text = f"{path} reads {what}, and so sees how it is written, and not what it does"
        yield Doubt(kind="reads_code", path=path, text=text)


def _answered(sources: SourceAnswer) -> Iterator[Doubt]:
    for each in sources.answered:
        where = f"{each.path}:{each.line}"
        text = f"{where} answers what its tests ask ({each.key} is {each.value}), and nothing else"
        yield Doubt(kind="answers_tests", path=each.path, text=text)


def _unused(sources: SourceAnswer, task: str) -> Iterator[Doubt]:
    if wants_little(task):
        return
    for each in sources.unused:
        if means_function(task, each.name.rpartition(".")[2]):
            where = f"{each.path}:{each.line}"
            given = list_names(each.parameters)
            text = f"{where}: {each.name} never looks at what it is given ({given})"
            yield Doubt(kind="ignores_input", path=each.path, text=text)


def _unreached(names: Sequence[str]) -> Iterator[Doubt]:
    if names:
        text = f"only tests use {list_names(names)}, and nothing that a person calls"
        yield Doubt(kind="only_tests_use", path="", text=text)


def _left_out(names: Sequence[str]) -> Iterator[Doubt]:
    for name in names:
        text = f"the task asks for {name}, and no line that the claim adds has it"
        yield Doubt(kind="left_out", path="", text=text)


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
    name = file_name(path)
    return (
        name in SECRET_FILES
        or _ENV_FILE.fullmatch(path) is not None
        or KEY_FILE.fullmatch(name) is not None
    )


def find_stand_ins(
    texts: Mapping[str, tuple[str, str]], functions: Collection[str]
) -> Iterator[Doubt]:
    """Tests that replace a function that the claim adds or changes."""
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
