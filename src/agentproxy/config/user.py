"""The user's own file: workers that they defined, and their defaults."""

from pathlib import Path
from typing import Annotated

from pydantic import Field

from agentproxy.config.tables import Table, WorkerTable, checked, parse_tables
from agentproxy.config.words import (
    BuildChoice,
    Money,
    Name,
    OutputStyle,
    PositiveSeconds,
    Rounds,
    SandboxChoice,
    Seconds,
    SingleLine,
)


class Defaults(Table):
    """`[defaults]`: settings that count where neither the process nor `.env` says otherwise."""

    worker: SingleLine | None = None
    model: SingleLine | None = None
    judge: SingleLine | None = None
    budget: Money | None = None
    max_rounds: Rounds | None = None
    max_time: PositiveSeconds | None = None
    sandbox: SandboxChoice | None = None
    output: OutputStyle | None = None
    hold: Seconds | None = None
    build: BuildChoice | None = None

    def given(self) -> dict[str, object]:
        """What the user wrote, by the names of the settings."""
        return {name: value for name, value in self if value is not None}


class User(Table):
    """The user's configuration: trusted, because it is theirs."""

    defaults: Defaults = Defaults()
    workers: Annotated[dict[Name, WorkerTable], Field(max_length=100)] = Field(
        default_factory=dict, alias="worker"
    )


def user_file() -> Path:
    """Where the user's file is looked for."""
    from platformdirs import user_config_path

    return user_config_path("agentproxy", appauthor=False) / "config.toml"


def load_user(text: str, *, source: str) -> User:
    """The user's configuration from its text.

    Raises:
        BadFile: it cannot be used; names the key and the cure.
    """
    return checked(User, parse_tables(text, source=source), source=source)
