"""`agentproxy.toml`: the checks of a repository, and the settings that need trust."""

from collections.abc import Mapping
from typing import Annotated, Literal, cast

from pydantic import BeforeValidator, Field, model_validator

from agentproxy.config.files import as_text
from agentproxy.config.mistakes import BadFile
from agentproxy.config.tables import Table, WorkerTable, checked, parse_tables
from agentproxy.config.words import (
    EnvironmentFolder,
    InnerGlob,
    InnerPath,
    Name,
    PositiveSeconds,
    Script,
    SingleLine,
    Variables,
    refusal,
)

PROJECT_FILES = ("agentproxy.toml", ".agentproxy/agentproxy.toml")
KINDS = ("test", "types", "lint", "build")


def _discovered(value: object) -> object:
    if isinstance(value, bool):
        return KINDS if value else ()
    if isinstance(value, list) and all(item in KINDS for item in cast("list[object]", value)):
        return tuple(dict.fromkeys(cast("list[str]", value)))
    raise refusal("not a list of kinds", cure=f"give true, false, or some of {list(KINDS)}")


class CheckTable(Table):
    """`[checks.NAME]`."""

    command: Script
    role: Literal["acceptance", "regression"] = "regression"
    directory: InnerPath = "."
    network: Literal["none", "host"] = "none"
    env: Variables = Field(default_factory=dict)
    timeout: PositiveSeconds | None = None  # seconds; None is the default


class ProjectFile(Table):
    """The configuration of a repository."""

    checks: Annotated[dict[Name, CheckTable], Field(max_length=100)] = Field(default_factory=dict)
    known_red: Annotated[tuple[SingleLine, ...], Field(max_length=10_000, strict=False)] = ()
    # The kinds of checks to look for.
    discovered: Annotated[tuple[str, ...], BeforeValidator(_discovered)] = KINDS
    prepare: Script | None = None
    carry: Annotated[tuple[InnerGlob, ...], Field(max_length=100, strict=False)] = ()
    environment: Annotated[tuple[EnvironmentFolder, ...], Field(max_length=100, strict=False)] = ()
    # The chosen worker. `workers` are the definitions.
    worker: SingleLine | None = Field(default=None, alias="worker.use")
    workers: Annotated[dict[Name, WorkerTable], Field(max_length=100)] = Field(
        default_factory=dict, alias="worker"
    )
    # Keys that were left out because the file is not trusted.
    ignored: tuple[str, ...] = Field(default=(), exclude=True, alias="worker.ignored")

    @model_validator(mode="before")
    @classmethod
    def _chosen_or_defined(cls, value: dict[str, object]) -> dict[str, object]:
        written = {key: item for key, item in value.items() if "." not in key}
        if len(written) < len(value):
            raise refusal("a quoted key contains a dot", cure="write it without quotes")
        # TOML does not allow `worker = "NAME"` beside `[worker.NAME]`. There the choice is
        # `worker.use`.
        worker = written.get("worker")
        if isinstance(worker, dict):
            tables = cast("dict[str, object]", worker)
            if isinstance(tables.get("use"), str):
                written["worker.use"] = tables["use"]
                written["worker"] = {name: tables[name] for name in tables if name != "use"}
        elif worker is not None:
            written["worker.use"] = written.pop("worker")
        return written


def load_project(text: str, *, source: str) -> ProjectFile:
    """Parses a project file. `source` is its name in errors. Raises BadFile."""
    return checked(ProjectFile, parse_tables(text, source=source), source=source)


def only_project(found: Mapping[str, bytes]) -> ProjectFile | None:
    """Returns the configuration from those of `PROJECT_FILES` that exist, by path.

    Raises BadFile, also if both exist.
    """
    present = [path for path in PROJECT_FILES if path in found]
    if not present:
        return None
    if len(present) > 1:
        raise BadFile(f"there is also {present[1]}", source=present[0], cure="keep one of the two")
    source = present[0]
    return load_project(as_text(found[source], source=source), source=source)


def untrusted(project: ProjectFile) -> ProjectFile:
    """Returns the project without the settings that need `pa trust`."""
    # Checks run without a network on a tree that is thrown away. The rest could reach the person's
    # files or hosts (decision 2).
    ignored: list[str] = []
    checks: dict[str, CheckTable] = {}
    for name, check in project.checks.items():
        if check.network == "host":
            ignored.append(f"checks.{name}.network")
        if check.env:
            ignored.append(f"checks.{name}.env")
        checks[name] = check.model_copy(update={"network": "none", "env": {}})
    if project.worker is not None:
        ignored.append("worker")
    ignored.extend(f"worker.{name}" for name in project.workers)
    if project.prepare is not None:
        ignored.append("prepare")
    ignored.extend(key for key in ("carry", "environment") if getattr(project, key))
    return ProjectFile.model_construct(
        checks=checks,
        known_red=project.known_red,
        discovered=project.discovered,
        ignored=tuple(ignored),
    )
