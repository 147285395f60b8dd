"""Keeps the connection to one MCP server: starts it, looks after it, connects again."""

import asyncio
import contextlib
import logging
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from pydantic import JsonValue

from agentproxy.tools.mcp.configuration import McpServer
from agentproxy.tools.mcp.offered import OfferedTool, digest_of_tools, usable
from agentproxy.tools.mcp.port import (
    Connect,
    McpClient,
    McpError,
    McpResult,
    McpState,
    McpStatus,
)
from agentproxy.workspace.sandbox.port import SandboxError

LOG = logging.getLogger(__name__)
FIRST_PAUSE, LONGEST_PAUSE = 1.0, 60.0  # seconds between two attempts
STEADY = 60.0  # a connection that held for so long begins again with the first pause
LOOK_AGAIN = 60.0  # how often the tools are listed again; this also notices a server that is gone
MAX_REASON = 200  # characters
APPROVAL_LOOK = 1.0  # how often it is looked whether a person has approved a server


@dataclass(frozen=True, slots=True)
class Approvals:
    """What a person has approved, as it is now."""

    may_start: Callable[[McpServer], bool]
    may_offer: Callable[[McpServer, str], bool]  # tools with this digest


@dataclass
class KeptServer:
    """One server and the connection to it. `run` works on it until it is cancelled."""

    server: McpServer
    connect: Connect
    approvals: Approvals
    redact: Callable[[str], str]
    status: McpStatus = "starting"
    reason: str = ""
    _client: McpClient | None = None
    _offered: Sequence[OfferedTool] = ()
    _notes: Sequence[str] = ()
    _digest: str = ""
    _settled: asyncio.Event = field(default_factory=asyncio.Event)
    _connected: asyncio.Event = field(default_factory=asyncio.Event)
    _wanted: asyncio.Event = field(default_factory=asyncio.Event)

    @property
    def name(self) -> str:
        return self.server.name

    def tools(self) -> Sequence[OfferedTool]:
        """Returns the tools that a model may be offered now: those that are approved as they are.

        Those of a server that is gone stay: a call connects again, and lists again. Where the list
        cannot be had, there are none.
        """
        if not self._offered or not self.approvals.may_offer(self.server, self._digest):
            return ()
        return self._offered

    def state(self) -> McpState:
        if self.status in ("ready", "failed") and self._offered and not self.tools():
            why = f"its tools are new or have changed: pa mcp approve {self.name}"
            return McpState(self.name, "waits", why, notes=self._notes)
        names = [each.called(self.name) for each in self.tools()]
        return McpState(self.name, self.status, self.reason, names, self._notes)

    async def settled(self) -> None:
        """Waits until the first attempt has come to an end."""
        await self._settled.wait()

    async def call(self, tool: str, arguments: dict[str, JsonValue]) -> McpResult:
        """Calls a tool, once. A server that is gone is first connected again.

        Raises McpError, TimeoutError.
        """
        if self._client is None:
            self._wanted.set()
            try:
                async with asyncio.timeout(self.server.entry.start_timeout):
                    await self._connected.wait()
            except TimeoutError:
                raise McpError(f"the MCP server {self.name} is not there: {self.reason}") from None
        client = self._client
        if client is None or tool not in {each.name for each in self.tools()}:
            raise McpError(f"the MCP server {self.name} does not offer it any more")
        return await client.call(tool, arguments, seconds=self.server.entry.timeout)

    async def run(self) -> None:
        pause = FIRST_PAUSE
        while True:
            began = time.monotonic()
            if not self.approvals.may_start(self.server):
                self._rest("waits", f"nobody has approved it yet: pa mcp approve {self.name}")
                await asyncio.sleep(APPROVAL_LOOK)
                continue
            try:
                await self._hold()
            except (McpError, SandboxError, OSError, TimeoutError) as error:
                self._rest("failed", self._in_words(error))
            except Exception as error:  # the library is a stranger here: nothing of it ends us
                LOG.warning("MCP server %s", self.name, exc_info=True)
                self._rest("failed", self._short(f"{type(error).__name__}: {error}"))
            LOG.warning("MCP server %s: %s", self.name, self.reason)
            if time.monotonic() - began > STEADY:
                pause = FIRST_PAUSE
            self._wanted.clear()
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(pause):
                    await self._wanted.wait()
            pause = min(2 * pause, LONGEST_PAUSE)

    async def _hold(self) -> None:
        """Returns when the connection has ended."""
        async with contextlib.AsyncExitStack() as stack:
            async with asyncio.timeout(self.server.entry.start_timeout):
                client = await stack.enter_async_context(self.connect())
                await self._list(client)
            self._client = client
            self.status, self.reason = "ready", ""
            self._settled.set()
            self._connected.set()
            try:
                while True:
                    with contextlib.suppress(TimeoutError):
                        async with asyncio.timeout(LOOK_AGAIN):
                            await client.changed()
                    async with asyncio.timeout(self.server.entry.start_timeout):
                        await self._list(client)
            finally:
                self._client = None
                self._connected.clear()

    async def _list(self, client: McpClient) -> None:
        try:
            told = await client.list_tools()
            # Of all that it tells, also of what cannot be used.
            digest = digest_of_tools(told)
            offered, notes = usable(self.name, told)
        except BaseException:
            self._offered, self._notes, self._digest = (), (), ""
            raise
        # Together: what was approved holds for the list that it was made of, and for no other.
        self._offered, self._notes, self._digest = offered, notes, digest

    def _rest(self, status: McpStatus, reason: str) -> None:
        self.status, self.reason = status, reason
        self._settled.set()

    def _in_words(self, error: Exception) -> str:
        if isinstance(error, TimeoutError):
            return f"no answer within {self.server.entry.start_timeout:g} seconds"
        return self._short(str(error)) or type(error).__name__

    def _short(self, reason: str) -> str:
        # Secrets first: nobody can know the half of one again.
        return self.redact(reason)[:MAX_REASON]
