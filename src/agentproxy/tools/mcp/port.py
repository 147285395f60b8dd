"""What one connected MCP server can do, and what a kept connection says of itself."""

from collections.abc import Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from typing import Literal, Protocol

from pydantic import JsonValue

from agentproxy.tools.mcp.offered import OfferedTool

McpStatus = Literal["starting", "ready", "waits", "failed", "skipped"]


class McpError(Exception):
    """A server cannot be reached, or does not follow the protocol."""


@dataclass(frozen=True, slots=True)
class McpResult:
    """What a tool of a server answered."""

    text: str
    failed: bool = False


class McpClient(Protocol):
    """A connected server."""

    async def list_tools(self) -> Sequence[OfferedTool]:
        """Raises McpError."""
        ...

    async def call(
        self, tool: str, arguments: Mapping[str, JsonValue], *, seconds: float
    ) -> McpResult:
        """Raises McpError; TimeoutError after `seconds`."""
        ...

    async def changed(self) -> None:
        """Waits until the server says that its tools changed. Raises McpError when it is gone."""
        ...


class Connect(Protocol):
    """Opens a connection. Leaving the context ends it, and a server that was started."""

    def __call__(self) -> AbstractAsyncContextManager[McpClient]:
        """Raises McpError, SandboxError, OSError on entering."""
        ...


@dataclass(frozen=True, slots=True)
class McpState:
    """How it stands with a configured server."""

    name: str
    status: McpStatus
    reason: str = ""
    tools: Sequence[str] = ()  # as a model calls them
    notes: Sequence[str] = ()  # tools that cannot be used, with the reason
