"""kill -9 of the server, again and again, in the middle of the turns of several conversations."""

import asyncio
import json
import os
import random
import re
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
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
QUICK = {"TEAMMATE_IDLE_TIMEOUT": "0.5", "MAX_TEAMMATES": "50"}
# An error that answers a late approval belongs to no event of the journal.
STREAMED = ("text_delta", "error")
pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]


ASKED = re.compile(r"[0-9a-f]{12}-[0-9]+")


def think(body: Body) -> Reply:
    """Commands that each leave a line of their own: by the agent itself, by a subagent, in the
    background and by a teammate; then a word.
    """
    users = (message for message in body["messages"] if message["role"] == "user")
    parts = [part for message in users for part in message["content"]]
    texts = [each.get("text", "") for each in parts]
    kind, _, line = texts[0].partition(" ")
    if kind in ("subagent", "teammate"):
        return help_out(kind, line, begun=any(each["type"] == "tool_result" for each in parts))
    place = max(n for n, text in enumerate(texts) if ASKED.fullmatch(text))
    asked = texts[place]
    done = sum(each["type"] == "tool_result" for each in parts[place:])
    if done >= STEPS:
        return Reply(text=("All ", "steps ", "of ", asked), fault="slow")
    name = f"m{asked.rpartition('-')[2]}"
    steps: list[tuple[str, Body]] = [
        ("bash", {"command": leaves(f"{asked}-own")}),
        (
            "task",
            {"description": "a part", "prompt": f"subagent {asked}-subagent", "agent_type": "code"},
        ),
        ("background_run", {"command": leaves(f"{asked}-background")}),
        ("spawn_teammate", {"name": name, "role": "r", "prompt": f"teammate {asked}-teammate"}),
    ]
    tool, arguments = steps[done]
    said = ("I do ", "one.")
    return Reply(text=said, calls=((tool, json.dumps(arguments)),), stop="tools", fault="slow")


def help_out(kind: str, line: str, *, begun: bool) -> Reply:
    if not begun:
        call = ("bash", json.dumps({"command": leaves(line)}))
        return Reply(calls=(call,), stop="tools", fault="slow")
    if kind == "teammate":
        return Reply(calls=(("idle", "{}"),), stop="tools")
    return Reply(text=("I ", "helped"), fault="slow")


def leaves(line: str) -> str:
    return f"sleep 0.1; echo {line} >> steps"


@dataclass
class Client:
    """One who talks, and comes back after every kill with what it has seen last."""

    conversation: str
    address: Callable[[], str]
    seen: list[Message] = field(default_factory=list[Message])
    messages: int = 0
    after: int = 0  # where the present connection began

    @property
    def last(self) -> int:
        return max((each["sequence"] for each in self.seen), default=0)

    def count(self, kind: str) -> int:
        return sum(each["type"] == kind for each in self.seen)

    def is_done(self, enough: asyncio.Event) -> bool:
        talked = enough.is_set() and self.count("done") == self.messages > 0
        return talked and all(status == "shutdown" for status in self.teammates().values())

    def teammates(self) -> dict[str, str]:
        """The newest status of each."""
        told = [each for each in self.seen if each["type"] == "teammate_status"]
        return {each["name"]: each["status"] for each in told}

    def requests(self) -> set[str]:
        """The ids of requests for approval that it has seen."""
        return {each["request_id"] for each in self.seen if "request_id" in each}

    async def talk(self, enough: asyncio.Event) -> None:
        while not self.is_done(enough):
            try:
                self.after = self.last
                address = f"{self.address()}/api/chat/{self.conversation}/ws?after={self.after}"
                async with connect(address, open_timeout=5) as socket:
                    # Its answer may have died with the server. A late one approves nothing.
                    for request in self.requests():
                        await self._approve(socket, request)
                    await self._until_all_is_done(socket, enough)
            except (OSError, ConnectionClosed, InvalidHandshake, TimeoutError):
                await asyncio.sleep(0.1)

    async def _catch_up(self, socket: ClientConnection) -> None:
        # A message whose receipt is still to come must not be sent again.
        while True:
            try:
                await self._take(socket, 0.5)
            except TimeoutError:
                return

    async def _until_all_is_done(self, socket: ClientConnection, enough: asyncio.Event) -> None:
        await self._catch_up(socket)
        sent = 0
        while not self.is_done(enough):
            # The next message is sent when the one before is done. Without its receipt it is sent
            # again after a kill.
            done = self.count("done")
            waits = done == self.count("message_received") and sent <= done
            if waits and not (enough.is_set() and self.messages):
                self.messages = sent = done + 1
                content = f"{self.conversation}-{self.messages}"
                await socket.send(json.dumps({"type": "message", "content": content}))
            await self._take(socket, 60)

    async def _take(self, socket: ClientConnection, patience: float) -> None:
        message = json.loads(await asyncio.wait_for(socket.recv(), patience))
        # Of an event that a kill cut in two, and of no other, messages come once more.
        cut = message["sequence"] == self.after
        if cut and any(each["event_id"] == message["event_id"] for each in self.seen):
            return
        self.seen.append(message)
        if message["type"] == "tool_approval_request":
            await self._approve(socket, message["request_id"])

    async def _approve(self, socket: ClientConnection, request: str) -> None:
        answer = {"type": "tool_approval_response", "decision": "approve", "request_id": request}
        await socket.send(json.dumps(answer))


async def live(
    folder: Path, model: Server, scripts: Scripts, first: Served, clients: list[Client]
) -> Served:
    """Kills the server, while everybody talks, and lets them end. Returns the last server."""
    chance, served, enough = random.Random(SEED), first, asyncio.Event()
    talking = [asyncio.create_task(client.talk(enough)) for client in clients]
    for _ in range(KILLS):
        await asyncio.sleep(chance.uniform(0.2, 1.6))
        await asyncio.to_thread(served.kill)
        served = await asyncio.to_thread(partial(start_server, folder, model, scripts, **QUICK))
        for client in clients:
            client.address = lambda url=served.url: url.replace("http", "ws")
    enough.set()
    await asyncio.wait_for(asyncio.gather(*talking), 300)
    return served


def test_nothing_acknowledged_is_lost_and_no_call_is_repeated(tmp_path: Path) -> None:
    scripts = Scripts()
    with model_server(think=think) as model:
        served = start_server(tmp_path, model, scripts, **QUICK)
        url = served.url.replace("http", "ws")
        # Half of them are asked before each dangerous call.
        new = [served.new(enable_teams=True, enable_approval=n % 2 == 0) for n in range(TALKS)]
        clients = [Client(conversation, lambda: url) for conversation in new]
        served = asyncio.run(live(tmp_path, model, scripts, served, clients))
        try:
            kinds: set[str] = set()
            for client in clients:
                kinds |= check(served, client)
            assert kinds == {"own", "subagent", "background", "teammate"}
        finally:
            served.stop()
            served.kill()


def check(served: Served, client: Client) -> set[str]:
    """Returns the kinds of commands that left a line."""
    place = served.folder / "workspace" / client.conversation / "steps"
    lines = Counter(place.read_text().splitlines())
    # No call is repeated: a line is there once, or, where a kill cut its command off, not at all.
    assert max(lines.values()) == 1, lines
    ids = Counter(each["event_id"] for each in client.seen if each["type"] not in STREAMED)
    assert max(ids.values()) == 1, "an event came twice"
    assert called(client, "tool_call") == called(client, "tool_result")
    for who in ("own", "subagent", "teammate"):
        begun = calls_of(client, who)
        unknown = sum("outcome unknown" in str(each.get("result")) for each in begun)
        there = sum(line.endswith(who) for line in lines)
        assert len(begun) - there <= unknown, (who, lines, begun)
    assert client.count("turn_started") == client.count("done") == client.count("message_received")
    _, shown = served.request("GET", f"/api/conversations/{client.conversation}")
    said = [each["content"] for each in shown["messages"] if each["role"] == "user"]
    assert said == [each["content"] for each in client.seen if each["type"] == "turn_started"]
    return {line.rpartition("-")[2] for line in lines}


def called(client: Client, kind: str) -> Counter[tuple[str, str]]:
    """How often each agent called, or was answered, by the id of the call."""
    told = [each for each in client.seen if each["type"] == kind]
    return Counter((agent(each), each["id"]) for each in told)


def calls_of(client: Client, who: str) -> list[Message]:
    """The results of commands that the agent itself, its subagents or its teammates ran."""
    results = [each for each in client.seen if each["type"] == "tool_result"]
    return [each for each in results if each["tool"] == "bash" and kind_of(each) == who]


def kind_of(message: Message) -> str:
    if "subagent_id" in message:
        return "subagent"
    return "teammate" if "teammate" in message else "own"


def agent(message: Message) -> str:
    return str(message.get("subagent_id") or message.get("teammate") or "")
