"""Validates a TOML text as tables: bounded and strict. Each error has its key and cure."""

import difflib
import re
import tomllib
from typing import Annotated, Literal, Self, TypeVar, cast

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator
from pydantic_core import PydanticCustomError

from agentproxy.config.mistakes import BadFile, first_mistake
from agentproxy.config.words import (
    HostPort,
    InnerPath,
    Name,
    OuterPath,
    Script,
    SingleLine,
    Variables,
    refusal,
)

MAX_CONFIG_BYTES = 128 * 1024
# tomllib needs quadratic time for a key with many parts: minutes for 200 KB.
MAX_KEY_DEPTH = 32
KEY_PART = r"(?:[A-Za-z0-9_-]++|\"[^\"\n]*+\"|'[^'\n]*+')"
DEEP_KEY = re.compile(rf"(?<![\w-]){KEY_PART}(?:[ \t]*+\.[ \t]*+{KEY_PART}){{{MAX_KEY_DEPTH}}}")
TableT = TypeVar("TableT", bound="Table")


class Table(BaseModel):
    """A table with known keys only. An error for an unknown key suggests a similar one."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    @model_validator(mode="before")
    @classmethod
    def _knows_every_key(cls, value: object) -> object:
        if not isinstance(value, dict):
            return value
        # A dotted alias is set by code. A file cannot contain it.
        names = (field.alias or name for name, field in cls.model_fields.items())
        known = sorted(name for name in names if "." not in name and name != "ignored")
        for key in cast("dict[str, object]", value):
            if key not in known and "." not in key:
                raise _unknown(key, known)
        return cast("dict[str, object]", value)


ClaudeMode = Literal["default", "acceptEdits", "plan", "dontAsk", "bypassPermissions"]


class ServerTable(Table):
    """`[worker.claude.servers.NAME]`: an MCP server, as a program or at an address."""

    command: Script | None = None  # a command line; it runs in the sandbox
    env: Variables = Field(default_factory=dict)
    url: SingleLine | None = None  # its host must be granted in `hosts`
    headers: Variables = Field(default_factory=dict)

    @model_validator(mode="after")
    def _is_one_of_both(self) -> Self:
        if (self.command is None) == (self.url is None):
            raise refusal("needs a command or a url, not both", cure="write one of them")
        return self


class WorkerTable(Table):
    """`[worker.NAME]`: how to start a worker, and what it may use beyond its tree."""

    command: Script | None = None
    model: SingleLine | None = None  # reached through the model relay
    # Other names that it may ask for, or patterns with `*`, and the models that answer.
    models: Annotated[dict[SingleLine, SingleLine], Field(max_length=50)] = Field(
        default_factory=dict
    )
    # `host:port`
    hosts: Annotated[tuple[HostPort, ...], Field(max_length=100, strict=False)] = ()
    env: Variables = Field(default_factory=dict)
    # Names below the user's home. The worker finds them in its private home.
    home: Annotated[tuple[InnerPath, ...], Field(max_length=100, strict=False)] = ()
    # Absolute, shown read-only.
    paths: Annotated[tuple[OuterPath, ...], Field(max_length=100, strict=False)] = ()
    # Only for Claude Code through its SDK: `[worker.claude]` without a command.
    program: OuterPath | None = None  # None: the one on PATH, or the SDK's own
    mode: ClaudeMode | None = None
    tools: Annotated[tuple[SingleLine, ...], Field(max_length=100, strict=False)] | None = None
    directories: Annotated[tuple[OuterPath, ...], Field(max_length=100, strict=False)] = ()
    servers: Annotated[dict[Name, ServerTable], Field(max_length=50)] = Field(default_factory=dict)


def _unknown(key: str, known: list[str]) -> PydanticCustomError:
    near = difflib.get_close_matches(key[:64], known, n=1)
    cure = f"did you mean {near[0]}?" if near else f"use one of: {', '.join(known)}"
    return PydanticCustomError("unknown_key", "unknown key", {"unknown": key, "cure": cure})


def parse_tables(text: str, *, source: str) -> dict[str, object]:
    """Parses a TOML text. Raises BadFile."""
    cure = "write valid TOML"
    if len(text) > MAX_CONFIG_BYTES:
        raise BadFile(
            f"larger than {MAX_CONFIG_BYTES} characters", source=source, cure="shorten it"
        )
    if deep := DEEP_KEY.search(text):
        line = text.count("\n", 0, deep.start()) + 1
        raise BadFile(f"line {line} has a key of too many parts", source=source, cure="shorten it")
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise BadFile(f"not TOML: {error}", source=source, cure=cure) from None
    except (ValueError, RecursionError):
        # A number with thousands of digits, or thousands of nested brackets.
        raise BadFile("TOML that cannot be read", source=source, cure=cure) from None


def checked(shape: type[TableT], tables: dict[str, object], *, source: str) -> TableT:
    """Validates tables against their model. Raises BadFile for an unknown key or a bad value."""
    try:
        return shape.model_validate(tables)
    except ValidationError as error:
        key, problem, cure = first_mistake(error)
        raise BadFile(problem, source=source, key=key, cure=cure or "fix the value") from None
