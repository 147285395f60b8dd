"""What a task asks for by name, and what of it no line of a claim has. Pure.

Only lists are read whose every word is understood: "Add `--json` and `--csv`", or the points of a
numbered list. Where one thing of a list is there and another is nowhere, the second was left out.
An option that is asked for is left out also where it is the only thing.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

_ASKS = r"(?:add|implement|support|introduce|provide|create|write|offer|accept)"
_THING = (
    r"(?:`(?P<code>[^`\n]{2,60})`"
    r"|(?P<quote>['\"])(?P<quoted>--?[\w-]{2,40}|[\w./-]{1,40}\.\w{1,5})(?P=quote)"
    r"|(?P<flag>(?<![\w-])--[a-z][\w-]{1,40}))"
)
# What may stand between the verb and a thing, or between two things. Any other word ends a list.
_FILLER = re.compile(
    r"(?:\s|,|&|\+|\b(?:a|an|the|and|also|both|new|two|three|as\s+well\s+as|plus|support|for|of"
    r"|an?other|public|methods?|functions?|options?|flags?|switch(?:es)?|(?:sub)?commands?|routes?"
    r"|endpoints?|pages?|files?|modules?|class(?:es)?|helpers?|tests?|fields?|parameters?"
    r"|arguments?|scripts?|documents?|then|add|implement|create|write|another)\b)*",
    re.IGNORECASE,
)
_REFUSED = re.compile(
    r"(?:\bnot?\b|n't\b|\bnever\b|\bwithout\b|\binstead\b|\bif\b|\boptional(?:ly)?\b|\bmay\b"
    r"|\bcould\b|\bshould\s+already\b|\blater\b|\bor\b)[^.\n]*$",
    re.IGNORECASE,
)
_VERB = re.compile(rf"(?<![\w`-]){_ASKS}(?:s|ing)?\b", re.IGNORECASE)
_POINT = re.compile(
    rf"^\s*(?:\d{{1,2}}[.)]|[-*])\s+(?:{_ASKS}\b)?(?P<rest>.*)$", re.IGNORECASE | re.MULTILINE
)
_NUMBER = re.compile(r"(?:(?<=\s)|(?<=^))(?:\((\d)\)|(\d)[.)])\s+(?=\S)")
# What a point of a numbered list brings: a call, an option, or a name after its kind.
_BROUGHT = re.compile(
    r"`(?P<code>[A-Za-z_$][\w$.]*\([^`\n]{0,60}\))`"
    r"|(?<![\w.`])(?P<call>[A-Za-z_$][\w$]*(?:\.[A-Za-z_$][\w$]*)+\([^()\n]{0,60}\))"
    r"|(?<![\w-])(?P<flag>--[a-z][\w-]{1,40})"
    r"|\b(?:property|method|function|option|command|class|field|flag|parameter|argument|attribute"
    r"|constant|helper|module)\s+`(?P<kind>[A-Za-z_$][\w$]*)(?:\(\))?`"
)
# What stands after these is there already, or is somebody else's.
_BESIDE = re.compile(
    r"\b(?:us(?:e|es|ing)|via|with|through|by|like|as|see|from|of|than|calls?|calling|in|to|for)\s+`?$",
    re.IGNORECASE,
)
_WANTED = (
    rf"\b(?:{_ASKS}(?:s|ing)?|needs?|gets?|wants?|takes?|should have|must have|give|let|new)\b"
)
_OPTION = re.compile(
    rf"{_WANTED}(?:(?!\b(?:not?|without|instead|like|if|or|already)\b|n't\b|[.;:!?]\s)[^\n]){{0,80}}?"
    r"(?:\b(?:option|flag|switch)\s+(?:called\s+|named\s+)?[`'\"]?(--[a-z][\w-]{1,40})"
    r"|[\s`'\"](--[a-z][\w-]{1,40})(?:[= ][A-Z]+)?[`'\"]?\s+(?:option|flag|switch)\b)",
    re.IGNORECASE,
)
# An option that code makes of its name.
_JOINED = re.compile(r"--\{|--\$\{|['\"]--['\"]\s*\+|--%s|BooleanOptionalAction|negatable")
_NAME = re.compile(r"[A-Za-z_$][\w$]*(?:\.[A-Za-z_$][\w$]*)*(?:\(.*\))?")
_FILE = re.compile(r"(?:[\w.-]+/)*[\w-]+(?:\.[\w-]+)*\.[a-z]\w{0,4}")
_FLAG = re.compile(r"--?[a-zA-Z][\w-]*(?:[= ].*)?")
_THINGS = re.compile(_THING)
_SUFFIX = r"[`'\"]?(?<![\w.)/])\.[a-z][a-z0-9]{1,5}(?![\w/]|\.\w|\()[`'\"]?"
_SUFFIXES = re.compile(
    rf"{_SUFFIX}(?:\s*\([^()\n]{{0,60}}\))?"
    rf"(?:(?:\s*,\s*(?:and\s+)?|\s+and\s+|\s*&\s*){_SUFFIX}(?:\s*\([^()\n]{{0,60}}\))?)+"
)
_KNOWN_FROM_NOW = re.compile(
    rf"\b(?:{_ASKS}s?|(?:should|must|to|also)\s+(?:also\s+)?"
    r"(?:know|recogni[sz]e|handle|allow|understand|read|open|serve|cover|include))\b[^.\n]*$",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class RequestedThing:
    """A thing that a task asks for: as it is written there, and the word that stands for it."""

    written: str
    word: str

    @property
    def is_option(self) -> bool:
        return self.written.startswith("--")

    @property
    def spellings(self) -> tuple[str, ...]:
        """Forms that the same name has in other places: an option and the variable of it."""
        parts = re.split(r"[-_]", self.word)
        camel = parts[0] + "".join(part.title() for part in parts[1:])
        return tuple(dict.fromkeys([self.word, "-".join(parts), "_".join(parts), camel]))


def find_left_out(
    task: str, *, added: Iterable[str], paths: Sequence[str]
) -> tuple[RequestedThing, ...]:
    """The things that a task asks for in one list with others, and that no added line and no
    changed path has, where one of the others is there.
    """
    every = (
        *_lists_in(task),
        *_suffixes_in(task),
        list(_points_of(task)),
        _brought_by_points(task),
    )
    lists = [_distinct(each) for each in every]
    if not any(len(each) > 1 for each in lists):
        return ()
    text = _plain("\n".join([*added, *paths]))
    missing: dict[str, RequestedThing] = {}
    for things in lists:
        lost = [each for each in things if _plain(each.word) not in text]
        if 0 < len(lost) < len(things):
            missing.update({each.word: each for each in lost})
    return tuple(missing.values())


def _distinct(things: Iterable[RequestedThing]) -> list[RequestedThing]:
    return list({each.word: each for each in things}.values())


def _plain(text: str) -> str:
    return re.sub(r"[-_]", "", text).lower()


def _lists_in(task: str) -> Iterator[list[RequestedThing]]:
    end = 0
    for verb in _VERB.finditer(task):
        if verb.start() < end or _REFUSED.search(task[: verb.start()].rpartition("\n")[2]):
            continue
        things, end = _read_list(task, verb.end())
        yield things


def _read_list(task: str, start: int) -> tuple[list[RequestedThing], int]:
    things: list[RequestedThing] = []
    position = start
    while True:
        filler = _FILLER.match(task, position)
        found = _THINGS.match(task, filler.end() if filler else position)
        if found is None:
            return things, position
        thing = _asked(found)
        if thing is None:
            return [], found.end()
        things.append(thing)
        position = found.end()


def _points_of(task: str) -> Iterator[RequestedThing]:
    """The first thing of each point of a list, where the point begins with it."""
    for point in _POINT.finditer(task):
        things, _ = _read_list(point["rest"], 0)
        if things and not _REFUSED.search(point["rest"]):
            yield things[0]


def _suffixes_in(task: str) -> Iterator[list[RequestedThing]]:
    """Lists of kinds of files, such as `.webp and .avif`, each perhaps with its explanation."""
    for match in _SUFFIXES.finditer(task):
        before = task[: match.start()].rpartition("\n")[2]
        if _KNOWN_FROM_NOW.search(before) and not (
            _REFUSED.search(before) or _BESIDE.search(before)
        ):
            plain = re.sub(r"\([^()]*\)", "", match[0])
            yield [RequestedThing(word, word[1:]) for word in re.findall(r"\.\w+", plain)]


def _brought_by_points(task: str) -> list[RequestedThing]:
    """The first thing that each point of a numbered list brings, also where all is in one line."""
    things: list[RequestedThing] = []
    for text in _numbered_points(task):
        found = _BROUGHT.search(text)
        before = text[: found.start()] if found else ""
        if found is None or _REFUSED.search(before) or _BESIDE.search(before):
            continue
        written = next(group for group in found.groups() if group)
        word = written.partition("(")[0].rpartition(".")[2].lstrip("-")
        if len(word) > 1:
            things.append(RequestedThing(written, word))
    return things


def _numbered_points(task: str) -> list[str]:
    """The texts of the points 1, 2, 3 and so on. A sentence may end with a number of its own."""
    found: list[re.Match[str]] = []
    for match in _NUMBER.finditer(task):
        if (match[1] or match[2]) == str(len(found) + 1):
            found.append(match)
    ends = [*(match.start() for match in found[1:]), len(task)]
    return [task[match.end() : end] for match, end in zip(found, ends, strict=bool(found))]


def find_options(task: str) -> tuple[RequestedThing, ...]:
    """The options of a command that a task asks for."""
    found = (match[1] or match[2] for match in _OPTION.finditer(task))
    return tuple(RequestedThing(flag, flag.lstrip("-")) for flag in dict.fromkeys(found))


def is_written_in(option: RequestedThing, text: str) -> bool:
    """Whether a text has an option as a person types it, or joins one together."""
    negated = option.written.replace("--no-", "--", 1)
    if _JOINED.search(text) and (has_name_of(option, text) or negated in text):
        return True
    return re.search(rf"(?<![\w-]){re.escape(option.written)}(?![\w-])", text) is not None


def has_name_of(option: RequestedThing, text: str) -> bool:
    """Whether a text has an option's name as a word, as libraries that read signatures want it."""
    # `--no-cache` comes with `cache` where both are made of one.
    negated = option.written.removeprefix("--no-")
    spellings = (*option.spellings, *([negated] if negated != option.written else []))
    words = "|".join(map(re.escape, spellings))
    return re.search(rf"(?<![\w-])(?:{words})(?![\w-])", text) is not None


def _asked(found: re.Match[str]) -> RequestedThing | None:
    """None for what is no name: a value, a piece of code, a command with arguments."""
    written = found["code"] or found["quoted"] or found["flag"]
    if _FLAG.fullmatch(written):
        word = re.split(r"[= ]", written)[0].lstrip("-")
    elif _FILE.fullmatch(written):
        word = written.rpartition("/")[2]
    elif _NAME.fullmatch(written):
        word = written.partition("(")[0].rpartition(".")[2]
    else:
        return None
    return RequestedThing(written, word) if len(word) > 1 else None
