"""Finds the tools of installed packages, by the entry points of the group `agentproxy.tools`."""

import logging
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass
from importlib.metadata import EntryPoint, entry_points
from typing import cast

from agentproxy.tools.custom.builder import ToolBuilder
from agentproxy.tools.custom.tool import BadTool, CustomTool

LOG = logging.getLogger(__name__)
GROUP = "agentproxy.tools"


@dataclass(frozen=True, slots=True)
class PackagedTools:
    """The tools of all packages, and why some cannot be used."""

    tools: Sequence[CustomTool] = ()
    problems: Sequence[str] = ()

    @property
    def read_only(self) -> frozenset[str]:
        return frozenset(each.spec.name for each in self.tools if each.read_only)


def installed_tools(taken: Collection[str]) -> PackagedTools:
    """Imports the packages. `taken` are the names of our own tools."""
    return load_tools(entry_points(group=GROUP), taken)


def load_tools(found: Iterable[EntryPoint], taken: Collection[str]) -> PackagedTools:
    """Loads each entry point by itself: a broken package costs nobody else's tools."""
    builder = ToolBuilder(taken)
    problems: list[str] = []
    for point in sorted(found, key=lambda point: (point.name, point.value)):
        try:
            _take(point.load(), builder)
        except BadTool as error:
            problems.append(f"{point.name} ({point.value}): {error}")
        except (Exception, SystemExit) as error:  # an import runs any code
            LOG.warning("the tools of %s cannot be loaded", point.value, exc_info=True)
            problems.append(f"{point.name} ({point.value}): {type(error).__name__}: {error}")
    return PackagedTools(builder.tools, problems)


def _take(value: object, builder: ToolBuilder) -> None:
    if isinstance(value, CustomTool):
        builder.add(value)
    elif isinstance(value, list | tuple):
        for each in cast("Sequence[object]", value):
            _take(each, builder)
    elif callable(value):
        cast("Callable[[ToolBuilder], object]", value)(builder)
    else:
        raise BadTool("neither a tool, nor a list of tools, nor a function that takes the registry")
