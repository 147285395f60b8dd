"""A sign-in that ends while its client is told what it missed ends that too."""

import asyncio
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any, cast

import pytest

from agentproxy.app.chat.host import ChatHost
from agentproxy.engine.bell import Bell
from agentproxy.events.chat import UserTurnStarted
from agentproxy.events.envelope import Event, RunId
from agentproxy.server.chat.client import Client
from agentproxy.server.chat.wire import Message, WireStory

ALL = [
    Event(RunId("r"), seq, 0.0, "engine", UserTurnStarted(message="m", text="go"))
    for seq in range(1, 51)
]


class Stored:
    """The journal of one conversation with a turn that has not ended."""

    async def head(self, _run: RunId) -> object:
        return SimpleNamespace(last=SimpleNamespace(seq=len(ALL)))

    async def read(self, _run: RunId, *, after: int, limit: int) -> list[Event]:
        return ALL[after : after + limit]

    async def inbox(self, _run: RunId) -> list[object]:
        return []


@dataclass
class SlowLine:
    """Leads to a client whose sign-in ends with a certain message."""

    over: Bell
    ends_with: int
    told: list[Message] = field(default_factory=list[Message])

    async def tell(self, message: Message) -> None:
        self.told.append(message)
        if len(self.told) == self.ends_with:
            self.over.set()

    def tell_at_once(self, message: Message) -> bool:
        del message
        return False

    async def hear(self) -> str | None:
        return None


@pytest.mark.parametrize("ends_with", [1, 20, len(ALL)])
def test_nothing_more_is_told_and_no_work_begins(ends_with: int) -> None:
    begun: list[RunId] = []
    host = SimpleNamespace(app=SimpleNamespace(journal=Stored()), go_on=begun.append)
    over = Bell()
    line = SlowLine(over, ends_with)
    client = Client(line, cast("ChatHost", cast("Any", host)), WireStory(RunId("r")))
    asyncio.run(client.serve(after=0, gone=Bell(), over=over))
    assert len(line.told) == ends_with
    assert not begun
