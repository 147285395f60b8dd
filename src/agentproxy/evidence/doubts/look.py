"""Looks at the files of a claim for what speaks against it."""

import asyncio
import base64
from collections import Counter
from collections.abc import Awaitable, Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeVar

from agentproxy.events.git_facts import Change
from agentproxy.events.trials import Doubt
from agentproxy.evidence.asked.requested import (
    RequestedThing,
    find_left_out,
    find_options,
    has_name_of,
    is_written_in,
)
from agentproxy.evidence.asked.spoken_of import asks_for_use, spells, wants_raised
from agentproxy.evidence.asked.wanted_names import find_errors, find_replacements, raises_any
from agentproxy.evidence.doubts.find_doubts import Seen, find_doubts
from agentproxy.evidence.doubts.replaced import Replaced, find_replaced
from agentproxy.evidence.doubts.source_request import SentFile, SourceAnswer, SourceRequest
from agentproxy.evidence.falsification.stubs.ask_parser import ask_parser
from agentproxy.evidence.test_files import is_test_file
from agentproxy.text.added_lines import added_lines
from agentproxy.workspace.git.command import GitError
from agentproxy.workspace.git.repository import Repository
from agentproxy.workspace.trees.mentions import TooManyMentions, count_mentions
from agentproxy.workspace.trees.variants import Versions

SECONDS = 30.0
MAX_FILES = 500
# Libraries of Python that make the options of a command out of parameters, fields or settings.
_READ_SIGNATURES = (
    "typer",
    "fire",
    "cyclopts",
    "tyro",
    "defopt",
    "plac",
    "clize",
    "invoke",
    "jsonargparse",
    "simple_parsing",
    "BaseSettings",
    "pydantic_settings",
    "hydra",
    "duty",
    "cleo",
    "traitlets",
)
_DATA = (".json", ".toml", ".yaml", ".yml", ".lock", ".cfg", ".ini")
PROSE = (".md", ".rst", ".txt", ".adoc", ".markdown")

Texts = Mapping[str, tuple[str, str]]
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Look:
    """A claim to look at: its commits, its changed files, what the parsers saw, and
    whether it is all of the task, or later parts go on.
    """

    task: str
    base: str
    claim: str
    changes: Sequence[Change]
    versions: Mapping[str, Versions]
    sources: SourceAnswer
    whole: bool = True
    # Of the checks, each with its folder, and with the variables that it sets.
    commands: Sequence[tuple[str, str]] = ()


async def look_for_doubts(repository: Repository, look: Look) -> tuple[Doubt, ...]:
    """What speaks against the claim, and what could not be looked at."""
    texts = decoded(look.versions)
    unseen = (
        ["what its changed files hold: to read them did not end"] if look.sources.unread else []
    )
    seen = Seen(
        changes=look.changes,
        texts=texts,
        sources=look.sources,
        unreached=await _found(
            _find_unreached(repository, look, look.sources.unreached),
            "whether only tests use what it adds",
            unseen,
        ),
        left_out=await _found(
            _find_left_out(repository, look, texts),
            "whether it leaves out what the task asks for",
            unseen,
        ),
        replaced=await _found(
            _find_replaced(repository, look),
            "what its added files are loaded in the place of",
            unseen,
        ),
        unseen=unseen,
    )
    return await asyncio.to_thread(find_doubts, look.task, seen)


async def _find_replaced(repository: Repository, look: Look) -> Replaced:
    return await find_replaced(
        repository,
        look.changes,
        look.versions,
        task=look.task,
        base=look.base,
        claim=look.claim,
        commands=look.commands,
    )


async def _found(search: Awaitable[Sequence[T]], what: str, unseen: list[str]) -> Sequence[T]:
    """What a search finds; where it fails, that is said in `unseen`."""
    try:
        return await search
    except (GitError, OSError) as error:
        unseen.append(f"{what}: {error}")
        return ()


def decoded(versions: Mapping[str, Versions]) -> Texts:
    """The texts of files at the base and at the claim; "" where a side has none."""
    return {path: _texts(each) for path, each in versions.items()}


def _texts(versions: Versions) -> tuple[str, str]:
    sides = ((side or b"").decode(errors="replace") for side in (versions.before, versions.after))
    before, after = sides
    return before, after


def read_sources_apart(versions: Mapping[str, Versions]) -> SourceAnswer:
    """What the parsers see in the changed files, in a process of its own; `unread` where it
    does not come to an end. Blocking.
    """
    files = [
        SentFile(
            path=path,
            before=_encoded(each.before),
            after=_encoded(each.after),
            is_test=is_test_file(path),
        )
        for path, each in list(versions.items())[:MAX_FILES]
        if not each.opaque
    ]
    request = SourceRequest(files=tuple(files))
    answer = ask_parser("doubts.read_sources", request, answer=SourceAnswer, seconds=SECONDS)
    return answer or SourceAnswer(unread=True)


def _encoded(content: bytes | None) -> str | None:
    return None if content is None else base64.b64encode(content).decode()


async def _find_unreached(
    repository: Repository, look: Look, found: Mapping[str, Sequence[str]]
) -> Sequence[str]:
    """Those that nothing mentions but tests and the changed files, in which nothing uses them."""
    names = {name: siblings for name, siblings in found.items() if _is_to_be_used(look.task, name)}
    words = [*names, *(sibling for siblings in names.values() for sibling in siblings)]
    try:
        mentions = await count_mentions(repository, words, commit=look.claim)
    except TooManyMentions:
        return ()
    counted = _in_code(mentions)
    elsewhere = {word for path, word in counted if path not in look.versions}
    if elsewhere & names.keys():
        return ()
    totals = Counter[str]()
    for (_, word), count in counted.items():
        totals[word] += count
    # Where an older function of its kind is mentioned only where it is defined, something finds
    # such functions by their names.
    return [name for name, siblings in names.items() if all(totals[each] > 1 for each in siblings)]


def _is_to_be_used(task: str, name: str) -> bool:
    # Who asks for a function by its name may use it later; who wants an error raised uses it now.
    return wants_raised(task, name) or (asks_for_use(task) and not spells(task, name))


def _in_code(mentions: Counter[tuple[str, str]]) -> dict[tuple[str, str], int]:
    return {
        (path, word): count for (path, word), count in mentions.items() if not _is_beside_code(path)
    }


async def _find_left_out(repository: Repository, look: Look, texts: Texts) -> Sequence[str]:
    """The things asked for that are nowhere in the claim, and were not at the base."""
    if not look.whole or any(each.opaque for each in look.versions.values()):
        return ()
    added = [line for before, after in texts.values() for line in added_lines(before, after)]
    asked = find_left_out(look.task, added=added, paths=[each.path for each in look.changes])
    words = [spelling for each in asked for spelling in each.spellings]
    try:
        known = await count_mentions(repository, words, commit=look.base, ignore_case=True)
        options = await _find_left_out_options(repository, look, texts)
    except TooManyMentions:
        return ()  # the base knows them
    mentioned = {word.lower() for _, word in known}
    # `version` in package.json is no option `--version`.
    in_code = {word.lower() for path, word in known if not path.endswith((*PROSE, *_DATA))}
    lost = [
        each.written
        for each in asked
        if not _is_known(each, in_code if each.is_option else mentioned)
    ]
    return list(dict.fromkeys([*lost, *options, *find_unmentioned(look.task, texts, look.changes)]))


def find_unmentioned(task: str, texts: Texts, changes: Sequence[Change]) -> Sequence[str]:
    """The errors to raise where no added line of code or tests is about any error, and what is to
    take another's place where no changed file mentions it.
    """
    plain = {path: sides for path, sides in texts.items() if not path.endswith(PROSE)} or texts
    added = [line for before, after in plain.values() for line in added_lines(before, after)]
    errors = () if raises_any(added) else find_errors(task)
    text = "\n".join([*(after for _, after in plain.values()), *(each.path for each in changes)])
    replacements = [each for each in find_replacements(task) if each.word not in text]
    return [each.written for each in (*errors, *replacements)]


async def _find_left_out_options(repository: Repository, look: Look, texts: Texts) -> Sequence[str]:
    """The options asked for that no added line of the code has, and no file of the base."""
    options = find_options(look.task)
    if not options:
        return ()
    code = "\n".join(
        line
        for path, (before, after) in texts.items()
        if not _is_beside_code(path)
        for line in added_lines(before, after)
    )
    lost = [each for each in options if not is_written_in(each, code)]
    words = [each.written for each in lost]
    known = {word for _, word in await count_mentions(repository, words, commit=look.base)}
    lost = [each for each in lost if each.written not in known]
    named = [each for each in lost if has_name_of(each, code)]
    if named and not await _writes_options_out(repository, look):
        lost = [each for each in lost if each not in named]
    return [each.written for each in lost]


async def _writes_options_out(repository: Repository, look: Look) -> bool:
    """Whether the options of this code are written with their dashes, as argparse wants it. Other
    libraries make them of the names of parameters.
    """
    if any(not path.endswith(".py") for path in look.versions if not _is_beside_code(path)):
        return False
    return not await count_mentions(repository, _READ_SIGNATURES, commit=look.claim)


def _is_beside_code(path: str) -> bool:
    return is_test_file(path) or path.endswith(PROSE)


def _is_known(asked: RequestedThing, mentioned: Collection[str]) -> bool:
    return any(spelling.lower() in mentioned for spelling in asked.spellings)
