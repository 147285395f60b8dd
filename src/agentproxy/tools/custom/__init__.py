"""Tools of your own: what a package imports to bring some."""

from agentproxy.tools.custom.builder import ToolBuilder as ToolBuilder
from agentproxy.tools.custom.function import ToolContext as ToolContext
from agentproxy.tools.custom.function import tool as tool
from agentproxy.tools.custom.tool import BadTool as BadTool
from agentproxy.tools.custom.tool import CustomTool as CustomTool
