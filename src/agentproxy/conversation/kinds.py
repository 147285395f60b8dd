"""The kinds of subagents: what each is for, and the tools that it has. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass

from agentproxy.conversation.safe_tools import TEAM_TOOLS

# What belongs to the user's own agent: its subagents, plan, team, and commands in the background.
OF_THE_LEAD = TEAM_TOOLS | {
    "task",
    "enter_plan_mode",
    "exit_plan_mode",
    "background_run",
    "check_background",
}
OUTSIDE = "mcp__"  # tools of MCP servers begin so


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of subagent. `tools` of None means all but those of the lead."""

    summary: str
    tools: frozenset[str] | None = None
    read_only: bool = False

    def has(self, tool: str) -> bool:
        """Returns whether a subagent of this kind may use a tool."""
        if tool in OF_THE_LEAD or tool.startswith(OUTSIDE):
            return False
        return self.tools is None or tool in self.tools


LOOKING = frozenset(
    {"bash", "read_file", "think", "read_file_range", "search_code", "list_symbols"}
    | {"find_references"}
)
KINDS: Mapping[str, Kind] = {
    "general": Kind("any work of several steps"),
    "explore": Kind("look through files and report; it changes nothing", LOOKING, read_only=True),
    "code": Kind("write or change code"),
    "plan": Kind("design how something is to be done; it changes nothing", LOOKING, read_only=True),
    "research": Kind(
        "gather facts and write them down",
        frozenset({"bash", "read_file", "write_file", "think"}),
    ),
}
