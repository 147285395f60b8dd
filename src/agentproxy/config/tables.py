"""A TOML text as checked tables: bounded, strict, and every error with its key and cure."""

import difflib
import re
import tomllib
from typing import Annotated, TypeVar, cast

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator
from pydantic_core import PydanticCustomError

from agentproxy.config.mistakes import BadFile, first_mistake
from agentproxy.config.words import HostPort, InnerPath, OuterPath, Script, SingleLine, Variables

MAX_CONFIG_BYTES = 128 * 1024
# Python's parser needs quadratic time for keys of very many parts: minutes for 200 KB.
MAX_KEY_DEPTH = 32
KEY_PART = r"(?:[A-Za-z0-9_-]++|\"[^\"\n]*+\"|'[^'\n]*+')"
DEEP_KEY = re.compile(rf"(?<![\w-]){KEY_PART}(?:[ \t]*+\.[ \t]*+{KEY_PART}){{{MAX_KEY_DEPTH}}}")
TableT = TypeVar("TableT", bound="Table")


class Table(BaseModel):
    """A table whose keys are all known: a typo is an error that guesses what was meant."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    @model_validator(mode="before")
    @classmethod
    def _knows_every_key(cls, value: object) -> object:
        if not isinstance(value, dict):
            return value
        # A dotted alias is set by code and cannot be written.
        names = (field.alias or name for name, field in cls.model_fields.items())
        known = sorted(name for name in names if "." not in name and name != "ignored")
        for key in cast("dict[str, object]", value):
            if key not in known and "." not in key:
                raise _unknown(key, known)
        return cast("dict[str, object]", value)


class WorkerTable(Table):
    """`[worker.NAME]`: how to start a worker, and what it is granted beyond the tree.

    `hosts` are `host:port`; `home` names below the user's home that it finds in its private one;
    `paths` are absolute and read-only; `model` is what it reaches through the model relay.
    """

    command: Script | None = None
    model: SingleLine | None = None
    hosts: Annotated[tuple[HostPort, ...], Field(max_length=100, strict=False)] = ()
    env: Variables = Field(default_factory=dict)
    home: Annotated[tuple[InnerPath, ...], Field(max_length=100, strict=False)] = ()
    paths: Annotated[tuple[OuterPath, ...], Field(max_length=100, strict=False)] = ()


def _unknown(key: str, known: list[str]) -> PydanticCustomError:
    near = difflib.get_close_matches(key[:64], known, n=1)
    cure = f"did you mean {near[0]}?" if near else f"known here: {', '.join(known)}"
    return PydanticCustomError("unknown_key", "unknown key", {"unknown": key, "cure": cure})


def parse_tables(text: str, *, source: str) -> dict[str, object]:
    """The tables of a TOML text.

    Raises:
        BadFile: it is too large, nested too deeply, or no TOML.
    """
    cure = "fix the TOML"
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
        raise BadFile(f"no TOML: {error}", source=source, cure=cure) from None
    except (ValueError, RecursionError):
        # A number of thousands of digits, or thousands of brackets.
        raise BadFile("no TOML that can be read", source=source, cure=cure) from None


def checked(shape: type[TableT], tables: dict[str, object], *, source: str) -> TableT:
    """The tables as what they mean.

    Raises:
        BadFile: a key is unknown, or a value cannot be used.
    """
    try:
        return shape.model_validate(tables)
    except ValidationError as error:
        key, problem, cure = first_mistake(error)
        raise BadFile(problem, source=source, key=key, cure=cure or "fix the value") from None
