"""Live output is told in the call that shows it; what cannot be is told by the task, in order."""

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import cast

import pytest

from agentproxy.app.chat.host import ChatHost
from agentproxy.app.hub import FragmentStream, Position
from agentproxy.events.agent import TurnStarted
from agentproxy.events.chat import UserTurnStarted
from agentproxy.events.envelope import Event, Fact, RunId
from agentproxy.server.chat.client import Client
from agentproxy.server.chat.wire import Message, WireStory
from agentproxy.server.upcoming import Upcoming

GO = UserTurnStarted(message="m", text="go")


def test_what_is_shown_is_told_before_the_call_returns() -> None:
    async def story(talk: Talk) -> None:
        talk.stream.show("text", "one ")
        talk.stream.show("text", "two ")
        assert talk.line.said == ["one ", "two "]
        assert not talk.line.waited

    run(story)


def test_what_a_full_line_does_not_take_is_told_later_and_once() -> None:
    async def story(talk: Talk) -> None:
        talk.line.is_full = True
        talk.stream.show("text", "one ")
        talk.stream.show("text", "two ")
        assert talk.line.said == []
        talk.line.is_full = False
        talk.stream.show("text", "three ")
        await settled()
        talk.stream.show("text", "four ")
        assert "".join(talk.line.said) == "one two three four "
        assert talk.line.said[-1] == "four "

    run(story)


def test_what_stands_behind_an_event_is_told_behind_it() -> None:
    async def story(talk: Talk) -> None:
        talk.stream.show("text", "before ")
        talk.stream.recorded(1)
        talk.stream.show("text", "behind ")
        talk.stream.show("text", "it ")
        assert talk.line.said == ["before "]
        await talk.happens(1)
        assert talk.line.said[:2] == ["before ", "turn_started"]
        assert "".join(talk.line.said[2:]) == "behind it "
        talk.stream.show("text", "at once ")
        assert talk.line.said[-1] == "at once "

    run(story)


def test_what_is_told_at_once_counts_as_told() -> None:
    async def story(talk: Talk) -> None:
        talk.stream.recorded(1)
        # Of this event itself a client hears nothing.
        await talk.happens(1, TurnStarted(turn=1))
        talk.stream.show("text", "one ")
        assert talk.line.said == ["one "]
        # An error for this client alone takes its number from it.
        assert talk.client.story.told == 1

    run(story)


def test_an_event_that_has_come_is_told_before_what_is_shown_now() -> None:
    async def story(talk: Talk) -> None:
        talk.stream.recorded(1)
        await talk.events.put(Event(RunId("r"), 1, 0.0, "engine", GO))
        # At some pass of the event loop the event is there, and the task has not told it yet.
        for number in range(6):
            talk.stream.show("text", f"{number} ")
            await asyncio.sleep(0)
        await settled()
        assert talk.line.said[0] == "turn_started"
        assert "".join(talk.line.said[1:]) == "0 1 2 3 4 5 "

    run(story)


def test_nothing_comes_into_the_middle_of_another_message() -> None:
    async def story(talk: Talk) -> None:
        async with talk.client.lock:
            talk.stream.show("text", "one ")
            await settled()
            assert talk.line.said == []
        await settled()
        assert talk.line.said == ["one "]

    run(story)


def test_a_line_that_fails_ends_its_client_and_not_who_shows() -> None:
    async def story(talk: Talk) -> None:
        talk.line.fault = RuntimeError("the line broke")
        talk.stream.show("text", "one ")
        with pytest.raises(RuntimeError, match="the line broke"):
            await talk.telling

    run(story)


def test_the_end_of_what_is_shown_is_noticed() -> None:
    async def story(talk: Talk) -> None:
        talk.stream.show("text", "one ")
        talk.stream.close()
        await asyncio.wait_for(talk.telling, 5)
        assert talk.line.said == ["one "]

    run(story)


@dataclass
class LineInMemory:
    """Leads to a client that keeps what it is told."""

    said: list[str] = field(default_factory=list[str])
    waited: int = 0
    is_full: bool = False
    fault: Exception | None = None

    async def tell(self, message: Message) -> None:
        self.waited += 1
        while self.is_full:
            await asyncio.sleep(0)
        self._take(message)

    def tell_at_once(self, message: Message) -> bool:
        if self.fault is not None:
            raise self.fault
        if self.is_full:
            return False
        self._take(message)
        return True

    def _take(self, message: Message) -> None:
        self.said.append(message["content"] if message["type"] == "text_delta" else message["type"])

    async def hear(self) -> str | None:
        return None


@dataclass
class Talk:
    client: Client
    line: LineInMemory
    stream: FragmentStream
    events: "asyncio.Queue[Event]"
    telling: "asyncio.Task[None]"

    async def happens(self, seq: int, fact: Fact = GO) -> None:
        await self.events.put(Event(RunId("r"), seq, 0.0, "engine", fact))
        await settled()


async def settled() -> None:
    for _ in range(20):
        await asyncio.sleep(0)


def run(story: Callable[[Talk], Awaitable[None]]) -> None:
    async def bounded() -> None:
        async with asyncio.timeout(10), talking() as talk:
            await story(talk)

    asyncio.run(bounded())


@asynccontextmanager
async def talking() -> AsyncGenerator[Talk]:
    coming: asyncio.Queue[Event] = asyncio.Queue()

    async def follow() -> AsyncGenerator[Event]:
        while True:
            yield await coming.get()

    line, stream = LineInMemory(), FragmentStream()
    events = Upcoming(follow())
    # Nothing of the host is used while a client is told.
    client = Client(line, cast("ChatHost", None), WireStory(RunId("r")))
    with stream.subscribe(after=Position(0, 0)) as fragments:
        telling = asyncio.create_task(client.tell_while_open(fragments, events))
        await settled()
        try:
            yield Talk(client, line, stream, coming, telling)
        finally:
            telling.cancel()
            await asyncio.wait({telling})
            await events.close()
