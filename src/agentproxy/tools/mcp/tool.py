"""A tool of an MCP server as a tool of our agent."""

from agentproxy.models.port import ToolSpec
from agentproxy.tools.bounded import bounded
from agentproxy.tools.mcp.kept import KeptServer
from agentproxy.tools.mcp.offered import OfferedTool
from agentproxy.tools.mcp.port import McpError
from agentproxy.tools.port import Arguments, Bench, Permission, ToolOutcome, failure


class McpTool:
    """Passes calls on to the server, and its answers back. It is never a safe tool."""

    def __init__(self, kept: KeptServer, tool: OfferedTool) -> None:
        self._kept = kept
        self._tool = tool
        schema = {"type": "object", **tool.schema}
        self.spec = ToolSpec(tool.called(kept.name), tool.words, schema)

    def permission(self, arguments: Arguments) -> Permission:
        del arguments
        return Permission()

    async def run(self, arguments: Arguments, bench: Bench) -> ToolOutcome:
        del bench
        try:
            result = await self._kept.call(self._tool.name, dict(arguments))
        except TimeoutError:
            seconds = self._kept.server.entry.timeout
            return failure(f"the MCP server {self._kept.name} did not answer in {seconds:g}s. The "
                           "call may have done all, part or none of its work")  # fmt: skip
        except McpError as error:
            return failure(str(error))
        text = bounded(result.text)
        if result.failed:
            return ToolOutcome(text or f"The tool of {self._kept.name} failed.", failed=True)
        return ToolOutcome(text or "(no output)")
