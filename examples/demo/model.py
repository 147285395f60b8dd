"""The demo's model: a server that answers by a script, in Anthropic's form."""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

Body = dict[str, Any]
Block = dict[str, Any]

HELPER = '''def days_in(year: int, month: int) -> int:
    """How many days a month has."""
    leap = year % 4 == 0 and (year % 100 != 0 or year % 400 == 0)
    return 29 if month == 2 and leap else DAYS[month - 1]


def parse('''


def words(text: str) -> Block:
    return {"type": "text", "text": text}


def call(tool: str, **arguments: object) -> Block:
    return {"type": "tool_use", "name": tool, "input": arguments}


def edit(old: str, new: str) -> Block:
    return call("edit_file", path="dates.py", old_text=old, new_text=new)


PLAN = [call("reply", parts=[{"task": "Let the parser know leap years"}])]
# It looks right and is wrong: it accepts 29 February in every year.
WRONG = [
    [words("I look at the parser first."), call("read_file", path="dates.py")],
    [words("February needs 29 days."), edit("31, 28, 31", "31, 29, 31")],
    [words("Done! All tests should pass now.")],
]
RIGHT = [
    [
        words("29 February is accepted in every year now. The year has to be asked."),
        edit("31, 29, 31", "31, 28, 31"),
        edit("day <= DAYS[month - 1]:", "day <= days_in(year, month):"),
        edit("def parse(", HELPER),
    ],
    [words("Now I look whether it works."), call("bash", command="python -m pytest -q")],
    [words("Done: the parser knows leap years, and the tests pass.")],
]


def answer(body: Body) -> list[Block]:
    # The answer depends on the conversation alone, so that a run may be interrupted and resumed.
    # Both texts are from the supervisor's prompts: the planner's role, and a heading of the brief.
    if "You plan work" in json.dumps(body["system"]):
        return PLAN
    refuted = "Verdict on round 1" in json.dumps(body["messages"][0])
    script = RIGHT if refuted else WRONG
    said = sum(message["role"] == "assistant" for message in body["messages"])
    return script[min(said, len(script) - 1)]


def stream(body: Body) -> Iterator[Body]:
    """Yields the answer as the events of Anthropic's wire."""
    blocks = answer(body)
    usage = {"input_tokens": len(json.dumps(body)) // 4, "output_tokens": 1}
    message = {"id": "msg_demo", "type": "message", "role": "assistant", "model": body["model"]}
    message |= {"content": [], "stop_reason": None, "stop_sequence": None, "usage": usage}
    yield {"type": "message_start", "message": message}
    for index, block in enumerate(blocks):
        if block["type"] == "text":
            begun: Block = {"type": "text", "text": ""}
            piece = {"type": "text_delta", "text": block["text"]}
        else:
            begun = {**block, "id": f"toolu_{index}", "input": {}}
            piece = {"type": "input_json_delta", "partial_json": json.dumps(block["input"])}
        yield {"type": "content_block_start", "index": index, "content_block": begun}
        yield {"type": "content_block_delta", "index": index, "delta": piece}
        yield {"type": "content_block_stop", "index": index}
    calls = any(block["type"] == "tool_use" for block in blocks)
    ending = {"stop_reason": "tool_use" if calls else "end_turn", "stop_sequence": None}
    used = {"output_tokens": len(json.dumps(blocks)) // 4}
    yield {"type": "message_delta", "delta": ending, "usage": used}
    yield {"type": "message_stop"}


class Handler(BaseHTTPRequestHandler):
    """Answers requests."""

    def do_POST(self) -> None:
        body: Body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream")
        self.end_headers()
        for event in stream(body):
            self.wfile.write(f"event: {event['type']}\ndata: {json.dumps(event)}\n\n".encode())

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        """Keeps the requests off the demo's screen."""


@contextmanager
def serving() -> Iterator[str]:
    """Serves while the block runs. Yields the address."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
