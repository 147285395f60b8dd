"""The tool's protocol: the permission it needs, and its outcome. A failure is an outcome, too."""

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal, Protocol

from pydantic import JsonValue

from agentproxy.models.port import ToolSpec
from agentproxy.workspace.environment.job_layout import JobLayout
from agentproxy.workspace.sandbox.port import Sandbox

Arguments = Mapping[str, JsonValue]
Action = Literal["run", "read", "write", ""]
ERROR = "Error: "


@dataclass(frozen=True, slots=True)
class ToolOutcome:
    """What a tool answers to the model, and whether it failed."""

    text: str
    failed: bool = False


def failure(text: str) -> ToolOutcome:
    """A failed outcome, in the form that models are told failures in."""
    return ToolOutcome(f"{ERROR}{text}", failed=True)


@dataclass(frozen=True, slots=True)
class Bench:
    """Where tools work: the worker's own tree, at its place in the sandbox. `show` gets pieces of
    output; `bash_seconds` bounds one command.
    """

    tree: Path
    place: JobLayout
    sandbox: Sandbox
    home: Path
    show: Callable[[str], None]
    bash_seconds: float = 60.0
    # Calls of one answer run side by side: one file is read, changed and written at a time.
    file_lock: asyncio.Lock = field(default_factory=asyncio.Lock)


@dataclass(frozen=True, slots=True)
class Permission:
    """What a call wants to do: nothing that anybody has to allow, where `action` is empty."""

    action: Action = ""
    subject: str = ""


class BadArguments(Exception):
    """The arguments of a call cannot be used; the message names the one and what it should be."""


class Tool(Protocol):
    """Something that an agent may do."""

    @property
    def spec(self) -> ToolSpec:
        """What a model is told of it."""
        ...

    def permission(self, arguments: Arguments) -> Permission:
        """What somebody has to allow before it runs. Raises BadArguments."""
        ...

    async def run(self, arguments: Arguments, bench: Bench) -> ToolOutcome:
        """Do it.

        Raises:
            BadArguments: it cannot be done with these.
        """
        ...


def text_of(arguments: Arguments, name: str) -> str:
    """A text among the arguments.

    Raises:
        BadArguments: it is not there, or no text.
    """
    value = arguments.get(name)
    if not isinstance(value, str):
        raise BadArguments(f"{name!r} must be given as a text")
    return value


def number_of(arguments: Arguments, name: str) -> int | None:
    """A whole number above 0 among the arguments, None where it is not given.

    Raises:
        BadArguments: it is something else.
    """
    value = arguments.get(name)
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int) or value < 1:
        raise BadArguments(f"{name!r} must be a whole number above 0")
    return value


def schema(
    required: Mapping[str, str], optional: Mapping[str, str] | None = None
) -> dict[str, JsonValue]:
    """The JSON schema of arguments by name and description; optional ones are whole numbers."""
    properties: dict[str, JsonValue] = {
        name: {"type": "string", "description": words} for name, words in required.items()
    }
    for name, words in (optional or {}).items():
        properties[name] = {"type": "integer", "minimum": 1, "description": words}
    return {
        "type": "object",
        "properties": properties,
        "required": list(required),
        "additionalProperties": False,
    }
