"""What every model promises, asked of the four wires against a server that follows a script."""

import asyncio
import json

import pytest
from support.model_server import Reply, model_server
from support.wires import ASK, BASH, NAMES, ask, model

from agentproxy.events.conversation import (
    AssistantMessage,
    Text,
    Thinking,
    ToolCall,
    ToolResult,
    UserMessage,
)
from agentproxy.models.port import Fragment, ModelRefused, ModelUnavailable, Prompt


@pytest.fixture(params=list(NAMES))
def wire(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def test_text_comes_in_pieces_and_then_whole_with_its_usage(wire: str) -> None:
    with model_server(Reply(text=("Hel", "lo"))) as server:
        answer, shown = ask(wire, server)
    assert answer.message.text == "Hello"
    assert [piece.text for piece in shown if piece.kind == "text"] == ["Hel", "lo"]
    assert (answer.stop, answer.usage.input, answer.usage.output) == ("end", 100, 20)


def test_the_model_is_told_the_system_text_the_task_and_the_tools(wire: str) -> None:
    with model_server(Reply(text=("ok",))) as server:
        ask(wire, server)
    said = json.dumps(server.asked[0])
    for word in ("You fix.", "Fix it", "bash", "Run it"):
        assert word in said
    assert len(server.asked) == 1


def test_parallel_calls_come_with_their_arguments(wire: str) -> None:
    calls = (("bash", '{"command": "ls"}'), ("bash", '{"command": "pwd"}'))
    with model_server(Reply(text=("I look.",), calls=calls, stop="tools")) as server:
        answer, _ = ask(wire, server)
    assert [call.arguments for call in answer.message.calls] == [
        {"command": "ls"},
        {"command": "pwd"},
    ]
    assert len({call.id for call in answer.message.calls}) == 2
    assert answer.stop == "tools"


def test_a_conversation_goes_back_with_calls_and_results(wire: str) -> None:
    call = ToolCall(id="call_1", name="bash", arguments={"command": "ls"})
    conversation = [
        UserMessage(parts=(Text(text="Fix it"),)),
        AssistantMessage(parts=(Text(text="I look."), call)),
        UserMessage(parts=(ToolResult(call="call_1", text="calc.py"), Text(text="Hurry up"))),
    ]
    with model_server(Reply(text=("ok",))) as server:
        ask(wire, server, Prompt(system="You fix.", messages=conversation, tools=[BASH]))
    said = json.dumps(server.asked[0])
    for word in ("I look.", "calc.py", "Hurry up", "ls"):
        assert word in said, said


def test_a_stream_that_is_cut_short_is_an_error_and_never_a_short_answer(wire: str) -> None:
    with model_server(Reply(text=("a", "b", "c", "d"), fault="cut")) as server:
        with pytest.raises(ModelUnavailable):
            ask(wire, server)
        assert len(server.asked) == 1


def test_an_answer_at_the_output_limit_says_so(wire: str) -> None:
    with model_server(Reply(text=("and so",), stop="length")) as server:
        answer, _ = ask(wire, server)
    assert answer.stop == "length"


@pytest.mark.parametrize("status", [429, 500, 503])
def test_what_may_work_later_is_told_apart_and_tried_once_only(wire: str, status: int) -> None:
    with model_server(Reply(status=status, headers={"Retry-After": "7"})) as server:
        with pytest.raises(ModelUnavailable) as raised:
            ask(wire, server)
        assert len(server.asked) == 1
    assert isinstance(raised.value, ModelUnavailable)
    if status == 429 and wire != "gemini":
        assert raised.value.after == pytest.approx(7)


@pytest.mark.parametrize("status", [400, 401, 404])
def test_what_will_never_work_is_refused(wire: str, status: int) -> None:
    with model_server(Reply(status=status)) as server:
        with pytest.raises(ModelRefused) as raised:
            ask(wire, server)
        assert len(server.asked) == 1
    assert isinstance(raised.value, ModelRefused)


# Gemini's arguments are no text on the wire.
@pytest.mark.parametrize("wire", [name for name in NAMES if name != "gemini"])
def test_arguments_that_are_no_json_are_told_and_not_fixed(wire: str) -> None:
    calls = (("bash", '{"command": "ls",'),)
    with model_server(Reply(calls=calls, stop="tools")) as server:
        answer, _ = ask(wire, server)
    call = answer.message.calls[0]
    assert call.invalid
    assert (call.arguments, call.raw_arguments) == ({}, '{"command": "ls",')


def test_cancelling_closes_the_connection_at_once(wire: str) -> None:
    with model_server(Reply(text=("a", "b", "c"), fault="hang")) as server:

        async def story() -> None:
            seen = asyncio.Event()
            asked = model(wire, server)
            asking = asyncio.create_task(asked.answer(ASK, show=lambda _: seen.set()))
            async with asyncio.timeout(30):
                await seen.wait()
            asking.cancel()
            await asyncio.wait({asking})
            closed = await asyncio.to_thread(server.closed.wait, 3)
            await asked.close()
            assert closed

        asyncio.run(story())


def test_thinking_goes_back_with_its_signature() -> None:
    with model_server(Reply(thinking="Hm.", text=("Hello",)), repeat=True) as server:
        answer, shown = ask("anthropic", server)
        thought = answer.message.parts[0]
        assert isinstance(thought, Thinking)
        assert (thought.text, thought.vendor["signature"]) == ("Hm.", "sig-1")
        assert Fragment("thinking", "Hm.") in shown
        more = [*ASK.messages, answer.message, UserMessage(parts=(Text(text="Go on"),))]
        ask("anthropic", server, Prompt(system="", messages=more))
    assert "sig-1" in json.dumps(server.asked[1])
