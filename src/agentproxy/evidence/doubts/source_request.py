"""What is asked of the process that reads changed files, and what it answers."""

from pydantic import Field

from agentproxy.events.envelope import FrozenModel


class ChangedFile(FrozenModel):
    """One changed file, base64, None on a side where it is not there."""

    path: str
    before: str | None
    after: str | None
    is_test: bool


class SourceRequest(FrozenModel):
    """The changed files of a claim."""

    files: tuple[ChangedFile, ...]


class Unawaited(FrozenModel):
    """A test that does not await `what`; "" is the test itself."""

    path: str
    test: str
    what: str


class SourceAnswer(FrozenModel):
    """What was seen in them.

    `broken` says why a file cannot be parsed. `unreached` are new names that tests use and no
    changed code does, each with older names of its kind.
    """

    broken: dict[str, str] = Field(default_factory=dict)
    unawaited: tuple[Unawaited, ...] = ()
    unreached: dict[str, tuple[str, ...]] = Field(default_factory=dict[str, tuple[str, ...]])
