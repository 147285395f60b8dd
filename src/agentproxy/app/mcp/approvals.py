"""What a person has approved of MCP servers: bound to how they are configured and what they say."""

import logging
from dataclasses import dataclass
from pathlib import Path

from agentproxy.config.mistakes import ConfigError
from agentproxy.config.trust import Trust
from agentproxy.tools.mcp.configuration import McpServer
from agentproxy.tools.mcp.kept import Approvals
from agentproxy.tools.mcp.offered import digest_of_text

LOG = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class McpApprovals:
    """The approvals of one configuration file. They are kept in our home, outside of projects."""

    home: Path
    file: Path  # mcp_servers.json

    @property
    def _trust(self) -> Trust:
        return Trust(self.home / "mcp.json")

    def approve(self, server: McpServer, digest: str) -> None:
        """Lets the server be started, and these tools be offered. Raises ConfigError."""
        self._trust.trust(self._start(server), digest_of_text(server.written))
        self._trust.trust(self._tools(server), _bound(server, digest))

    def revoke(self, name: str) -> bool:
        """Returns whether it was approved. Raises ConfigError."""
        known = [self._trust.revoke(self._place(name, part)) for part in ("start", "tools")]
        return any(known)

    def may_start(self, server: McpServer) -> bool:
        return self._trusted(self._start(server), digest_of_text(server.written))

    def may_offer(self, server: McpServer, digest: str) -> bool:
        return self._trusted(self._tools(server), _bound(server, digest))

    @property
    def live(self) -> Approvals:
        return Approvals(self.may_start, self.may_offer)

    def _trusted(self, place: Path, digest: str) -> bool:
        try:
            return self._trust.trusted(place, digest)
        except ConfigError as error:
            # What cannot be read approves nothing.
            LOG.warning("%s", error)
            return False

    def _start(self, server: McpServer) -> Path:
        return self._place(server.name, "start")

    def _tools(self, server: McpServer) -> Path:
        return self._place(server.name, "tools")

    def _place(self, name: str, part: str) -> Path:
        # The record of trust is kept by paths, and a server is a part of a file.
        return self.file.resolve() / f"servers.{name}.{part}"


def _bound(server: McpServer, digest: str) -> str:
    return digest_of_text(f"{server.written}\n{digest}")
