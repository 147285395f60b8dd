"""The protocol of a tool: the permission that a call needs, and its outcome."""

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal, Protocol

from pydantic import JsonValue

from agentproxy.events.envelope import Fact
from agentproxy.models.port import ToolSpec
from agentproxy.workspace.environment.job_layout import JobLayout
from agentproxy.workspace.sandbox.port import Sandbox

Arguments = Mapping[str, JsonValue]
Action = Literal["run", "read", "write", ""]
ERROR = "Error: "


@dataclass(frozen=True, slots=True)
class ToolOutcome:
    """The answer of a tool to the model. A failure is an outcome too."""

    text: str
    failed: bool = False
    facts: tuple[Fact, ...] = ()  # recorded together with the end of the call


def failure(text: str) -> ToolOutcome:
    """Returns a failed outcome with the prefix that models know failures by."""
    return ToolOutcome(f"{ERROR}{text}", failed=True)


def call_key(turn: int, call: str) -> str:
    """Returns what a call is known by within its run: a vendor's id is unique in one answer."""
    return f"{turn}:{call}"


@dataclass(frozen=True, slots=True)
class Bench:
    """The worker's own tree, at its place in the sandbox, where tools work."""

    tree: Path
    place: JobLayout
    sandbox: Sandbox
    home: Path
    show: Callable[[str], None]  # takes pieces of output as they come
    bash_seconds: float = 60.0  # the limit of one command
    call: str = ""  # the call that is worked on, by `call_key`
    # What a command that begins now finds in its environment besides.
    variables: Callable[[], Mapping[str, str]] = dict[str, str]
    # At the top of the tree: folders that the tools of files do not write.
    own_folders: frozenset[str] = frozenset()
    # Calls of one answer run side by side, but only one call at a time uses files.
    file_lock: asyncio.Lock = field(default_factory=asyncio.Lock)


class KeptBench:
    """A bench that is made when the first call needs it: most turns call nothing."""

    def __init__(self, make: Callable[[], Bench]) -> None:
        self._make = make
        self._made: Bench | None = None
        self._lock = asyncio.Lock()

    async def __call__(self) -> Bench:
        """Raises what `make` raises; the next call tries again."""
        async with self._lock:
            if self._made is None:
                self._made = await asyncio.to_thread(self._make)
            return self._made


@dataclass(frozen=True, slots=True)
class Permission:
    """What a call wants to do. An empty `action` needs no permission."""

    action: Action = ""
    subject: str = ""


class Resumable:
    """The base of tools whose work has a record of its own.

    `run` with the same `bench.call` goes on where a killed process stopped; it repeats nothing.
    """


class BadArguments(Exception):
    """The arguments of a call cannot be used. The message names the argument and the cure."""


class Tool(Protocol):
    """An action that an agent may take."""

    @property
    def spec(self) -> ToolSpec:
        """The description for models."""
        ...

    def permission(self, arguments: Arguments) -> Permission:
        """Returns the permission that the call needs. Raises BadArguments."""
        ...

    async def run(self, arguments: Arguments, bench: Bench) -> ToolOutcome:
        """Runs the tool. Raises BadArguments."""
        ...


def text_of(arguments: Arguments, name: str) -> str:
    """Returns a text argument. Raises BadArguments."""
    value = arguments.get(name)
    if not isinstance(value, str):
        raise BadArguments(f"{name!r} must be a text")
    return value


def optional_text_of(arguments: Arguments, name: str) -> str:
    """Returns a text argument, or "" where it is missing. Raises BadArguments."""
    return "" if arguments.get(name) is None else text_of(arguments, name)


def flag_of(arguments: Arguments, name: str, *, missing: bool | None = None) -> bool:
    """Returns a true or false argument, and `missing` where it is not given.

    Raises BadArguments, also where it is not given and has no such value.
    """
    value = arguments.get(name)
    if value is None:
        value = missing
    if not isinstance(value, bool):
        raise BadArguments(f"{name!r} must be true or false")
    return value


def number_of(arguments: Arguments, name: str) -> int | None:
    """Returns a whole number above 0, or None where it is missing. Raises BadArguments."""
    value = arguments.get(name)
    if value is None:
        return None
    # In Python a bool is an int.
    if isinstance(value, bool) or not isinstance(value, int) or value < 1:
        raise BadArguments(f"{name!r} must be a whole number above 0")
    return value


def schema(
    required: Mapping[str, str], optional: Mapping[str, str] | None = None
) -> dict[str, JsonValue]:
    """Returns the JSON schema of text arguments and optional whole numbers, by description."""
    properties: dict[str, JsonValue] = {
        name: {"type": "string", "description": words} for name, words in required.items()
    }
    for name, words in (optional or {}).items():
        properties[name] = {"type": "integer", "minimum": 1, "description": words}
    return object_schema(properties, *required)


def object_schema(properties: Mapping[str, JsonValue], *required: str) -> dict[str, JsonValue]:
    """Returns the JSON schema of arguments, from those of each of them. No other is allowed."""
    return {
        "type": "object",
        "properties": dict(properties),
        "required": list(required),
        "additionalProperties": False,
    }
