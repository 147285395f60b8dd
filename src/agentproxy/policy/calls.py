"""One call of a program, with the questions that a rule may ask about it."""

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace

from agentproxy.policy import places
from agentproxy.policy.rulings import Allow, Policy, Refer, Ruling, strictest
from agentproxy.policy.shell import UNKNOWN, ShellWord

MAX_CALL_DEPTH = 8
# Depth alone is no bound: each `-exec` of `find` judges the words after it twice.
MAX_JUDGED_CHARACTERS = 60_000
OPTION = re.compile(r"-[^\s]")
# A path behind a short option without a space, as in `-I/usr/include`.
GLUED = re.compile(r"-[A-Za-z0-9]{1,4}?((?:/|\.\.|[^-].*/).*)", re.DOTALL)
# Variables that make a program load, run or open something else.
REDIRECTING = re.compile(
    r"PATH|CDPATH|IFS|ENV|BASH_ENV|BASH_FUNC.*|SHELLOPTS|BASHOPTS|PS[0-9]|PROMPT_COMMAND|HOME|PWD"
    r"|OLDPWD|SHELL|LD_.*|DYLD_.*|GIT_.*|SSH_.*|PAGER|EDITOR|VISUAL|BROWSER|MANPAGER|LESSOPEN"
    r"|LESSCLOSE|PERL5OPT|PERL5DB|PYTHONSTARTUP|PYTHONHOME|RUBYOPT|NODE_OPTIONS|JAVA_TOOL_OPTIONS"
    r"|.*_PROXY|.*_proxy"
)
HARMLESS = re.compile(r"GIT_(?:AUTHOR|COMMITTER)_(?:NAME|EMAIL|DATE)|GIT_TERMINAL_PROMPT")
HARMLESS_VALUES = ("", "cat", "true", ":", "less")


class TooMuch(Exception):
    """A command line has more text in inner calls than is judged."""


@dataclass(slots=True)
class JudgingWork:
    """Counts the characters of inner calls that were judged for one command line."""

    spent: int = 0

    def grow(self, size: int) -> None:
        """Adds `size` characters. Raises TooMuch beyond `MAX_JUDGED_CHARACTERS`."""
        self.spent += size
        if self.spent > MAX_JUDGED_CHARACTERS:
            raise TooMuch


@dataclass(frozen=True, slots=True)
class CallSite:
    """Where a call stands in its command line."""

    policy: Policy
    folders: tuple[str, ...]  # the call may run in any of them
    judge: Callable[[tuple[ShellWord, ...], "CallSite"], Ruling]  # rules on an inner call
    script: Callable[[str, "CallSite"], Ruling]  # rules on an inner command line
    piped: bool = False
    names: bool = False  # the pipe brings names of files of the tree, and nothing else
    depth: int = 0
    effort: JudgingWork = field(default_factory=JudgingWork)  # shared by the whole command line

    def deeper(self, *, piped: bool = False) -> "CallSite":
        return replace(self, depth=self.depth + 1, piped=piped)


@dataclass(frozen=True, slots=True)
class ProgramCall:
    """A program, by its base name, with its arguments."""

    name: str
    args: tuple[ShellWord, ...]
    where: CallSite

    @property
    def texts(self) -> tuple[str, ...]:
        return tuple(word.text for word in self.args)

    def positionals(self, *, valued: str = "") -> tuple[ShellWord, ...]:
        """Returns the arguments without options. Those in `valued` take the next argument too."""
        return positionals(self.args, valued=valued)

    def values(self) -> tuple[ShellWord, ...]:
        """Returns the texts in options that may be values: behind `=` or behind a short option."""
        found: list[ShellWord] = []
        for word in self.args:
            if word.text.startswith("-") and "=" in word.text:
                found.append(replace(word, text=word.text.partition("=")[2]))
            elif (glued := GLUED.match(word.text)) is not None:
                # Of `-xo/etc/y` both readings count, since `o` may be a part of the path.
                found.append(replace(word, text=glued[1]))
                found.append(replace(word, text=word.text[2:]))
        return tuple(found)

    def has(self, *names: str) -> bool:
        """Whether one of these options is given, also "-x" in a bundle such as "-vx"."""
        return any(_gives(text, name) for text in self.texts for name in names)

    def reads(self, words: Iterable[ShellWord]) -> Ruling:
        return strictest(
            places.read(word, folder, self.where.policy)
            for word in words
            for folder in self.where.folders
        )

    def writes(self, words: Iterable[ShellWord]) -> Ruling:
        return strictest(
            places.write(word, folder, self.where.policy)
            for word in words
            for folder in self.where.folders
        )

    def owns(self, word: ShellWord) -> bool:
        # A device or a substitution may hold the output of another command.
        elsewhere = word.text.startswith("/dev/") or not word.certain or bool(word.inner)
        return not elsewhere and isinstance(self.writes([word]), Allow)

    def inner(self, words: tuple[ShellWord, ...]) -> Ruling:
        """Returns the ruling on the call of these words, with the same pipe."""
        if not words:
            return Refer(f"{self.name} has no command to run")
        return self._deeper(sum(len(word.text) + 1 for word in words)) or self.where.judge(
            words, self.where.deeper(piped=self.where.piped)
        )

    def script(self, text: str) -> Ruling:
        """Returns the ruling on an inner command line."""
        return self._deeper(len(text)) or self.where.script(text, self.where.deeper())

    def _deeper(self, size: int) -> Refer | None:
        if self.where.depth >= MAX_CALL_DEPTH:
            return Refer("calls are nested too deeply to judge")
        self.where.effort.grow(size * len(self.where.folders))
        return None


ProgramRule = Callable[[ProgramCall], Ruling]


def assigns(name: str, value: str) -> Ruling:
    """Returns the ruling on an assignment of a variable."""
    if not REDIRECTING.fullmatch(name) or HARMLESS.fullmatch(name):
        return Allow()
    if value in HARMLESS_VALUES and name not in ("PATH", "HOME", "PWD", "IFS"):
        return Allow()
    return Refer(f"{name} changes what a command does")


def positionals(words: Sequence[ShellWord], *, valued: str = "") -> tuple[ShellWord, ...]:
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
    return frozenset(" ".join(lines).split())


def pathlike(words: Iterable[ShellWord]) -> tuple[ShellWord, ...]:
    """Returns the words that may name a path outside the current folder."""
    return tuple(
        word
        for word in words
        if word.home or word.text.startswith(("/", "~")) or ".." in word.text.split("/")
    )


def hides_options(words: Iterable[ShellWord]) -> bool:
    """Whether a word may become an option when the shell expands it."""
    return any(word.text.startswith(UNKNOWN) for word in words)


def _gives(text: str, name: str) -> bool:
    if name.startswith("--"):
        # GNU programs accept the beginning of a long option, if it is unique.
        given = text.partition("=")[0]
        return given == name or (len(given) > len("--x") and name.startswith(given))
    if text.startswith("--") or not text.startswith("-"):
        return False
    return text == name or (len(name) == len("-x") and name[1] in text[1:].partition("=")[0])
