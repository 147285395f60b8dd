"""The user's own file: defaults and workers."""

from pathlib import Path
from typing import Annotated

from pydantic import Field

from agentproxy.config.tables import Table, WorkerTable, checked, parse_tables
from agentproxy.config.words import (
    BuildChoice,
    Jobs,
    KeepChoice,
    Money,
    MutantChoice,
    Name,
    OutputStyle,
    PositiveSeconds,
    Rounds,
    SandboxChoice,
    Seconds,
    SingleLine,
)


class Defaults(Table):
    """`[defaults]`: settings that count where neither the process nor `.env` sets them."""

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
    keep_bases: KeepChoice | None = None
    mutants: MutantChoice | None = None
    jobs: Jobs | None = None

    def given(self) -> dict[str, object]:
        return {name: value for name, value in self if value is not None}


class User(Table):
    """The user's configuration. It is trusted: the user wrote it."""

    defaults: Defaults = Defaults()
    workers: Annotated[dict[Name, WorkerTable], Field(max_length=100)] = Field(
        default_factory=dict, alias="worker"
    )


def user_file() -> Path:
    from platformdirs import user_config_path

    return user_config_path("agentproxy", appauthor=False) / "config.toml"


def load_user(text: str, *, source: str) -> User:
    """Parses the user's configuration. Raises BadFile."""
    return checked(User, parse_tables(text, source=source), source=source)
