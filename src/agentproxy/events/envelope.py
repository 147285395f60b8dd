"""The envelope of every fact and every command."""

from dataclasses import dataclass
from typing import ClassVar, NamedTuple, NewType

from pydantic import BaseModel, ConfigDict, ValidationError

RunId = NewType("RunId", str)
CommandId = NewType("CommandId", int)


FACTS: "dict[str, type[Fact]]" = {}


class FrozenModel(BaseModel):
    """A frozen value that refuses unknown fields."""

    # A misspelled field in a stored record must be an error.
    model_config = ConfigDict(frozen=True, extra="forbid")


def first_fault(error: ValidationError) -> tuple[str, str]:
    """Where the first wrong thing stands in what was read, and what is wrong with it."""
    first = error.errors()[0]
    return ".".join(str(part) for part in first["loc"]), first["msg"]


class Fact(FrozenModel):
    """An event in the past tense. A subclass names its `kind` with a `Literal` field."""

    # Rises when a field changes its meaning. A new field with a default needs no new version.
    version: ClassVar[int] = 1

    @classmethod
    def __pydantic_init_subclass__(cls, **kwargs: object) -> None:
        del kwargs
        # Only a fact in the catalogue can be stored and read.
        if "kind" in cls.model_fields:
            FACTS[str(cls.model_fields["kind"].default)] = cls


class CommandBase(FrozenModel):
    """A request to the owner of a run, in the imperative."""


@dataclass(frozen=True, slots=True)
class Draft:
    """An event before the journal gives it a sequence number."""

    actor: str
    fact: Fact
    cause: str = ""  # the id of the effect or command behind it


class Event(NamedTuple):
    """One event of a run."""

    run: RunId
    seq: int  # starts at 1, without gaps
    time: float  # Unix time
    actor: str
    fact: Fact
    cause: str = ""
