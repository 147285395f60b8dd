"""A client of the conversation service that knows its documents alone: HTTP and one socket."""

import json
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, cast

import httpx
from support.answers import Reply
from support.chats import Scripts
from websockets.sync.client import ClientConnection, connect

Event = dict[str, Any]
SECONDS = 30.0


def shape(value: object) -> object:
    """The names and types of a JSON value. Of a list, those of its first element."""
    if isinstance(value, dict):
        return {name: shape(each) for name, each in cast("dict[str, object]", value).items()}
    if isinstance(value, list):
        return [shape(each) for each in cast("list[object]", value)[:1]]
    return type(value)


def calling(tool: str, **arguments: object) -> Reply:
    """An answer of the model that calls one tool."""
    return Reply(calls=((tool, json.dumps(arguments)),), stop="tools")


@dataclass
class Socket:
    connection: ClientConnection
    seen: list[Event] = field(default_factory=list[Event])

    def send(self, kind: str, **fields: object) -> None:
        self.connection.send(json.dumps({"type": kind, **fields}))

    def until(self, *kinds: str) -> list[Event]:
        """What comes, up to the first event of these kinds."""
        came: list[Event] = []
        while not came or came[-1]["type"] not in kinds:
            came.append(json.loads(self.connection.recv(timeout=SECONDS)))
        self.seen += came
        return came

    def ask(self, content: str) -> list[Event]:
        self.send("message", content=content)
        return self.until("done")

    def first(self, kind: str) -> Event:
        return next(each for each in self.seen if each["type"] == kind)


@dataclass
class Service:
    """`scripts` has the answers of the model; nothing else of the server is known."""

    url: str
    scripts: Scripts

    def script(self, word: str, *replies: Reply) -> None:
        self.scripts.by_word[word] = list(replies)

    def request(self, method: str, path: str, **more: Any) -> httpx.Response:
        return httpx.request(method, self.url + path, timeout=SECONDS, trust_env=False, **more)

    def json(self, method: str, path: str, **more: Any) -> Any:
        answer = self.request(method, path, **more)
        assert answer.status_code == 200, (method, path, answer.text)
        return answer.json()

    def new(self, **asked: object) -> str:
        return str(self.json("POST", "/api/chat", json=asked)["conversation_id"])

    @contextmanager
    def socket(self, conversation: str, query: str = "") -> Generator[Socket]:
        address = f"ws{self.url[4:]}/api/chat/{conversation}/ws{query}"
        with connect(address, max_size=None, max_queue=None, proxy=None) as connection:
            yield Socket(connection)

    def call(self, tool: str, *, word: str, approve: bool = False, **arguments: object) -> str:
        """Has the agent of a new conversation call a tool: its result."""
        return self.calls([(tool, arguments)], word=word)[-1]

    def calls(self, called: Sequence[tuple[str, dict[str, Any]]], *, word: str) -> list[str]:
        """The results of calls that the agent of one conversation makes one after the other."""
        replies = [calling(tool, **arguments) for tool, arguments in called]
        self.script(word, *replies, Reply(text=("All called",)))
        with self.socket(self.new(enable_teams=True)) as socket:
            socket.ask(word)
        own = [each for each in socket.seen if "subagent_id" not in each and "teammate" not in each]
        return [each["result"] for each in own if each["type"] == "tool_result"]
