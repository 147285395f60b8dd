"""The tools of an agent, by name."""

from collections.abc import Collection, Iterable, Mapping, Sequence

from agentproxy.models.port import ToolSpec
from agentproxy.tools.bash import Bash
from agentproxy.tools.compact import Compact
from agentproxy.tools.files import EditFile, ReadFile, WriteFile
from agentproxy.tools.plan_mode import EnterPlanMode, ExitPlanMode
from agentproxy.tools.port import Tool
from agentproxy.tools.think import Think


class Registry:
    """Tools by the names that models use."""

    def __init__(self, tools: Iterable[Tool]) -> None:
        self._tools: Mapping[str, Tool] = {tool.spec.name: tool for tool in tools}

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
        return Registry([*self._tools.values(), *tools])

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
