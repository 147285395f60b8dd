"""What is asked of the process that reads changed files, and what it answers.

Named tuples: to import pydantic, or only dataclasses, takes longer than the work of most requests.
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import NamedTuple

_NOTHING: Mapping[str, str] = MappingProxyType({})
_NO_NAMES: Mapping[str, tuple[str, ...]] = MappingProxyType({})


class SentFile(NamedTuple):
    """One changed file, base64, None on a side where it is not there."""

    path: str
    before: str | None
    after: str | None
    is_test: bool


class SourceRequest(NamedTuple):
    """The changed files of a claim."""

    files: tuple[SentFile, ...]


class Unawaited(NamedTuple):
    """A test that does not await `what`; "" is the test itself."""

    path: str
    test: str
    what: str


class AnswerInCode(NamedTuple):
    """Code that holds answers of the tests: one of them, with its line."""

    path: str
    line: int
    key: str
    value: str


class Unused(NamedTuple):
    """A new function that never looks at what it is given."""

    path: str
    line: int
    name: str
    parameters: tuple[str, ...]


class SourceAnswer(NamedTuple):
    """What was seen in them.

    `broken` says why a file cannot be parsed. `unreached` are new names that tests use and no
    changed code does, each with older names of its kind. `unread`: nobody came to the end of them.
    """

    broken: Mapping[str, str] = _NOTHING
    unawaited: tuple[Unawaited, ...] = ()
    answered: tuple[AnswerInCode, ...] = ()
    unused: tuple[Unused, ...] = ()
    unreached: Mapping[str, tuple[str, ...]] = _NO_NAMES
    unread: bool = False
