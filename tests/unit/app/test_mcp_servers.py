"""How long a conversation waits for MCP servers that are being started."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path

from agentproxy.app.mcp.approvals import McpApprovals
from agentproxy.app.mcp.servers import FIRST_TURN_SECONDS, McpServers
from agentproxy.tools.mcp.configuration import parse_servers
from agentproxy.tools.mcp.kept import Approvals, KeptServer
from agentproxy.tools.mcp.port import McpClient

PAGE = (Path(__file__).resolve().parents[3] / "docs" / "server.md").read_text()


@asynccontextmanager
async def hangs() -> AsyncGenerator[McpClient]:
    await asyncio.Event().wait()
    raise AssertionError
    yield


def test_a_server_that_hangs_is_waited_for_no_longer_than_documented(tmp_path: Path) -> None:
    (server,), _ = parse_servers('{"servers": {"s": {"command": "x"}}}', {})

    async def story() -> str:
        approved = Approvals(lambda _: True, lambda _, digest: bool(digest))
        kept = KeptServer(server, hangs, approved, str)
        approvals = McpApprovals(tmp_path, tmp_path / "servers.json")
        servers = McpServers(approvals, [kept], patience=0.05)
        servers.start()
        await servers.settled()
        status = kept.status
        await servers.close()
        return status

    assert asyncio.run(story()) == "starting"
    assert f"a first turn waits for at most {FIRST_TURN_SECONDS:g} seconds" in PAGE
