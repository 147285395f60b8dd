"""A real server with conversations, a model's server behind it, and a client of its sockets."""

import json
import os
import resource
import signal
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Generator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast

from support.answers import Body, Reply
from support.forked import Running, heeded_at_start, start_pa_server
from support.model_server import Server, model_server
from websockets.sync.client import ClientConnection, connect

Message = dict[str, Any]
PATIENCE = 30.0
KEY = "sk-ant-api03-" + "x" * 24


@dataclass
class Scripts:
    """Answers of the model, by a word in the first message of what it is asked. The word that was
    written last counts first.
    """

    by_word: dict[str, list[Reply]] = field(default_factory=dict[str, list[Reply]])
    asked: dict[str, list[Body]] = field(default_factory=dict[str, list[Body]])

    def think(self, body: Body) -> Reply:
        first = json.dumps(body["messages"][0])
        for word, replies in reversed(self.by_word.items()):
            if word in first:
                self.asked.setdefault(word, []).append(body)
                return replies.pop(0) if replies else Reply(status=400)
        return Reply(status=400)


@dataclass
class Talk:
    """One socket on one conversation."""

    socket: ClientConnection
    seen: list[Message] = field(default_factory=list[Message])

    def send(self, kind: str, **fields: object) -> None:
        self.socket.send(json.dumps({"type": kind, **fields}))

    def say(self, content: str) -> None:
        self.send("message", content=content)

    def receive(self, patience: float = PATIENCE) -> Message:
        message = cast("Message", json.loads(self.socket.recv(timeout=patience)))
        self.seen.append(message)
        return message

    def until(self, *kinds: str) -> list[Message]:
        """What comes, up to the first message of one of these kinds."""
        came: list[Message] = []
        while not came or came[-1]["type"] not in kinds:
            came.append(self.receive())
        return came

    def ask(self, content: str) -> list[Message]:
        """Say something, and hear everything up to the end of the turn."""
        self.say(content)
        return self.until("done")


@dataclass
class Served:
    """A server that runs, and what its model will answer."""

    url: str
    folder: Path
    scripts: Scripts
    process: Running
    key: str = ""
    log: Path = Path(os.devnull)  # what it said of failures

    def request(
        self, method: str, path: str, body: object = None, **headers: str
    ) -> tuple[int, Any]:
        """The status and the parsed body of an answer."""
        data = None if body is None else json.dumps(body).encode()
        sent = {"Content-Type": "application/json"} if data is not None else {}
        sent |= {"X-API-Key": self.key} if self.key else {}
        sent |= {name.replace("_", "-"): text for name, text in headers.items()}
        asked = urllib.request.Request(self.url + path, data, sent, method=method)
        try:
            with urllib.request.urlopen(asked, timeout=PATIENCE) as answer:
                return answer.status, json.loads(answer.read() or b"null")
        except urllib.error.HTTPError as error:
            return error.code, json.loads(error.read() or b"null")

    def new(self, **asked: object) -> str:
        status, body = self.request("POST", "/api/chat", asked)
        assert status == 200, body
        return str(body["conversation_id"])

    def script(self, word: str, *replies: Reply) -> None:
        self.scripts.by_word[word] = list(replies)

    @contextmanager
    def talk(self, conversation: str, query: str = "", **headers: str) -> Generator[Talk]:
        address = self.url.replace("http", "ws") + f"/api/chat/{conversation}/ws{query}"
        sent = {name.replace("_", "-"): text for name, text in headers.items()}
        # Without a bound: a queue that is full holds the end of the socket up for ten seconds.
        with connect(
            address, additional_headers=sent or None, max_size=None, max_queue=None
        ) as socket:
            yield Talk(socket)

    def stop(self) -> int:
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(timeout=PATIENCE)

    def kill(self) -> None:
        self.process.kill()
        self.process.wait(timeout=PATIENCE)


@contextmanager
def full_disk(server: Served) -> Generator[None]:
    """The server can write to no file, as on a disk without room."""
    limits = resource.prlimit(server.process.pid, resource.RLIMIT_FSIZE)
    resource.prlimit(server.process.pid, resource.RLIMIT_FSIZE, (0, limits[1]))
    try:
        yield
    finally:
        resource.prlimit(server.process.pid, resource.RLIMIT_FSIZE, limits)


def start_server(
    folder: Path, model: Server, scripts: Scripts, *arguments: str, **variables: str
) -> Served:
    """A server of its own process, below `folder`. It serves when this returns."""
    work = folder / "work"
    work.mkdir(exist_ok=True)
    environ = {
        **heeded_at_start(),
        "PATH": os.environ["PATH"],
        "HOME": str(folder),
        "AGENTPROXY_HOME": str(folder / "home"),
        "MODEL": "claude-sonnet-4-5-20250929",
        "ANTHROPIC_API_KEY": KEY,
        "ANTHROPIC_BASE_URL": model.url,
        # Notes are made with a question of their own, when nobody looks any more.
        "ENABLE_MEMORY": "false",
        **variables,
    }
    log = folder / "server.log"
    with log.open("a") as errors:
        process, line = start_pa_server(
            ["--port", "0", *arguments], cwd=work, env=environ, errors=errors
        )
    assert line.startswith("Agent Proxy serves "), log.read_text()
    return Served(line.split()[-1], work, scripts, process, variables.get("API_KEY", ""), log)


@contextmanager
def serving(folder: Path, *arguments: str, **variables: str) -> Generator[Served]:
    """A server that stops cleanly at the end."""
    scripts = Scripts()
    with model_server(think=scripts.think) as model:
        served = start_server(folder, model, scripts, *arguments, **variables)
        try:
            yield served
            assert served.process.poll() is None, served.log.read_text()
            assert served.stop() == 0
        finally:
            served.kill()


def calls(*asked: tuple[str, Mapping[str, object]]) -> Reply:
    """An answer of the model that calls tools, each with its arguments."""
    return Reply(calls=tuple((name, json.dumps(more)) for name, more in asked), stop="tools")


def results(messages: Sequence[Message]) -> list[str]:
    """The results of tools, in the order in which they came."""
    return [each["result"] for each in messages if each["type"] == "tool_result"]


def kinds(messages: Sequence[Message]) -> list[str]:
    """The types, each run of equal ones once."""
    found = [message["type"] for message in messages]
    return [kind for place, kind in enumerate(found) if place == 0 or found[place - 1] != kind]


def text_of(messages: Sequence[Message]) -> str:
    return "".join(each["content"] for each in messages if each["type"] == "text_delta")


def wait_until(holds: Callable[[], bool], *, patience: float = PATIENCE) -> None:
    end = time.monotonic() + patience
    while not holds():
        assert time.monotonic() < end, "it did not come to hold"
        time.sleep(0.01)
