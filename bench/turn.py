"""Measures the CPU of a turn of our agent, against the raw exchange and pydantic-ai's Agent.

Run `python bench/turn.py`. A turn is one answer of a model and one call of a tool.
"""

import asyncio
import gc
import json
import statistics
import subprocess
import sys
import time
from collections.abc import AsyncIterable, Callable, Coroutine, Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any, cast

import httpx2
from pydantic_ai import Agent as LibraryAgent
from pydantic_ai import RunContext, UsageLimits
from pydantic_ai.messages import (
    ModelMessage,
    ModelRequest,
    ModelResponse,
    TextPart,
    ToolCallPart,
    ToolReturnPart,
)

from agentproxy.agent.parts import AgentParts
from agentproxy.agent.run import converse, recorder_within
from agentproxy.agent.state import AgentLimits, Conversation
from agentproxy.events.agent import AgentTold, ToolFinished
from agentproxy.events.conversation import ToolCall
from agentproxy.events.envelope import Fact
from agentproxy.models.connections import new_client
from agentproxy.models.hot_wires.model import HotModel
from agentproxy.models.names import ModelAddress, Wire
from agentproxy.models.port import ToolSpec
from agentproxy.models.wires import build_wire
from agentproxy.tools.port import Arguments, Bench, KeptBench, Permission, ToolOutcome
from agentproxy.tools.registry import Registry

TURNS = 200
WARM = 5  # turns before the first that counts
ENDS = 20  # turns that are measured at each end
EVENTS = (8, 300)  # of a stream
FORMS: tuple[Wire, ...] = ("anthropic", "openai chat")
MODELS = {"anthropic": "claude-sonnet-4-6", "openai chat": "gpt-4o"}
PATHS = {"anthropic": "/v1/messages", "openai chat": "/chat/completions"}
LOOK = ToolSpec(
    "look",
    "Look at a place",
    {"type": "object", "properties": {"place": {"type": "string"}}, "required": ["place"]},
)
MAX_OF_RAW = {8: 1.0, 300: 1.5}  # times the raw exchange, by events
MAX_GROWTH = 1.5  # the last turns, times the first ones ...
OR_MORE = 1.0  # ... or so many ms more
Body = dict[str, Any]
Way = Callable[[Wire, str, int], Coroutine[Any, Any, list[float]]]


class Enough(Exception):
    """Ends a conversation after its last turn."""


def seen(number: int) -> str:
    # 2 KB, with another text at each turn.
    return "".join(f"{number}:{line} the quick brown fox jumps over it\n" for line in range(45))


def anthropic_events(key: str, pieces: list[str]) -> Iterator[Body]:
    usage = {"input_tokens": 9, "output_tokens": 9}
    message: Body = {"id": "m", "type": "message", "role": "assistant", "model": "m", "content": [],
               "stop_reason": None, "stop_sequence": None, "usage": usage}  # fmt: skip
    yield {"type": "message_start", "message": message}
    text = {"type": "text", "text": ""}
    yield {"type": "content_block_start", "index": 0, "content_block": text}
    for piece in pieces:
        delta = {"type": "text_delta", "text": piece}
        yield {"type": "content_block_delta", "index": 0, "delta": delta}
    yield {"type": "content_block_stop", "index": 0}
    call: Body = {"type": "tool_use", "id": key, "name": "look", "input": {}}
    yield {"type": "content_block_start", "index": 1, "content_block": call}
    delta = {"type": "input_json_delta", "partial_json": '{"place": "here"}'}
    yield {"type": "content_block_delta", "index": 1, "delta": delta}
    yield {"type": "content_block_stop", "index": 1}
    delta = {"stop_reason": "tool_use", "stop_sequence": None}
    yield {"type": "message_delta", "delta": delta, "usage": {"output_tokens": 9}}
    yield {"type": "message_stop"}


def chat_events(key: str, pieces: list[str]) -> Iterator[Body]:
    def chunk(delta: Body, stop: str | None = None) -> Body:
        choice = {"index": 0, "delta": delta, "finish_reason": stop}
        return {"id": "c", "object": "chat.completion.chunk", "created": 1, "model": "m",
                "choices": [choice]}  # fmt: skip

    yield chunk({"role": "assistant", "content": ""})
    for piece in pieces:
        yield chunk({"content": piece})
    function = {"name": "look", "arguments": '{"place": "here"}'}
    yield chunk({"tool_calls": [{"index": 0, "id": key, "type": "function", "function": function}]})
    yield chunk({}, "tool_calls")
    usage = {"prompt_tokens": 9, "completion_tokens": 9, "total_tokens": 18}
    yield {**chunk({}), "choices": [], "usage": usage}


def spoken(path: str, number: int) -> list[str]:
    # In the middle nothing is measured, so a few events are enough there.
    words = [f"word{each} " for each in range(int(path.split("/")[1]))]
    if ENDS + 1 < number <= TURNS - ENDS:
        size = max(len(words) // 8, 1)
        return ["".join(words[at : at + size]) for at in range(0, len(words), size)]
    return words


async def serve_one(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    # The first part of a path is the number of events.
    numbers = 0
    try:
        while True:
            head = (await reader.readuntil(b"\r\n\r\n")).decode()
            path = head.split()[1]
            lines = (line.partition(":") for line in head.lower().splitlines())
            length = next(int(value) for name, _, value in lines if name == "content-length")
            await reader.readexactly(length)
            numbers += 1
            events = anthropic_events if path.endswith("messages") else chat_events
            writer.write(b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\n")
            writer.write(b"transfer-encoding: chunked\r\n\r\n")
            for event in events(f"call_{numbers}", spoken(path, numbers)):
                name = f"event: {event['type']}\n" if "type" in event else ""
                text = f"{name}data: {json.dumps(event)}\n\n".encode()
                writer.write(b"%x\r\n%s\r\n" % (len(text), text))
                await writer.drain()
            writer.write(b"0\r\n\r\n")
            await writer.drain()
    except (asyncio.IncompleteReadError, ConnectionError):
        writer.close()


async def serve() -> None:
    server = await asyncio.start_server(serve_one, "127.0.0.1", 0)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


def between(times: list[float]) -> list[float]:
    return [1000 * (after - before) for before, after in pairwise(times)]


class Look:
    spec = LOOK

    def __init__(self) -> None:
        self.number = 0

    def permission(self, arguments: Arguments) -> Permission:
        del arguments
        return Permission()

    async def run(self, arguments: Arguments, bench: Bench) -> ToolOutcome:
        del arguments, bench
        self.number += 1
        return ToolOutcome(seen(self.number))


def address(form: Wire, url: str) -> ModelAddress:
    return ModelAddress(form, form.split()[0], MODELS[form], "k", url)


async def ours(form: Wire, url: str, turns: int) -> list[float]:
    # CPU time of this process. The server is another process.
    times = [time.process_time()]
    facts: list[Fact] = []

    async def record(fact: Fact) -> None:
        facts.append(fact)
        if isinstance(fact, ToolFinished):
            times.append(time.process_time())
            if len(times) > turns:
                raise Enough

    async def allowed(call: ToolCall, permission: Permission) -> str:
        del call, permission
        return ""

    # A real tool works in its bench. This tool does not use it.
    shown: list[str] = []
    nowhere = cast("Any", None)
    bench = Bench(tree=Path(), place=nowhere, sandbox=nowhere, home=Path(), show=shown.append)
    model = HotModel(MODELS[form], address(form, url))
    tools = Registry([Look()])
    parts = AgentParts(model=model, tools=tools, bench=KeptBench(lambda: bench), allow=allowed)
    limits = AgentLimits(turns=turns + 5, tokens=10**9)
    recorder = recorder_within(Conversation(limits=limits), record)
    try:
        await recorder.record(AgentTold(text="Look around"))
        await converse(recorder, parts, show=shown.append)
    except Enough:
        return between(times)
    finally:
        await model.close()
    raise SystemExit("the conversation ended early")


async def library(form: Wire, url: str, turns: int) -> list[float]:
    # The last turns follow a made-up past, so that the whole bench takes a minute.
    if turns < 2 * ENDS:
        return await library_turns(form, url, turns, past=[])
    first = await library_turns(form, url, ENDS + 1, past=[])
    words = "".join(f"word{number} " for number in range(int(url.rpartition("/")[2])))
    past: list[ModelMessage] = [ModelRequest.user_text_prompt("Look around")]
    for number in range(turns - ENDS):
        call = ToolCallPart("look", '{"place": "here"}', f"past_{number}")
        past.append(ModelResponse(parts=[TextPart(words), call]))
        result = ToolReturnPart("look", seen(number), f"past_{number}")
        past.append(ModelRequest(parts=[result]))
    return first + await library_turns(form, url, ENDS, past=past)


async def library_turns(
    form: Wire, url: str, turns: int, *, past: list[ModelMessage]
) -> list[float]:
    times = [time.process_time()]

    async def drain(context: RunContext[object], events: AsyncIterable[object]) -> None:
        del context
        async for _ in events:
            pass

    async with new_client(seconds=60) as client:
        agent = LibraryAgent(build_wire(address(form, url), client), instructions="Look.")

        @agent.tool_plain
        def look(place: str) -> str:
            """Look at a place."""
            del place
            times.append(time.process_time())
            if len(times) > turns:
                raise Enough
            return seen(len(times))

        limits = UsageLimits(request_limit=None)
        try:
            await agent.run(
                "Go on", message_history=past, event_stream_handler=drain, usage_limits=limits
            )
        except Enough:
            return between(times)
    raise SystemExit("the conversation ended early")


async def raw(form: Wire, url: str, turns: int) -> list[float]:
    # Encodes everything anew, and parses as little as the conversation needs.
    times = [time.process_time()]
    messages: list[Body] = [{"role": "user", "content": "Look around"}]
    turn = raw_anthropic if form == "anthropic" else raw_chat
    async with httpx2.AsyncClient(timeout=60) as client:
        for number in range(turns):
            body = {"model": MODELS[form], "max_tokens": 16_384, "stream": True,
                    "messages": messages, "tools": [LOOK.schema]}  # fmt: skip
            data = json.dumps(body).encode()
            headers = {"content-type": "application/json"}
            where = f"{url}{PATHS[form]}"
            async with client.stream("POST", where, content=data, headers=headers) as response:
                said = [
                    json.loads(line[6:])
                    async for line in response.aiter_lines()
                    if line.startswith("data: ")
                ]
            messages += turn(said, seen(number))
            times.append(time.process_time())
    return between(times)


def raw_anthropic(said: list[Body], result: str) -> list[Body]:
    deltas = [each["delta"] for each in said if each["type"] == "content_block_delta"]
    text = "".join(delta.get("text", "") for delta in deltas)
    arguments = json.loads("".join(delta.get("partial_json", "") for delta in deltas))
    starts = (each["content_block"] for each in said if each["type"] == "content_block_start")
    call = next({**block, "input": arguments} for block in starts if block["type"] == "tool_use")
    answer = {"type": "tool_result", "tool_use_id": call["id"], "content": result}
    return [
        {"role": "assistant", "content": [{"type": "text", "text": text}, call]},
        {"role": "user", "content": [answer]},
    ]


def raw_chat(said: list[Body], result: str) -> list[Body]:
    deltas = [each["choices"][0]["delta"] for each in said if each["choices"]]
    text = "".join(delta.get("content", "") for delta in deltas)
    calls = [call for delta in deltas for call in delta.get("tool_calls", ())]
    return [
        {"role": "assistant", "content": text, "tool_calls": calls},
        {"role": "tool", "tool_call_id": calls[0]["id"], "content": result},
    ]


WAYS: dict[str, Way] = {"raw": raw, "ours": ours, "library": library}


def measure(way: Way, form: Wire, url: str) -> tuple[float, float]:
    asyncio.run(way(form, url, WARM))
    gc.collect()
    spent = asyncio.run(way(form, url, TURNS))
    # Without turn 0, which also connects.
    return typical(spent[1 : 1 + ENDS]), typical(spent[-ENDS:])


def typical(spent: list[float]) -> float:
    # The lower quartile: other load on the machine only adds time.
    return statistics.quantiles(spent, n=4)[0]


def verdict(found: dict[str, tuple[float, float]], events: int) -> tuple[str, bool]:
    first, last = found["ours"]
    near = last <= MAX_OF_RAW[events] * found["raw"][1]
    flat = last <= max(MAX_GROWTH * first, first + OR_MORE)
    words = f"{MAX_OF_RAW[events]:g}x raw {_word(near)}, flat {_word(flat)}"
    return words, near and flat


def _word(holds: bool) -> str:  # noqa: FBT001 - a verdict
    return "holds" if holds else "MISSED"


def main() -> int:
    """Prints the table. Returns 1 if a bar is missed."""
    if "--serve" in sys.argv:
        asyncio.run(serve())
    command = [sys.executable, __file__, "--serve"]
    missed = False
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as server:
        try:
            port = server.stdout.readline().strip() if server.stdout else ""
            print("ms of CPU for a turn: first, 200th (200th as a ratio of the raw exchange)")
            print(f"{'':24}{'raw':>16}{'ours':>24}{'library agent':>24}  bars")
            for form in FORMS:
                for events in EVENTS:
                    url = f"http://127.0.0.1:{port}/{events}"
                    found = {name: measure(way, form, url) for name, way in WAYS.items()}
                    words, holds = verdict(found, events)
                    missed = missed or not holds
                    unit = found["raw"][1]
                    cells = "".join(
                        f"{first:8.2f}{last:8.2f}"
                        + (f"{last / unit:7.1f}x" if name != "raw" else "")
                        for name, (first, last) in found.items()
                    )
                    print(f"{form + f', {events} events':24}{cells}  {words}", flush=True)
        finally:
            server.terminate()
    return int(missed)


if __name__ == "__main__":
    sys.exit(main())
