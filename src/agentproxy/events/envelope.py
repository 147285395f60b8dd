"""The envelope around everything that happened, and around every command."""

from dataclasses import dataclass
from typing import ClassVar, NamedTuple, NewType

from pydantic import BaseModel, ConfigDict

RunId = NewType("RunId", str)
CommandId = NewType("CommandId", int)


FACTS: "dict[str, type[Fact]]" = {}


class FrozenModel(BaseModel):
    """A frozen value that refuses unknown fields: a typo in a stored record is an error."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Fact(FrozenModel):
    """What happened, in the past tense. A subclass names its `kind` with a `Literal` field.

    `version` rises when a field changes its meaning; a field added with a default needs none.
    """

    version: ClassVar[int] = 1

    @classmethod
    def __pydantic_init_subclass__(cls, **kwargs: object) -> None:
        """Enter the kind into the catalogue, so that it can be stored and read."""
        del kwargs
        if "kind" in cls.model_fields:
            FACTS[str(cls.model_fields["kind"].default)] = cls


class CommandBase(FrozenModel):
    """What somebody other than the owner of a run asks of it, in the imperative."""


@dataclass(frozen=True, slots=True)
class Draft:
    """An event before the journal gives it a place: `cause` is the id of what it answers."""

    actor: str
    fact: Fact
    cause: str = ""


class Event(NamedTuple):
    """One thing that happened in a run. `seq` starts at 1 and has no gaps; `time` is Unix time."""

    run: RunId
    seq: int
    time: float
    actor: str
    fact: Fact
    cause: str = ""
