"""The registry builder: takes tools, and refuses those that cannot be used."""

from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from typing import Any, cast

from pydantic import JsonValue

from agentproxy.models.port import ToolSpec
from agentproxy.tools.custom.tool import SECONDS, BadTool, CustomTool
from agentproxy.tools.port import Arguments, Bench

MAX_TOOLS = 128
KEYS = {"name", "description", "input_schema"}
Handler = Callable[..., Awaitable[Any]]


class ToolBuilder:
    """Collects tools. The first one of a name stays; `taken` are the names of ours."""

    def __init__(self, taken: Collection[str] = ()) -> None:
        self._taken = frozenset(taken)
        self._tools: dict[str, CustomTool] = {}

    @property
    def tools(self) -> Sequence[CustomTool]:
        return list(self._tools.values())

    def add(self, tool: CustomTool) -> None:
        """Raises BadTool where the name is taken."""
        name = tool.spec.name
        if name in self._taken:
            raise BadTool(f"{name} is the name of a tool of Agent Proxy")
        if name in self._tools:
            raise BadTool(f"{name} is there already")
        if len(self._tools) >= MAX_TOOLS:
            raise BadTool(f"there are {MAX_TOOLS} tools of packages already")
        self._tools[name] = tool

    def register(
        self,
        name: str,
        definition: Mapping[str, JsonValue],
        handler: Handler,
        *,
        read_only: bool = False,
        seconds: float = SECONDS,
    ) -> None:
        """Takes a definition (name, description, input_schema) and its async handler.

        `handler(args, workspace=PATH)` returns text. Raises BadTool.
        """
        unknown = sorted(definition.keys() - KEYS)
        if unknown or definition.get("name") != name:
            raise BadTool(f"{name}: a definition has name, description and input_schema")
        schema, description = definition.get("input_schema"), definition.get("description")
        if not isinstance(schema, dict) or not isinstance(description, str):
            raise BadTool(f"{name}: the description is a text, and the input_schema an object")

        async def run(arguments: Arguments, bench: Bench) -> object:
            return await handler(dict(arguments), workspace=bench.tree)

        spec = ToolSpec(name, description, cast("dict[str, JsonValue]", schema))
        self.add(CustomTool(spec, run, read_only=read_only, seconds=seconds))
