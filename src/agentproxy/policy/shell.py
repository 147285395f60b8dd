"""Parses a shell command line into simple commands, or refuses what is uncertain."""

import re
from dataclasses import dataclass, replace
from typing import Literal

from agentproxy.text.unseen import has_unseen

# A command line has no NUL character: `parse` refuses unseen characters.
UNKNOWN = "\0"
MAX_COMMAND_CHARACTERS = 20_000
MAX_NESTING = 12
MAX_COMMANDS = 200
Joined = Literal[";", "&&", "||", "|"]

METACHARACTERS = frozenset(" \t\n;&|<>()")
SKIPPED = frozenset(
    ("if", "then", "elif", "else", "fi", "while", "until", "do", "done", "{", "}", "!")
)
UNREAD = frozenset(("case", "select", "function", "coproc", "esac"))
OPERATOR = re.compile(r"\|\||\|&|&&|;;?&?|[&|\n]")
REDIRECTION = re.compile(r"[0-9]*(<<<|<<-?|<>|<&|<(?!\()|>>|>&|>\||>(?!\())|(&>>?)")
DUPLICATE = re.compile(r"[0-9]*[<>]&(?:[0-9]+-?|-)(?=[\s;&|)]|[<>](?!\()|$)")
PLAIN_VARIABLE = re.compile(r"([A-Za-z_][A-Za-z0-9_]*|[0-9@*#?$!-])")
SAFE_EXPANSION = re.compile(
    r"\{#?[A-Za-z_][A-Za-z0-9_]*(?:(?::?[-+]|%%?|##?)[^$`{}\"'\\\n]*)?\}|\{[0-9@*#?$!-]\}"
)
ASSIGNMENT = re.compile(r"([A-Za-z_][A-Za-z0-9_]*)\+?=")
TILDE = re.compile(r"[=:]~")
BRACES = re.compile(r"\{[^{}]*(?:,|\.\.)[^{}]*\}")


class Unclear(Exception):
    """The shell's reading of a command line is not certain."""


@dataclass(frozen=True, slots=True)
class ShellWord:
    """A word without its quotes. `UNKNOWN` stands for a text that only the shell will know."""

    text: str
    glob: bool = False  # a pattern of names
    home: bool = False  # begins with the user's home; `text` begins with `~`
    bare: bool = True  # nothing in it was quoted or replaced
    assigns: str = ""  # the variable that it sets, if it stands before a command
    tilde: bool = False  # bash may put a home into its value
    inner: "tuple[Simple, ...]" = ()  # the commands substituted in it

    @property
    def certain(self) -> bool:
        """Whether the program gets exactly this text."""
        replaced = self.glob or self.home or self.tilde
        return UNKNOWN not in self.text and not replaced


@dataclass(frozen=True, slots=True)
class Simple:
    """One simple command."""

    words: tuple[ShellWord, ...]
    joined: Joined = ";"  # the operator before it
    assigned: tuple[tuple[str, ShellWord], ...] = ()
    read: tuple[ShellWord, ...] = ()
    written: tuple[ShellWord, ...] = ()
    given: tuple[ShellWord, ...] = ()  # here-strings

    @property
    def every_word(self) -> tuple[ShellWord, ...]:
        values = tuple(value for _, value in self.assigned)
        return self.words + values + self.read + self.written + self.given


def parse(text: str) -> tuple[Simple, ...]:
    """Returns the simple commands of a command line in order, also those in groups and loops.

    Raises:
        Unclear: the commands are not certain.
    """
    if len(text) > MAX_COMMAND_CHARACTERS:
        raise Unclear("the command is too long to judge")
    if has_unseen(text, but="\t\n"):
        raise Unclear("the command holds characters that cannot be seen")
    return _ShellReader(text).commands()


class _ShellReader:
    def __init__(self, text: str) -> None:
        self.text = text
        self.at = 0
        self.depth = 0
        self.count = 0

    def commands(self, *, end: str = "") -> tuple[Simple, ...]:
        self.depth += 1
        if self.depth > MAX_NESTING:
            raise Unclear("the command is nested too deeply")
        found: list[Simple] = []
        joined: Joined = ";"
        # After a group or a negation, `&&` does not prove that a `cd` in it succeeded.
        loose = waiting = False
        while True:
            self._skip_blanks()
            sign = self._sign()
            if sign == end:
                break
            if sign == "\n" and waiting:
                self.at += 1
            elif sign and sign in ";&|\n" and not self._redirects():
                joined = self._operator(loose=loose)
                loose, waiting = False, True
            elif sign == "(":
                self._open_group()
                found.extend(_after(joined, self.commands(end=")")))
                loose, waiting, joined = True, False, ";"
            elif sign in ("", ")"):
                raise Unclear("the command's brackets do not match")
            else:
                simple, plain = self._simple(joined)
                found.append(simple)
                loose, waiting, joined = loose or not plain, False, ";"
            self.count += 1
            if self.count > MAX_COMMANDS:
                raise Unclear("too many commands to judge")
        self.at += len(end)
        self.depth -= 1
        return tuple(found)

    def _operator(self, *, loose: bool) -> Joined:
        found = OPERATOR.match(self.text, self.at)
        if found is None or (found[0][0] == ";" and found[0] != ";"):
            raise Unclear("the command has an unknown operator")
        self.at = found.end()
        if found[0] == "||":
            return "||"
        if found[0] == "&&":
            return ";" if loose else "&&"
        return "|" if found[0] in ("|", "|&") else ";"

    def _open_group(self) -> None:
        self.at += 1
        if self._sign() == "(":
            raise Unclear("arithmetic is not judged")

    def _simple(self, joined: Joined) -> tuple[Simple, bool]:
        words: list[ShellWord] = []
        assigned: list[tuple[str, ShellWord]] = []
        ways: dict[str, list[ShellWord]] = {"read": [], "written": [], "given": []}
        plain, split = True, False
        while True:
            self._skip_blanks()
            if self._redirects():
                # bash takes words behind `&> file` for arguments, dash for another command.
                split = split or self._sign() == "&"
                self._redirection(ways)
                continue
            if self._sign() in ("", "\n", ";", "&", "|", ")"):
                break
            if self._sign() == "(":
                raise Unclear("a function or a pattern in brackets is not judged")
            word = self._word()
            if split:
                raise Unclear("a redirection that shells read differently")
            if not words and not assigned and word.bare and word.text in SKIPPED:
                plain, joined = False, "|" if joined == "|" else ";"
            elif not words and word.bare and word.text in UNREAD:
                raise Unclear(f"the shell's {word.text} is not judged")
            elif not words and word.assigns:
                assigned.append((word.assigns, word))
            else:
                words.append(word)
        return (
            Simple(
                words=tuple(words),
                joined=joined,
                assigned=tuple(assigned),
                read=tuple(ways["read"]),
                written=tuple(ways["written"]),
                given=tuple(ways["given"]),
            ),
            plain,
        )

    def _redirects(self) -> bool:
        return REDIRECTION.match(self.text, self.at) is not None

    def _redirection(self, ways: dict[str, list[ShellWord]]) -> None:
        if duplicate := DUPLICATE.match(self.text, self.at):
            self.at = duplicate.end()
            return
        found = REDIRECTION.match(self.text, self.at)
        assert found is not None
        kind = found[1] or found[2]
        if kind in (">&", "<&") and self.text[found.end() : found.end() + 1] in "0123456789-":
            raise Unclear("a redirection that shells read differently")
        if kind in ("<<", "<<-"):
            raise Unclear("a here-document is not judged")
        self.at = found.end()
        self._skip_blanks()
        word = self._word()
        way = {"<": "read", "<<<": "given"}.get(kind, "written")
        ways[way].append(word)

    def _word(self) -> ShellWord:
        reading = _PartialWord()
        while (sign := self._sign()) and (sign not in METACHARACTERS or self._substitutes()):
            self._piece(sign, reading)
        if self._sign() == "(":
            raise Unclear("a function or a pattern in brackets is not judged")
        if not reading.shape and not reading.quoted:
            raise Unclear("a word is missing")
        return reading.word()

    def _piece(self, sign: str, reading: "_PartialWord") -> None:
        if sign == "'":
            reading.take(self._until("'"), quoted=True)
        elif sign == '"':
            self._double_quoted(reading)
        elif sign == "\\":
            self._escaped(reading)
        elif sign == "$":
            self._dollar(reading, quoted=False)
        elif sign == "`":
            self._backticks(reading)
        elif sign in "<>":
            self.at += 2
            inside = self.commands(end=")")
            if not inside:
                raise Unclear("an empty substitution")
            reading.unknown(inside, text="/dev/fd/63")
        else:
            reading.take(sign, quoted=False)
            self.at += 1

    def _escaped(self, reading: "_PartialWord") -> None:
        following = self.text[self.at + 1 : self.at + 2]
        if not following:
            raise Unclear("the command ends in a backslash")
        self.at += 2
        if following != "\n":
            reading.take(following, quoted=True)

    def _double_quoted(self, reading: "_PartialWord") -> None:
        reading.take("", quoted=True)
        self.at += 1
        while (sign := self._sign()) != '"':
            if sign == "":
                raise Unclear("a quote does not end")
            if sign == "$":
                self._dollar(reading, quoted=True)
            elif sign == "`":
                self._backticks(reading)
            elif sign == "\\" and self.text[self.at + 1 : self.at + 2] in (
                "$",
                "`",
                '"',
                "\\",
                "\n",
            ):
                self._escaped(reading)
            else:
                reading.take(sign, quoted=True)
                self.at += 1
        self.at += 1

    def _dollar(self, reading: "_PartialWord", *, quoted: bool) -> None:
        self.at += 1
        sign = self._sign()
        if sign == "(":
            self._open_group()
            reading.unknown(self.commands(end=")"))
        elif sign == "{":
            if not (safe := SAFE_EXPANSION.match(self.text, self.at)):
                raise Unclear("an expansion that is not judged")
            self.at = safe.end()
            reading.variable(safe[0][1:-1])
        elif sign in ("[", "\\") or (sign in ("'", '"') and not quoted):
            raise Unclear("a quote that is not judged")
        elif found := PLAIN_VARIABLE.match(self.text, self.at):
            self.at = found.end()
            reading.variable(found[1])
        else:
            reading.take("$", quoted=True)

    def _backticks(self, reading: "_PartialWord") -> None:
        inside = self._until("`")
        if "\\" in inside:
            raise Unclear("a backslash between backticks is not judged")
        nested = _ShellReader(inside)
        nested.depth = self.depth
        reading.unknown(nested.commands())

    def _until(self, quote: str) -> str:
        end = self.text.find(quote, self.at + 1)
        if end < 0:
            raise Unclear("a quote does not end")
        inside, self.at = self.text[self.at + 1 : end], end + 1
        return inside

    def _skip_blanks(self) -> None:
        while True:
            if self._sign() in (" ", "\t"):
                self.at += 1
            elif self.text.startswith("\\\n", self.at):
                self.at += 2
            elif self._sign() == "#":
                end = self.text.find("\n", self.at)
                self.at = len(self.text) if end < 0 else end
            else:
                return

    def _substitutes(self) -> bool:
        return self.text.startswith(("<(", ">("), self.at)

    def _sign(self) -> str:
        return self.text[self.at : self.at + 1]


class _PartialWord:
    """A word while it is read. In `shape` every quoted character is an `x`."""

    def __init__(self) -> None:
        self.text = ""
        self.shape = ""
        self.quoted = False
        self.home = False
        self.inner: list[Simple] = []

    def take(self, text: str, *, quoted: bool) -> None:
        self.text += text
        self.shape += "x" * len(text) if quoted else text
        self.quoted = self.quoted or quoted

    def unknown(self, inner: tuple[Simple, ...] = (), *, text: str = UNKNOWN) -> None:
        """Adds a text that only the shell will know."""
        self.take(text, quoted=True)
        self.inner.extend(inner)

    def variable(self, name: str) -> None:
        # The values of HOME and PWD are unknown too, but their folders are known.
        first = not self.text
        self.home = self.home or (first and name == "HOME")
        known = {"HOME": "~", "PWD": "."} if first else {}
        self.unknown(text=known.get(name, UNKNOWN))

    def word(self) -> ShellWord:
        found = ASSIGNMENT.match(self.shape)
        # Braces may become several words, and each of them is unknown.
        braces = BRACES.search(self.shape) is not None
        return ShellWord(
            text=UNKNOWN if braces else self.text,
            glob=any(sign in self.shape for sign in "*?["),
            home=self.home or self.shape.startswith("~"),
            bare=not self.quoted,
            assigns=found[1] if found else "",
            # bash does so in every argument that looks like an assignment.
            tilde=found is not None and TILDE.search(self.shape) is not None,
            inner=tuple(self.inner),
        )


def _after(joined: Joined, commands: tuple[Simple, ...]) -> tuple[Simple, ...]:
    if not commands:
        return ()
    return (replace(commands[0], joined=joined), *commands[1:])
