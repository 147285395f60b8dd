"""What is sent on each wire for one conversation, pinned to the letter.

`python tests/contract/test_model_requests.py` writes the files anew; read what changed.
"""

import json
from pathlib import Path
from typing import Any

import pytest
from pydantic import JsonValue
from support.answers import Reply
from support.model_server import model_server
from support.wires import BASH, ask

from agentproxy.events.conversation import (
    AssistantMessage,
    Image,
    Text,
    Thinking,
    ToolCall,
    ToolResult,
    UserMessage,
)
from agentproxy.models.port import Prompt, ToolSpec

GOLDEN = Path(__file__).with_name("golden")
PIXEL = "R0lGODlhAQABAIAAAAAAAP///yH5BAEAAAAALAAAAAABAAEAAAIBRAA7"
NAMES = {
    "anthropic": "claude-sonnet-4-6",
    "openai chat": "gpt-4o",
    "openai responses": "responses/gpt-5",
    "gemini": "gemini/gemini-2.5-pro",
}
SIGNED: dict[str, dict[str, JsonValue]] = {
    "anthropic": {"signature": "sig-1", "provider_name": "anthropic"},
    "openai chat": {"id": "reasoning_content", "provider_name": "openai"},
    "openai responses": {"id": "rs_1", "signature": "sig-1", "provider_name": "openai"},
    "gemini": {"signature": "c2lnLTE=", "provider_name": "google"},
}
READ = ToolSpec(
    "read_file",
    "Read a file",
    {"type": "object", "properties": {"path": {"type": "string"}}, "required": ["path"]},
)


def conversation(wire: str) -> Prompt:
    look = ToolCall(id="call_1", name="bash", arguments={"command": "ls"})
    half = ToolCall(id="call_2", name="read_file", invalid="cut", raw_arguments='{"path": "ca')
    thought = Thinking(text="Hm.", vendor=SIGNED[wire])
    messages = [
        UserMessage(
            parts=(Text(text="Fix it"), Image(media_type="image/gif", data=PIXEL)),
        ),
        AssistantMessage(parts=(thought, Text(text="I look."), look, half)),
        UserMessage(
            parts=(
                ToolResult(call="call_1", text="calc.py"),
                ToolResult(call="call_2", text="Error: the arguments are no JSON", failed=True),
                Text(text="Hurry up"),
            )
        ),
    ]
    return Prompt(
        system="You fix.", messages=messages, tools=[BASH, READ], effort="low", max_output=4096
    )


def sent(wire: str) -> dict[str, Any]:
    with model_server(Reply(text=("ok",))) as server:
        ask(wire, server, conversation(wire), name=NAMES[wire])
        return {"path": server.paths[0], "body": server.asked[0]}


def file_of(wire: str) -> Path:
    return GOLDEN / f"{wire.replace(' ', '-')}.json"


@pytest.mark.parametrize("wire", list(NAMES))
def test_the_request_is_the_one_that_was_pinned(wire: str) -> None:
    assert sent(wire) == json.loads(file_of(wire).read_text())


if __name__ == "__main__":
    for each in NAMES:
        file_of(each).write_text(json.dumps(sent(each), indent=1) + "\n")
