"""What is asked of the process that reads changed files, and what it answers.

Plain dataclasses: to import pydantic would take longer than the work of most requests.
"""

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class SentFile:
    """One changed file, base64, None on a side where it is not there."""

    path: str
    before: str | None
    after: str | None
    is_test: bool


@dataclass(frozen=True, slots=True)
class SourceRequest:
    """The changed files of a claim."""

    files: tuple[SentFile, ...]


@dataclass(frozen=True, slots=True)
class Unawaited:
    """A test that does not await `what`; "" is the test itself."""

    path: str
    test: str
    what: str


@dataclass(frozen=True, slots=True)
class AnswerInCode:
    """Code that holds answers of the tests: one of them, with its line."""

    path: str
    line: int
    key: str
    value: str


@dataclass(frozen=True, slots=True)
class Unused:
    """A new function that never looks at what it is given."""

    path: str
    line: int
    name: str
    parameters: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class SourceAnswer:
    """What was seen in them.

    `broken` says why a file cannot be parsed. `unreached` are new names that tests use and no
    changed code does, each with older names of its kind. `unread`: nobody came to the end of them.
    """

    broken: dict[str, str] = field(default_factory=dict[str, str])
    unawaited: tuple[Unawaited, ...] = ()
    answered: tuple[AnswerInCode, ...] = ()
    unused: tuple[Unused, ...] = ()
    unreached: dict[str, tuple[str, ...]] = field(default_factory=dict[str, tuple[str, ...]])
    unread: bool = False
