"""A conversation over the socket with a real model that nobody here scripted.

The model is too small to know tools. So a relay before it asks for the command line of `bash` as
JSON, by a grammar, and hands it on as a call; the command itself is the model's own.
"""

import json
import urllib.request
from collections.abc import Generator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, cast

import pytest
from support.chats import serving, text_of
from support.servers import answering

pytestmark = [pytest.mark.local_model, pytest.mark.timeout(400)]
PATIENCE = 300.0


COMMAND = {
    "type": "object",
    "properties": {"command": {"type": "string", "minLength": 1, "maxLength": 40}},
    "required": ["command"],
    "additionalProperties": False,
}
FORM = {"type": "json_schema", "json_schema": {"name": "call", "schema": COMMAND, "strict": True}}


class Model:
    """The model, asked over HTTP."""

    def __init__(self, address: str) -> None:
        self._address = address

    def ask(self, path: str, body: dict[str, Any]) -> bytes:
        asked = urllib.request.Request(
            self._address + path, json.dumps(body).encode(), {"Content-Type": "application/json"}
        )
        with urllib.request.urlopen(asked, timeout=PATIENCE) as answer:
            return cast("bytes", answer.read())

    def call(self, path: str, body: dict[str, Any]) -> bytes:
        """The answer as a stream with a call of `bash`."""
        left = {name: body[name] for name in ("model", "messages")}
        whole = json.loads(self.ask(path, {**left, "response_format": FORM, "max_tokens": 60}))
        function = {"name": "bash", "arguments": whole["choices"][0]["message"]["content"]}
        called = {"index": 0, "id": "call_1", "type": "function", "function": function}
        choices: list[dict[str, Any]] = [
            {"index": 0, "delta": {"role": "assistant", "tool_calls": [called]}},
            {"index": 0, "delta": {}, "finish_reason": "tool_calls"},
        ]
        base = {"id": "1", "object": "chat.completion.chunk", "created": 1, "model": "smollm2"}
        events = [{**base, "choices": [each]} for each in choices]
        events.append({**base, "choices": [], "usage": whole["usage"]})
        lines = [f"data: {json.dumps(each)}\n\n" for each in events]
        return "".join([*lines, "data: [DONE]\n\n"]).encode()


@contextmanager
def with_tools(address: str) -> Generator[str]:
    """The address of a relay to the model, which calls a tool first."""
    model = Model(address)

    class Relay(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = cast(
                "dict[str, Any]", json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            )
            # Once: an answer that is cut off is continued without another call.
            roles = [each["role"] for each in body["messages"]]
            calls = bool(body.pop("tools", None)) and "tool" not in roles
            body.pop("tool_choice", None)
            answer = model.call(self.path, body) if calls else model.ask(self.path, body)
            self.send_response(200)
            self.send_header("Content-Type", "text/event-stream")
            self.end_headers()
            self.wfile.write(answer)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - its name there
            del format, args

    with answering(ThreadingHTTPServer(("127.0.0.1", 0), Relay)) as port:
        yield f"http://127.0.0.1:{port}"


def test_a_conversation_with_a_tool_call_over_the_socket(address: str, tmp_path: Path) -> None:
    with (
        with_tools(address) as relay,
        serving(
            tmp_path,
            MODEL="ollama/smollm2",
            OLLAMA_BASE_URL=f"{relay}/v1",
            MODEL_LLM_PARAMS=json.dumps({"ollama/": {"max_tokens": 120}}),
            MAX_TURNS="3",
        ) as served,
        served.talk(served.new()) as talk,
    ):
        talk.say("List the files of the workspace with bash: ls")
        while not talk.seen or talk.seen[-1]["type"] != "done":
            talk.receive(patience=PATIENCE)
    calls = [each for each in talk.seen if each["type"] == "tool_call"]
    results = [each for each in talk.seen if each["type"] == "tool_result"]
    assert [each["tool"] for each in calls] == ["bash"], talk.seen
    assert calls[0]["input"]["command"], calls
    assert [each["id"] for each in calls] == [each["id"] for each in results]
    assert text_of(talk.seen), "the model said nothing in the end"
    assert talk.seen[-1]["usage"]["output_tokens"] > 0
