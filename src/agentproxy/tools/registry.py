"""The tools that an agent has, by name."""

from collections.abc import Iterable, Mapping, Sequence

from agentproxy.models.port import ToolSpec
from agentproxy.tools.bash import Bash
from agentproxy.tools.files import EditFile, ReadFile, WriteFile
from agentproxy.tools.port import Tool
from agentproxy.tools.think import Think


class Registry:
    """Tools under the names that models call them by."""

    def __init__(self, tools: Iterable[Tool]) -> None:
        self._tools: Mapping[str, Tool] = {tool.spec.name: tool for tool in tools}

    @property
    def specs(self) -> Sequence[ToolSpec]:
        """What models are told, in a fixed order: what a vendor has cached stays valid."""
        return [tool.spec for tool in self._tools.values()]

    def find(self, name: str) -> Tool | None:
        """The tool of that name, if there is one."""
        return self._tools.get(name)


def coding_tools() -> Registry:
    """What a coding agent needs."""
    return Registry([Bash(), ReadFile(), WriteFile(), EditFile(), Think()])
