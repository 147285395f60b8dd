"""kill -9 of the server, again and again, in the middle of the turns of several conversations."""

import asyncio
import json
import os
import random
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from support.answers import Body, Reply
from support.chats import Message, Scripts, Served, start_server
from support.model_server import Server, model_server
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidHandshake

KILLS = int(os.environ.get("KILLS", "12"))
SEED = int(os.environ.get("KILL_SEED", "20261130"))
TALKS = 6
STEPS = 4  # commands of a turn
pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]


def think(body: Body) -> Reply:
    """One command after another, each of which leaves a line of its own; then a word."""
    users = (message for message in body["messages"] if message["role"] == "user")
    texts = [part for message in users for part in message["content"]]
    asked = next(each["text"] for each in reversed(texts) if each["type"] == "text")
    place = max(n for n, each in enumerate(texts) if each.get("text") == asked)
    done = sum(each["type"] == "tool_result" for each in texts[place:])
    if done >= STEPS:
        return Reply(text=("All ", "steps ", "of ", asked), fault="slow")
    command = f"sleep 0.1; echo {asked}-{done} >> steps"
    return Reply(
        text=("I do ", "one."),
        calls=(("bash", json.dumps({"command": command})),),
        stop="tools",
        fault="slow",
    )


@dataclass
class Client:
    """One who talks, and comes back after every kill with what it has seen last."""

    conversation: str
    address: Callable[[], str]
    seen: list[Message] = field(default_factory=list[Message])
    messages: int = 0

    @property
    def last(self) -> int:
        return max((each["sequence"] or 0 for each in self.seen), default=0)

    def count(self, kind: str) -> int:
        return sum(each["type"] == kind for each in self.seen)

    def is_done(self, enough: asyncio.Event) -> bool:
        return enough.is_set() and self.count("done") == self.messages > 0

    async def talk(self, enough: asyncio.Event) -> None:
        while not self.is_done(enough):
            try:
                address = f"{self.address()}/api/chat/{self.conversation}/ws?after={self.last}"
                async with connect(address, open_timeout=5) as socket:
                    await self._until_all_is_done(socket, enough)
            except (OSError, ConnectionClosed, InvalidHandshake, TimeoutError):
                await asyncio.sleep(0.1)

    async def _until_all_is_done(self, socket: ClientConnection, enough: asyncio.Event) -> None:
        while not self.is_done(enough):
            # The next message is sent when the one before is done. Unless its receipt came, it is
            # sent again: it may then be there twice, and each is worked on once.
            if self.count("done") == self.count("message_received"):
                self.messages = self.count("message_received") + 1
                content = f"{self.conversation}-{self.messages}"
                await socket.send(json.dumps({"type": "message", "content": content}))
            text = await asyncio.wait_for(socket.recv(), 60)
            self.seen.append(json.loads(text))


async def live(
    folder: Path, model: Server, scripts: Scripts, first: Served, clients: list[Client]
) -> Served:
    """Kills the server, while everybody talks, and lets them end. Returns the last server."""
    chance, served, enough = random.Random(SEED), first, asyncio.Event()
    talking = [asyncio.create_task(client.talk(enough)) for client in clients]
    for _ in range(KILLS):
        await asyncio.sleep(chance.uniform(0.2, 1.6))
        await asyncio.to_thread(served.kill)
        served = await asyncio.to_thread(start_server, folder, model, scripts)
        for client in clients:
            client.address = lambda url=served.url: url.replace("http", "ws")
    enough.set()
    await asyncio.wait_for(asyncio.gather(*talking), 300)
    return served


def test_nothing_acknowledged_is_lost_and_no_call_is_repeated(tmp_path: Path) -> None:
    scripts = Scripts()
    with model_server(think=think) as model:
        served = start_server(tmp_path, model, scripts)
        url = served.url.replace("http", "ws")
        clients = [Client(served.new(), lambda: url) for _ in range(TALKS)]
        served = asyncio.run(live(tmp_path, model, scripts, served, clients))
        try:
            for client in clients:
                check(served, client)
        finally:
            served.stop()
            served.kill()


def check(served: Served, client: Client) -> None:
    place = served.folder / "workspace" / client.conversation / "steps"
    lines = place.read_text().splitlines()
    # No call is repeated: a line is there once, or, where a kill cut its command off, not at all.
    assert max(Counter(lines).values()) == 1, lines
    ids = Counter(each["event_id"] for each in client.seen if each["type"] != "text_delta")
    assert max(ids.values()) == 1, "an event came twice"
    calls = [each["id"] for each in client.seen if each["type"] == "tool_call"]
    results = [each["id"] for each in client.seen if each["type"] == "tool_result"]
    assert calls == results
    unknown = [each for each in client.seen if "outcome unknown" in str(each.get("result"))]
    missing = len(calls) - len(lines)
    assert missing <= len(unknown), (lines, calls)
    assert client.count("turn_started") == client.count("done") == client.count("message_received")
    _, shown = served.request("GET", f"/api/conversations/{client.conversation}")
    said = [each["content"] for each in shown["messages"] if each["role"] == "user"]
    assert said == [each["content"] for each in client.seen if each["type"] == "turn_started"]
