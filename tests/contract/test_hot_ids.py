"""Calls that a small server sends without an id get one of ours."""

import asyncio
import json

import pytest
from support import chat_streams
from support.oracle import Vendor, client_of, hot, stream
from support.wires import ASK

from agentproxy.events.conversation import ToolCall


def calls_of(*parts: dict[str, object]) -> list[ToolCall]:
    said = b"".join(chat_streams.chunk({"tool_calls": [part]}) for part in parts)
    answer = stream(chat_streams.BEGIN + said + chat_streams.end("tool_calls"))

    async def story() -> list[ToolCall]:
        async with client_of(Vendor([answer])) as client:
            found = await hot("ollama/llama3", client).answer(ASK, show=lambda _: None)
        return list(found.message.calls)

    return asyncio.run(story())


def part(number: int, **more: object) -> dict[str, object]:
    return {"function": {"name": "bash", "arguments": json.dumps({"a": number})}, **more}


@pytest.mark.parametrize(
    "parts",
    [
        [part(1, index=0), part(2, index=1)],
        [part(1, index=0, id=""), part(2, index=1, id="")],
        [part(1), part(2)],
        [part(1, index=0, id="c1"), part(2, index=1)],
    ],
)
def test_each_call_without_an_id_gets_one_of_its_own(parts: list[dict[str, object]]) -> None:
    calls = calls_of(*parts)
    assert [(call.name, call.arguments) for call in calls] == [
        ("bash", {"a": 1}),
        ("bash", {"a": 2}),
    ]
    assert all(call.id for call in calls)
    assert len({call.id for call in (*calls, *calls_of(*parts))} - {"c1"}) >= 2


def test_pieces_of_one_call_without_an_id_or_a_place_stay_one_call() -> None:
    name = {"name": "bash"}
    (call,) = calls_of(
        {"function": name | {"arguments": '{"a'}}, {"function": {"arguments": '": 1'}},
        {"function": name | {"arguments": "}"}},
    )  # fmt: skip
    assert (bool(call.id), call.name, call.arguments) == (True, "bash", {"a": 1})
