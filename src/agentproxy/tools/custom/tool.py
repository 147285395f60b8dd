"""A tool of a stranger's package: it runs in our process, within a limit, and ends nobody."""

import asyncio
import json
import logging
import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import cast

from pydantic_core import to_json

from agentproxy.models.port import ToolSpec
from agentproxy.tools.bounded import bounded
from agentproxy.tools.port import (
    Arguments,
    BadArguments,
    Bench,
    Permission,
    ToolOutcome,
    failure,
)

LOG = logging.getLogger(__name__)
NAME = re.compile(r"[A-Za-z][A-Za-z0-9_-]{0,63}")
OUTSIDE = "mcp__"  # names of tools of MCP servers
MAX_DESCRIPTION = 4000  # characters
MAX_SCHEMA = 50_000  # characters of JSON
SECONDS = 60.0
LONGEST = 3600.0

Run = Callable[[Arguments, Bench], Awaitable[object]]


class BadTool(Exception):
    """A tool that cannot be used. The message says what is wrong with it."""


@dataclass(frozen=True)
class CustomTool:
    """A tool of yours. `run_it` is called with the arguments, which fit the schema's names."""

    spec: ToolSpec
    run_it: Run
    read_only: bool = False  # it changes nothing, so no approval is asked for
    seconds: float = SECONDS  # the limit of one call

    def __post_init__(self) -> None:
        require_usable(self.spec)
        if not 0 < self.seconds <= LONGEST:
            raise BadTool(f"{self.spec.name}: seconds must be above 0, and at most {LONGEST:g}")

    def permission(self, arguments: Arguments) -> Permission:
        properties = cast("dict[str, object]", self.spec.schema.get("properties", {}))
        for name in cast("list[str]", self.spec.schema.get("required", [])):
            if name not in arguments:
                raise BadArguments(f"{name!r} is missing")
        for name in arguments:
            if name not in properties and self.spec.schema.get("additionalProperties") is False:
                raise BadArguments(f"{name!r} is no argument of {self.spec.name}")
        return Permission()

    async def run(self, arguments: Arguments, bench: Bench) -> ToolOutcome:
        name = self.spec.name
        limit = asyncio.timeout(self.seconds)
        try:
            async with limit:
                text = _as_text(await self.run_it(arguments, bench))
        except BadArguments:
            raise
        except TimeoutError:
            if limit.expired():
                return failure(f"{name} did not end within {self.seconds:g} seconds")
            return failure(f"Error executing tool {name}: TimeoutError")
        except (Exception, SystemExit) as error:  # a stranger's code: it ends its call, not us
            LOG.warning("the tool %s failed", name, exc_info=True)
            return failure(bounded(f"Error executing tool {name}: {_in_words(error)}"))
        return ToolOutcome(bounded(text) or "(no output)")


def require_usable(spec: ToolSpec) -> None:
    """Raises BadTool."""
    if not NAME.fullmatch(spec.name) or spec.name.startswith(OUTSIDE):
        raise BadTool(f"{spec.name[:64]!r} is no name: letters, digits, _ and -, at most 64")
    if not spec.description.strip():
        raise BadTool(f"{spec.name} has no description: a model would not know when to call it")
    if len(spec.description) > MAX_DESCRIPTION:
        raise BadTool(f"{spec.name}: the description has more than {MAX_DESCRIPTION} characters")
    if spec.schema.get("type") != "object" or not isinstance(spec.schema.get("properties"), dict):
        raise BadTool(f'{spec.name}: the schema must have "type": "object" and "properties"')
    required = spec.schema.get("required", [])
    properties = cast("dict[str, object]", spec.schema["properties"])
    if not isinstance(required, list) or not all(each in properties for each in required):
        raise BadTool(f"{spec.name}: what is required must be among the properties")
    try:
        size = len(json.dumps(spec.schema))
    except (TypeError, ValueError):
        raise BadTool(f"{spec.name}: the schema is not JSON") from None
    if size > MAX_SCHEMA:
        raise BadTool(f"{spec.name}: the schema has more than {MAX_SCHEMA} characters")


def _in_words(error: BaseException) -> str:
    return str(error) or type(error).__name__


def _as_text(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, str):
        return value
    return to_json(value, fallback=str, bytes_mode="base64").decode()
