"""Judges a command line command by command. The strictest ruling counts."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

from agentproxy.policy import places
from agentproxy.policy.calls import CallSite, ProgramCall, TooMuch, assigns, positionals
from agentproxy.policy.files import VALUED
from agentproxy.policy.programs import FETCHERS, INTERPRETERS, KNOWN, SHELLS
from agentproxy.policy.rulings import Allow, Policy, Refer, Refuse, Ruling, strictest
from agentproxy.policy.shell import UNKNOWN, ShellWord, Simple, Unclear, parse
from agentproxy.policy.tools import goals

FORK_BOMB = re.compile(
    r"(?<![^\s(){}|&;])([^\s(){}|&;]{1,50})\s*\(\s*\)\s*\{[^}]{0,200}\1\s*\|\s*\1\s*&"
)
PROGRAM_FOLDERS = ("/bin", "/sbin", "/usr/bin", "/usr/sbin", "/usr/local/bin", "/opt/homebrew/bin")
WRAPPERS = frozenset(
    ("sudo", "env", "nohup", "time", "timeout", "xargs", "nice", "exec", "command")
)
EVALUATES = SHELLS | {"eval", "source", "."}
# Commands that print names of files of the tree, and options with which they print other text too.
LISTS_NAMES = re.compile(r"find\b|rg .*(?:-l|--files)\b|grep .*-\w*l|git ls-files\b")
SAYS_MORE = re.compile(r"print|exec|format|label|-ok|-fls")
# Programs that pass names on unchanged, if they have at most so many arguments.
PASSES_NAMES = {"sort": 0, "uniq": 0, "head": 0, "tail": 0, "grep": 1}
FETCHED = Refuse("runs a program that it fetches from another machine")
MAX_FOLDERS = 16


def command_line(text: str, policy: Policy) -> Ruling:
    """Returns the ruling on a command line."""
    where = CallSite(
        policy=policy,
        folders=(places.resolved(policy.directory, policy.root),),
        judge=_call,
        script=_script,
    )
    return _script(text, where)


def _script(text: str, where: CallSite) -> Ruling:
    if FORK_BOMB.search(text):
        return Refuse("a fork bomb")
    try:
        commands = parse(text)
    except Unclear as error:
        return Refer(str(error))
    return _commands(commands, where) if commands else Refer("no command")


@dataclass
class _Folders:
    """The folders that a command may run in."""

    sure: tuple[str, ...]  # along a chain of `&&`, in which every `cd` has succeeded
    possible: tuple[str, ...]  # after any other operator

    def enter(self, simple: Simple) -> None:
        if simple.joined != "&&":
            self.sure = self.possible

    def go(self, target: str, *, piped: bool) -> None:
        reached = tuple(dict.fromkeys(places.resolved(target, folder) for folder in self.sure))
        self.possible = tuple(dict.fromkeys((*self.possible, *reached)))
        # A `cd` in a pipe runs in a shell of its own.
        self.sure = self.possible if piped else reached


def _commands(commands: Sequence[Simple], where: CallSite) -> Ruling:
    found: list[Ruling] = []
    folders = _Folders(where.folders, where.folders)
    pipe: list[Simple] = []
    for place, simple in enumerate(commands):
        folders.enter(simple)
        pipe = [*pipe, simple] if simple.joined == "|" else [simple]
        here = replace(
            where,
            folders=folders.sure,
            piped=where.piped or len(pipe) > 1,
            names=len(pipe) > 1 and _only_names(pipe[:-1], where),
        )
        if len(pipe) > 1 and _evaluates(simple) and any(_fetches(feed) for feed in pipe[:-1]):
            return FETCHED
        following = commands[place + 1].joined if place + 1 < len(commands) else ";"
        if simple.words and simple.words[0].text == "cd":
            found.append(_cd(simple, folders, here, piped="|" in (simple.joined, following)))
            found.append(_around(simple, here))
        else:
            found.append(_simple(simple, here))
        if len(folders.possible) > MAX_FOLDERS:
            return Refer("goes to too many folders to judge")
    return strictest(found)


def _cd(simple: Simple, folders: _Folders, where: CallSite, *, piped: bool) -> Ruling:
    words = [word for word in simple.words[1:] if word.text not in ("-P", "-L", "--")]
    if len(words) != 1 or not words[0].certain or words[0].text.startswith("-"):
        return Refer("cd to an unknown folder")
    folders.go(words[0].text, piped=piped)
    inside = isinstance(ProgramCall("", (), where).writes(words), Allow)
    return Allow() if inside else Refer("cd out of the tree")


def _simple(simple: Simple, where: CallSite) -> Ruling:
    try:
        return _whole(simple, where)
    except TooMuch:
        return Refer("the command holds too many inner commands to judge")


def _whole(simple: Simple, where: CallSite) -> Ruling:
    fetched = any(_fetches(inner) for word in simple.every_word for inner in word.inner)
    if fetched and _evaluates(simple, script=True):
        return FETCHED
    around = _around(simple, where)
    return strictest([around, _call(simple.words, where)]) if simple.words else around


def _around(simple: Simple, where: CallSite) -> Ruling:
    # Assignments, redirections and substitutions.
    call = ProgramCall("", (), where)
    return strictest(
        [
            *(assigns(name, word.text.partition("=")[2]) for name, word in simple.assigned),
            call.reads(simple.read),
            call.writes(simple.written),
            *(_commands(word.inner, where) for word in simple.every_word if word.inner),
        ]
    )


def _call(words: tuple[ShellWord, ...], where: CallSite) -> Ruling:
    first = words[0]
    policy = where.policy
    if not first.certain and not (first.text in ("[", "[[") and first.glob):
        return Refer("the name of the program is unknown")
    if not first.text.isascii():
        return Refer(f"the name of the program is not ASCII: {first.text[:40]!a}")
    name, own = _program(first, where)
    if (ruling := _by_name(name, policy)) is not None:
        return ruling
    # A program of the tree is judged by its arguments alone.
    rule = KNOWN.get(name) or (goals if own else None)
    return (
        rule(ProgramCall(name, words[1:], where))
        if rule
        else Refer(f"no rule covers {name[:40]!a}")
    )


def _by_name(name: str, policy: Policy) -> Ruling | None:
    if name in policy.denied:
        return Refuse(f"the policy denies {name}")
    if name in policy.asked:
        return Refer(f"the policy asks before {name}")
    return Allow() if name in policy.allowed else None


def _program(word: ShellWord, where: CallSite) -> tuple[str, bool]:
    # The name in the tables of rules, and whether the program is a file of the tree.
    text = word.text
    if "/" not in text:
        return re.sub(r"^(python|pip|ruby|perl|php|lua|node)[0-9.]+$", r"\1", text), False
    folder, _, name = text.rpartition("/")
    own = ProgramCall("", (), where).owns(word)
    if own or folder in PROGRAM_FOLDERS:
        return re.sub(r"^(python|pip)[0-9.]+$", r"\1", name), own
    return text, False


def _base(word: ShellWord) -> str:
    return word.text.rpartition("/")[2]


def _fetches(simple: Simple) -> bool:
    names = [_base(word) for word in simple.words]
    wrapped = names[:1] != [] and names[0] in WRAPPERS and any(name in FETCHERS for name in names)
    return wrapped or (names[:1] != [] and names[0] in FETCHERS)


def _evaluates(simple: Simple, *, script: bool = False) -> bool:
    # Whether the command runs a text as a program: from a pipe, or (`script`) from its arguments.
    names = [_base(word) for word in simple.words]
    while names and names[0] in WRAPPERS:
        names = [name for name in names[1:] if name in EVALUATES | INTERPRETERS][:1] or [""]
    if not names:
        return False
    bare = len(simple.words) == 1 or simple.words[-1].text == "-"
    return names[0] in EVALUATES or (names[0] in INTERPRETERS and (bare or script))


def _only_names(feeds: Sequence[Simple], where: CallSite) -> bool:
    texts = [" ".join(word.text for word in feed.words) for feed in feeds]
    if not LISTS_NAMES.match(texts[0]) or SAYS_MORE.search(texts[0]):
        return False
    if any(UNKNOWN in text for text in texts) or any(feed.read or feed.given for feed in feeds):
        return False
    return all(_passes(feed) for feed in feeds[1:]) and isinstance(
        _call(feeds[0].words, where), Allow
    )


def _passes(simple: Simple) -> bool:
    name = simple.words[0].text if simple.words else ""
    own = positionals(simple.words[1:], valued=VALUED.get(name, ""))
    return len(own) <= PASSES_NAMES.get(name, -1)
