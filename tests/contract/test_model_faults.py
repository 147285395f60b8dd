"""What goes wrong on the way to a model, on each wire, ends in the right error of the port."""

import asyncio
import json
import urllib.request
from dataclasses import replace
from typing import Any

import pytest
from support.answers import Body, Reply
from support.model_server import SLOW, Server, model_server
from support.wires import ASK, KEY, NAMES, ask, model

from agentproxy.events.conversation import Text, Thinking, UserMessage
from agentproxy.models.port import ModelRefused, ModelUnavailable, PromptTooLong

LS = ("bash", '{"command": "ls"}')
PWD = ("bash", '{"command": "pwd"}')
INVALID = "invalid_request_error"


def too_long(message: str, **more: object) -> Body:
    return {"error": {"message": message, "type": INVALID, "code": None, **more}}


# As the vendors document them; the last is llama.cpp's, behind Ollama's form.
TOO_LONG: dict[str, Body] = {
    "anthropic": {
        "type": "error",
        "error": {"type": INVALID, "message": "prompt is too long: 210000 tokens > 200000 maximum"},
    },
    "openai chat": too_long(
        "This model's maximum context length is 128000 tokens.",
        param="messages",
        code="context_length_exceeded",
    ),
    "openai responses": too_long(
        "Your input exceeds the context window of this model.",
        param="input",
        code="context_length_exceeded",
    ),
    "gemini": {
        "error": {
            "code": 400,
            "message": "The input token count (1200000) exceeds the maximum number of tokens "
            "allowed (1048576).",
            "status": "INVALID_ARGUMENT",
        }
    },
    "ollama": {
        "error": {
            "code": 400,
            "message": "the request exceeds the available context size, try increasing it",
            "type": "exceed_context_size_error",
        }
    },
}


@pytest.fixture(params=list(NAMES))
def wire(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def unavailable(wire: str, reply: Reply) -> ModelUnavailable:
    with model_server(reply) as server:
        with pytest.raises(ModelUnavailable) as raised:
            ask(wire, server)
        assert len(server.asked) == 1
    return raised.value


def test_a_prompt_that_is_too_long_says_so_in_every_vendors_form(wire: str) -> None:
    reply = Reply(status=400, error=TOO_LONG[wire])
    with model_server(reply) as server, pytest.raises(PromptTooLong) as raised:
        ask(wire, server)
    assert raised.value.cure


def test_a_body_over_the_limit_is_a_prompt_that_is_too_long(wire: str) -> None:
    error = {"type": "request_too_large", "message": "Request exceeds the maximum size"}
    with (
        model_server(Reply(status=413, error={"type": "error", "error": error})) as server,
        pytest.raises(PromptTooLong),
    ):
        ask(wire, server)


@pytest.mark.parametrize("status", [408, 409, 429, 500, 502, 503, 504, 529])
def test_the_status_is_told_and_no_wait_is_made_up(wire: str, status: int) -> None:
    error = unavailable(wire, Reply(status=status))
    assert (error.status, error.after) == (status, None)


@pytest.mark.parametrize("status", [429, 503, 529])
def test_the_wait_that_the_vendor_asks_for_is_told(wire: str, status: int) -> None:
    error = unavailable(wire, Reply(status=status, headers={"Retry-After": "7"}))
    assert (error.status, error.after) == (status, 7)


@pytest.mark.parametrize("status", [400, 401, 402, 403, 404, 405, 422])
def test_a_refusal_is_told_from_what_may_pass(wire: str, status: int) -> None:
    with model_server(Reply(status=status)) as server:
        with pytest.raises(ModelRefused) as raised:
            ask(wire, server)
        assert len(server.asked) == 1
    assert not isinstance(raised.value, PromptTooLong)
    assert raised.value.status == status


def test_a_key_that_the_vendor_repeats_is_in_no_message(wire: str) -> None:
    error = {"type": "authentication_error", "message": f"wrong key {KEY}", "code": 401}
    reply = Reply(status=401, error={"type": "error", "error": error})
    with model_server(reply) as server, pytest.raises(ModelRefused) as raised:
        ask(wire, server)
    assert "wrong key" in str(raised.value)
    assert KEY not in str(raised.value)


def test_a_key_that_the_vendor_repeats_in_an_escaped_form_is_in_no_message(wire: str) -> None:
    spelled = "".join(f"%{ord(letter):02x}" for letter in KEY)
    error = {"type": "authentication_error", "message": f"wrong key {spelled}", "code": 401}
    reply = Reply(status=401, error={"type": "error", "error": error})
    with model_server(reply) as server, pytest.raises(ModelRefused) as raised:
        ask(wire, server)
    assert "wrong key (the key)" in str(raised.value)


def test_an_event_that_is_no_json_is_an_error_and_no_answer(wire: str) -> None:
    unavailable(wire, Reply(text=("a", "b", "c"), fault="malformed"))


def test_an_error_in_mid_answer_is_an_error_and_no_answer(wire: str) -> None:
    unavailable(wire, Reply(text=("a", "b", "c", "d"), fault="error event"))


def test_a_server_that_is_not_there_is_unavailable_without_a_status(wire: str) -> None:
    gone = Server([], url="http://127.0.0.1:9")
    with pytest.raises(ModelUnavailable) as raised:
        ask(wire, gone)
    assert raised.value.status is None


def test_a_slow_answer_is_shown_while_it_comes(wire: str) -> None:
    with model_server(Reply(text=tuple("abcdef"), fault="slow")) as server:

        async def story() -> list[float]:
            loop = asyncio.get_running_loop()
            asked = model(wire, server)
            times: list[float] = []
            await asked.answer(ASK, show=lambda _: times.append(loop.time()))
            await asked.close()
            return times

        times = asyncio.run(story())
    assert len(times) == 6
    assert times[-1] - times[0] > 4 * SLOW


# Gemini has no places: each call comes whole.
@pytest.mark.parametrize("wire", [name for name in NAMES if name != "gemini"])
def test_two_calls_that_share_a_place_are_an_error_and_never_one_call(wire: str) -> None:
    error = unavailable(wire, Reply(calls=(LS, PWD), stop="tools", fault="one index"))
    assert "share a place" in str(error)


def test_two_calls_that_share_an_id_are_an_error(wire: str) -> None:
    unavailable(wire, Reply(calls=(LS, PWD), stop="tools", fault="two ids"))


@pytest.mark.parametrize("wire", [name for name in NAMES if name != "gemini"])
@pytest.mark.parametrize("written", ['["ls"]', '"ls"', "ls", '{"command": "ls"'])
def test_arguments_that_are_no_object_make_a_faulty_call(wire: str, written: str) -> None:
    with model_server(Reply(calls=(("bash", written),), stop="tools")) as server:
        answer, _ = ask(wire, server)
    call = answer.message.calls[0]
    assert call.invalid
    assert (call.arguments, call.raw_arguments) == ({}, written)


@pytest.mark.parametrize(
    ("wire", "name", "signature"),
    [
        ("anthropic", "", "sig-1"),
        ("openai responses", "responses/gpt-5", "sig-1"),
        ("gemini", "", "c2lnLTE="),
    ],
)
def test_a_thought_goes_back_as_the_vendor_signed_it(wire: str, name: str, signature: str) -> None:
    with model_server(Reply(thinking="Hm.", text=("Hello",)), repeat=True) as server:
        answer, _ = ask(wire, server, name=name)
        kept = type(answer.message).model_validate_json(answer.message.model_dump_json())
        assert any(isinstance(part, Thinking) for part in kept.parts)
        more = [*ASK.messages, kept, UserMessage(parts=(Text(text="Go on"),))]
        ask(wire, server, replace(ASK, messages=more), name=name)
    assert signature in json.dumps(server.asked[1])


@pytest.mark.parametrize(
    ("path", "words"),
    [
        ("/v1/messages", ("content", 0, "text")),
        ("/v1/chat/completions", ("choices", 0, "message", "content")),
        ("/v1/responses", ("output", 0, "content", 0, "text")),
        ("/v1beta/models/m:generateContent", ("candidates", 0, "content", "parts", 0, "text")),
    ],
)
def test_the_scripted_server_also_answers_in_one_piece(
    path: str, words: tuple[str | int, ...]
) -> None:
    with model_server(Reply(text=("Hello",), calls=(LS,), stop="tools")) as server:
        body = json.dumps({"model": "m", "stream": False}).encode()
        with urllib.request.urlopen(f"{server.url}{path}", data=body) as response:
            found: Any = json.load(response)
    assert "bash" in json.dumps(found)
    for step in words:
        found = found[step]
    assert found == "Hello"
