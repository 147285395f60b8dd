"""The tools of an agent, by name."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Protocol

from agentproxy.models.port import ToolSpec
from agentproxy.tools.bash import Bash
from agentproxy.tools.compact import Compact
from agentproxy.tools.files import EditFile, ReadFile, WriteFile
from agentproxy.tools.plan_mode import EnterPlanMode, ExitPlanMode
from agentproxy.tools.port import Tool
from agentproxy.tools.think import Think


class OutsideTools(Protocol):
    """Tools that come and go while an agent works, such as those of MCP servers."""

    def tools(self) -> Sequence[Tool]:
        """Returns those that can be called now."""
        ...

    def why_missing(self, name: str) -> str:
        """Returns why a tool that was there is not, or ""."""
        ...


class Registry:
    """Tools by the names that models use."""

    def __init__(self, tools: Iterable[Tool], *, outside: OutsideTools | None = None) -> None:
        self._own: Mapping[str, Tool] = {tool.spec.name: tool for tool in tools}
        self._outside = outside

    @property
    def _tools(self) -> Mapping[str, Tool]:
        if self._outside is None:
            return self._own
        # None of them stands in the place of one of ours.
        found = {tool.spec.name: tool for tool in self._outside.tools()}
        return {**self._own, **{name: found[name] for name in found if name not in self._own}}

    @property
    def specs(self) -> Sequence[ToolSpec]:
        # In a fixed order: a vendor's prompt cache stays valid only for an equal prefix.
        return [tool.spec for tool in self._tools.values()]

    @property
    def names(self) -> Collection[str]:
        return self._tools.keys()

    def only(self, names: Collection[str]) -> "Registry":
        """Returns the tools with these names, in the same order."""
        return Registry(tool for name, tool in self._tools.items() if name in names)

    def without(self, names: Collection[str]) -> "Registry":
        return Registry(tool for name, tool in self._tools.items() if name not in names)

    def plus(self, *tools: Tool) -> "Registry":
        return Registry([*self._own.values(), *tools], outside=self._outside)

    def with_outside(self, outside: OutsideTools) -> "Registry":
        return Registry(self._own.values(), outside=outside)

    def why_missing(self, name: str) -> str:
        """Returns why there is no tool with this name, for the model."""
        why = self._outside.why_missing(name) if self._outside else ""
        return why or f"Unknown tool: {name}"

    def sorted_like(self, order: Sequence[str]) -> "Registry":
        """Returns the tools in the order of these names; the others come last."""
        places = {name: place for place, name in enumerate(order)}
        names = sorted(self._tools, key=lambda name: places.get(name, len(places)))
        return Registry(self._tools[name] for name in names)

    def find(self, name: str) -> Tool | None:
        return self._tools.get(name)


def coding_tools() -> Registry:
    """Returns the tools of a coding agent."""
    return Registry([Bash(), ReadFile(), WriteFile(), EditFile(), Think()])


def talking_tools() -> Registry:
    """Returns the tools of an agent that talks with a user."""
    own = (EnterPlanMode(), ExitPlanMode(), Compact())
    return Registry([Bash(), ReadFile(), WriteFile(), EditFile(), Think(), *own])
