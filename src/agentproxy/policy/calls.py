"""One call of a program, and what its rule may ask about it."""

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace

from agentproxy.policy import places
from agentproxy.policy.rulings import Allow, Policy, Refer, Ruling, strictest
from agentproxy.policy.shell import UNKNOWN, ShellWord

MAX_CALL_DEPTH = 8
MAX_JUDGED_CHARACTERS = 60_000  # characters of calls within calls, judged for one command line
OPTION = re.compile(r"-[^\s]")
GLUED = re.compile(r"-[A-Za-z0-9]{1,4}?((?:/|\.\.|[^-].*/).*)", re.DOTALL)
REDIRECTING = re.compile(
    r"PATH|CDPATH|IFS|ENV|BASH_ENV|BASH_FUNC.*|SHELLOPTS|BASHOPTS|PS[0-9]|PROMPT_COMMAND|HOME|PWD"
    r"|OLDPWD|SHELL|LD_.*|DYLD_.*|GIT_.*|SSH_.*|PAGER|EDITOR|VISUAL|BROWSER|MANPAGER|LESSOPEN"
    r"|LESSCLOSE|PERL5OPT|PERL5DB|PYTHONSTARTUP|PYTHONHOME|RUBYOPT|NODE_OPTIONS|JAVA_TOOL_OPTIONS"
    r"|.*_PROXY|.*_proxy"
)
HARMLESS = re.compile(r"GIT_(?:AUTHOR|COMMITTER)_(?:NAME|EMAIL|DATE)|GIT_TERMINAL_PROMPT")
HARMLESS_VALUES = ("", "cat", "true", ":", "less")


class TooMuch(Exception):
    """Judging a command line takes longer than any honest one is worth."""


@dataclass(slots=True)
class JudgingWork:
    """How much of one command line was judged that stands within its calls: depth alone does not
    bound it, since a rule may judge the same words more than once.
    """

    spent: int = 0

    def grow(self, size: int) -> None:
        """Count characters that are judged once more.

        Raises:
            TooMuch: they are more than are judged for one line.
        """
        self.spent += size
        if self.spent > MAX_JUDGED_CHARACTERS:
            raise TooMuch


@dataclass(frozen=True, slots=True)
class CallSite:
    """What surrounds a call: the folders it may run in, and what comes in from a pipe.

    `names` says that the pipe brings names of files of the tree. `judge` rules on an inner call,
    `script` on an inner command line; `effort` is one for everything within a command line.
    """

    policy: Policy
    folders: tuple[str, ...]
    judge: Callable[[tuple[ShellWord, ...], "CallSite"], Ruling]
    script: Callable[[str, "CallSite"], Ruling]
    piped: bool = False
    names: bool = False
    depth: int = 0
    effort: JudgingWork = field(default_factory=JudgingWork)

    def deeper(self, *, piped: bool = False) -> "CallSite":
        """The same for a call within this one."""
        return replace(self, depth=self.depth + 1, piped=piped)


@dataclass(frozen=True, slots=True)
class ProgramCall:
    """A program by its base name, and its arguments."""

    name: str
    args: tuple[ShellWord, ...]
    where: CallSite

    @property
    def texts(self) -> tuple[str, ...]:
        """The arguments as text."""
        return tuple(word.text for word in self.args)

    def positionals(self, *, valued: str = "") -> tuple[ShellWord, ...]:
        """The arguments that are no options; `valued` are short options that take the next."""
        return positionals(self.args, valued=valued)

    def values(self) -> tuple[ShellWord, ...]:
        """What may be a value in options: behind `=`, and glued to a short option."""
        found: list[ShellWord] = []
        for word in self.args:
            if word.text.startswith("-") and "=" in word.text:
                found.append(replace(word, text=word.text.partition("=")[2]))
            elif (glued := GLUED.match(word.text)) is not None:
                found.append(replace(word, text=glued[1]))
                found.append(replace(word, text=word.text[2:]))
        return tuple(found)

    def has(self, *names: str) -> bool:
        """Whether one of these options is given; "-x" also within a bundle like "-vx"."""
        return any(_gives(text, name) for text in self.texts for name in names)

    def reads(self, words: Iterable[ShellWord]) -> Ruling:
        """Whether these paths may be read."""
        return strictest(
            places.read(word, folder, self.where.policy)
            for word in words
            for folder in self.where.folders
        )

    def writes(self, words: Iterable[ShellWord]) -> Ruling:
        """Whether these paths may be changed."""
        return strictest(
            places.write(word, folder, self.where.policy)
            for word in words
            for folder in self.where.folders
        )

    def owns(self, word: ShellWord) -> bool:
        """Whether this is surely a file of the tree, and not what another command says."""
        elsewhere = word.text.startswith("/dev/") or not word.certain or bool(word.inner)
        return not elsewhere and isinstance(self.writes([word]), Allow)

    def inner(self, words: tuple[ShellWord, ...]) -> Ruling:
        """The ruling on the call that these words make, with the same pipe."""
        if not words:
            return Refer(f"{self.name} runs nothing that is known")
        return self._deeper(sum(len(word.text) + 1 for word in words)) or self.where.judge(
            words, self.where.deeper(piped=self.where.piped)
        )

    def script(self, text: str) -> Ruling:
        """The ruling on a command line of its own."""
        return self._deeper(len(text)) or self.where.script(text, self.where.deeper())

    def _deeper(self, size: int) -> Refer | None:
        if self.where.depth >= MAX_CALL_DEPTH:
            return Refer("calls are nested too deeply to judge")
        self.where.effort.grow(size * len(self.where.folders))
        return None


ProgramRule = Callable[[ProgramCall], Ruling]


def assigns(name: str, value: str) -> Ruling:
    """Whether a variable may be set for a command."""
    if not REDIRECTING.fullmatch(name) or HARMLESS.fullmatch(name):
        return Allow()
    if value in HARMLESS_VALUES and name not in ("PATH", "HOME", "PWD", "IFS"):
        return Allow()
    return Refer(f"{name} changes what a command does")


def positionals(words: Sequence[ShellWord], *, valued: str = "") -> tuple[ShellWord, ...]:
    """The words that are no options; `valued` are short options that take the next word."""
    found: list[ShellWord] = []
    skip = False
    for place, word in enumerate(words):
        if skip:
            skip = False
        elif word.text == "--":
            return (*found, *words[place + 1 :])
        elif OPTION.match(word.text):
            skip = word.text[:2] != "--" and word.text[-1] in valued
        else:
            found.append(word)
    return tuple(found)


def names(*lines: str) -> frozenset[str]:
    """The names in lines of text."""
    return frozenset(" ".join(lines).split())


def pathlike(words: Iterable[ShellWord]) -> tuple[ShellWord, ...]:
    """Those that lead somewhere else than into the folder where they stand."""
    return tuple(
        word
        for word in words
        if word.home or word.text.startswith(("/", "~")) or ".." in word.text.split("/")
    )


def hides_options(words: Iterable[ShellWord]) -> bool:
    """Whether a word may turn out to be an option."""
    return any(word.text.startswith(UNKNOWN) for word in words)


def _gives(text: str, name: str) -> bool:
    if name.startswith("--"):
        # GNU programs accept every beginning of a long option that is long enough.
        given = text.partition("=")[0]
        return given == name or (len(given) > len("--x") and name.startswith(given))
    if text.startswith("--") or not text.startswith("-"):
        return False
    return text == name or (len(name) == len("-x") and name[1] in text[1:].partition("=")[0])
