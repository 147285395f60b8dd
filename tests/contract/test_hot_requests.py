"""What our writers of the hot wires send is what pydantic-ai sends, for every prompt of a table.

Known differences have tests of their own, at the end.
"""

import asyncio
import random
from dataclasses import replace

import pytest
from pydantic import JsonValue
from support.hot_wires import MODELS, OK
from support.oracle import KEY, Body, Vendor, client_of, hot, library, outcome, refusal, stream
from support.talks import PIXEL, READ, Talk
from support.wires import ASK, BASH

from agentproxy.events.conversation import (
    AssistantMessage,
    Image,
    Message,
    Text,
    Thinking,
    ToolCall,
    ToolResult,
    UserMessage,
)
from agentproxy.models.port import Effort, Model, Prompt, ToolSpec
from agentproxy.tools.registry import talking_tools

SENT = ("authorization", "x-api-key", "anthropic-version", "anthropic-beta", "content-type")
SIGNED: dict[str, dict[str, JsonValue]] = {
    "anthropic": {"signature": "sig-1", "provider_name": "anthropic"},
    "openai chat": {"id": "reasoning_content", "provider_name": "openai"},
    "ollama": {"id": "reasoning", "provider_name": "ollama"},
}
TASK = UserMessage(parts=(Text(text="Fix it"),))
LS = ToolCall(id="call_1", name="bash", arguments={"command": "ls", "deep": {"a": [1, 2.5, None]}})
PWD = ToolCall(id="call_2", name="bash", arguments={})
HALF = ToolCall(id="call_3", name="bash", invalid="cut", raw_arguments='{"command": "l')
EMPTY = ToolCall(id="call_4", name="bash", invalid="cut")
FOUND = ToolResult(call="call_1", text="calc.py")
FAILED = ToolResult(call="call_2", text="no such file: naïve 🐍", failed=True)
NESTED: dict[str, JsonValue] = {
    "type": "object",
    "properties": {
        "places": {
            "type": "array",
            "items": {
                "type": "object",
                "properties": {"name": {"type": "string"}, "kind": {"enum": ["a", "b"]}},
                "required": ["name", "kind"],
            },
        },
        "limit": {"type": "integer", "minimum": 1, "default": 3, "description": "At most"},
    },
    "required": ["places"],
}
HISTORIES: dict[str, list[Message]] = {
    "a task": [TASK],
    "two texts": [UserMessage(parts=(Text(text="One"), Text(text="Two")))],
    "an empty text beside another": [UserMessage(parts=(Text(text=""), Text(text="Two")))],
    "a picture": [
        UserMessage(parts=(Text(text="Look"), Image(media_type="image/gif", data=PIXEL)))
    ],
    "only a picture": [UserMessage(parts=(Image(media_type="image/png", data=PIXEL),))],
    "an answer and another task": [TASK, AssistantMessage(parts=(Text(text="Done"),)), TASK],
    "a call and its result": [TASK, AssistantMessage(parts=(LS,)), UserMessage(parts=(FOUND,))],
    "calls beside each other, one of them failed": [
        TASK,
        AssistantMessage(parts=(Text(text="I look."), LS, PWD)),
        UserMessage(parts=(FOUND, FAILED)),
    ],
    "results in another order": [
        TASK,
        AssistantMessage(parts=(LS, PWD)),
        UserMessage(parts=(FAILED, FOUND)),
    ],
    "arguments that were no JSON": [
        TASK,
        AssistantMessage(parts=(HALF, EMPTY)),
        UserMessage(parts=(ToolResult(call="call_3", text="no", failed=True),)),
    ],
    "a call between texts": [
        TASK,
        AssistantMessage(parts=(Text(text="First"), LS, Text(text="then"))),
        UserMessage(parts=(FOUND,)),
    ],
    "an answer that says nothing": [TASK, AssistantMessage(parts=(Text(text=""),)), TASK],
    "an answer that was cut and goes on": [
        TASK,
        AssistantMessage(parts=(Text(text="and so"),)),
        UserMessage(parts=(Text(text="Go on"),)),
    ],
    "results without their calls": [TASK, UserMessage(parts=(FOUND,)), TASK],
    "other alphabets": [UserMessage(parts=(Text(text='naïve 🐍 "\\u0041" \u2028\x7f\x01\n'),))],
}
PARAMETERS: dict[str, dict[str, JsonValue]] = {
    "temperature": {"temperature": 0.25},
    "top p and top k": {"top_p": 0.5, "top_k": 7},
    "a stop": {"stop": "END"},
    "stops": {"stop_sequences": ["END", "STOP"]},
    "calls one by one": {"parallel_tool_calls": False},
    "calls beside each other": {"parallel_tool_calls": True},
    "a smaller limit": {"max_tokens": 99},
    "a larger limit": {"max_completion_tokens": 999_999},
    "a limit that is none": {"max_tokens": 0},
    "penalties": {"presence_penalty": 0.5, "frequency_penalty": -1},
    "a seed": {"seed": 4711},
    "a bias": {"logit_bias": {"50256": -100}},
    "what no wire knows": {"colour": "blue"},
    "a format": {"response_format": {"type": "json_object"}},
}
CLAUDES = [
    "claude-2.1", "claude-3-5-haiku-latest", "claude-3-7-sonnet-latest", "claude-haiku-4-5",
    "claude-haiku-5-5", "claude-opus-4-0", "claude-opus-4-1", "claude-opus-4-5",
    "claude-opus-4-6", "claude-opus-4-7", "claude-opus-4-8", "claude-opus-5",
    "claude-opus-5-5", "claude-sonnet-4-0", "claude-sonnet-4-5", "claude-sonnet-4-5-20250929",
    "claude-sonnet-4-6", "claude-sonnet-5", "claude-sonnet-5-5", "claude-fable-5",
    "claude-fable-5-1", "claude-fable-5-2", "claude-mythos-5", "claude-mythos-preview",
    "claude-of-tomorrow-9",
]  # fmt: skip
GPTS = [
    "gpt-3.5-turbo", "gpt-4.1", "gpt-4o", "gpt-4o-mini", "gpt-5", "gpt-5-mini", "gpt-5-pro",
    "gpt-5-chat-latest", "gpt-5-codex", "gpt-5.1", "gpt-5.1-codex", "gpt-5.1-codex-max",
    "gpt-5.1-chat-latest", "gpt-5.2", "gpt-5.2-pro", "gpt-5.2-chat-latest", "gpt-5.3",
    "gpt-5.3-chat-latest", "gpt-5.3-codex", "gpt-5.4", "gpt-5.4-pro", "gpt-5.4-nano",
    "gpt-5.5", "gpt-5.5-pro", "gpt-5.6", "gpt-6-astra", "gpt-6-sol", "gpt-6-luna",
    "gpt-6.1-sol", "gpt-6.1-terra", "gpt-oss-20b", "gpt-of-tomorrow-9",
    "o1", "o3", "o3-mini", "o4-mini",
]  # fmt: skip
OTHERS = [
    "ollama/gpt-oss:20b",
    "groq/llama-3.3-70b-versatile",
    "deepseek/deepseek-reasoner",
    "runpod/foo",
]
NAMES = {"anthropic": CLAUDES, "openai chat": GPTS, "ollama": OTHERS}
WIRES = list(MODELS)


async def sent(name: str, *prompts: Prompt, answer: bytes) -> tuple[list[Body], list[Body]]:
    """The bodies that our model and the library's send, one for each prompt."""
    found: list[list[Body]] = []
    for build in (hot, library):
        vendor = Vendor([stream(answer) for _ in prompts])
        async with client_of(vendor) as client:
            model = build(name, client)
            for prompt in prompts:
                await model.answer(prompt, show=lambda _: None)
        found.append(vendor.bodies)
    return found[0], found[1]


def assert_same(wire: str, prompt: Prompt) -> None:
    ours, theirs = asyncio.run(sent(MODELS[wire], prompt, answer=OK[wire]))
    assert ours == theirs


@pytest.mark.parametrize("wire", WIRES)
@pytest.mark.parametrize("history", list(HISTORIES))
def test_a_conversation_is_written_as_the_library_writes_it(wire: str, history: str) -> None:
    assert_same(wire, replace(ASK, messages=HISTORIES[history]))


@pytest.mark.parametrize("wire", WIRES)
def test_a_thought_goes_back_as_it_came(wire: str) -> None:
    thought = Thinking(text="Hm.", vendor=SIGNED[wire])
    said = AssistantMessage(parts=(thought, Text(text="I look."), LS))
    assert_same(wire, replace(ASK, messages=[TASK, said, UserMessage(parts=(FOUND,))]))


def test_a_hidden_thought_goes_back_as_it_came() -> None:
    vendor: dict[str, JsonValue] = {**SIGNED["anthropic"], "id": "redacted_thinking"}
    said = AssistantMessage(parts=(Thinking(text="", vendor=vendor), LS))
    assert_same("anthropic", replace(ASK, messages=[TASK, said, UserMessage(parts=(FOUND,))]))


@pytest.mark.parametrize("wire", WIRES)
@pytest.mark.parametrize("parameters", list(PARAMETERS))
@pytest.mark.parametrize("effort", [None, "low"])
def test_parameters_are_written_as_the_library_writes_them(
    wire: str, parameters: str, effort: Effort | None
) -> None:
    assert_same(wire, replace(ASK, parameters=PARAMETERS[parameters], effort=effort))


@pytest.mark.parametrize("wire", WIRES)
def test_tools_are_written_as_the_library_writes_them(wire: str) -> None:
    nested = ToolSpec("find", "", NESTED)
    for tools in ((), (BASH, READ), (nested,), talking_tools().specs):
        assert_same(wire, replace(ASK, tools=tools))


@pytest.mark.filterwarnings("ignore:The model:DeprecationWarning")
@pytest.mark.parametrize(
    ("wire", "name"), [(wire, name) for wire, names in NAMES.items() for name in names]
)
def test_what_a_model_accepts_is_what_the_library_knows_of_it(wire: str, name: str) -> None:
    wishes: dict[str, JsonValue] = {"temperature": 0.5, "top_p": 0.25}
    for effort in (None, "low", "medium", "high", "max"):
        for most in (500, 2049, 16_384, 32_768, 200_000):
            prompt = replace(ASK, effort=effort, max_output=most, parameters=wishes)
            ours, theirs = asyncio.run(sent(name, prompt, answer=OK[wire]))
            # A known difference; see test_hot_differences.py.
            ours[0].get("thinking", {}).pop("display", None)
            assert ours == theirs


@pytest.mark.parametrize("wire", ["anthropic", "openai chat"])
def test_the_key_and_the_version_are_sent_as_the_vendors_client_sends_them(
    wire: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for variable in ("ANTHROPIC_CUSTOM_HEADERS", "OPENAI_CUSTOM_HEADERS"):
        monkeypatch.setenv(variable, "X-Team: tools\nanthropic-beta: one-2026-01-01")
    monkeypatch.setenv("OPENAI_ORG_ID", "org-1")
    monkeypatch.setenv("OPENAI_PROJECT_ID", "proj-1")
    names = (*SENT, "x-team", "openai-organization", "openai-project")

    async def story() -> list[tuple[str, dict[str, str | None]]]:
        found: list[tuple[str, dict[str, str | None]]] = []
        for build in (hot, library):
            vendor = Vendor([stream(OK[wire])])
            async with client_of(vendor) as client:
                await outcome(build(MODELS[wire], client))
            request = vendor.requests[0]
            found.append((str(request.url), {name: request.headers.get(name) for name in names}))
        return found

    ours, theirs = asyncio.run(story())
    assert ours == theirs
    assert KEY in str(ours)


@pytest.mark.parametrize("wire", WIRES)
@pytest.mark.parametrize("seed", range(8))
def test_a_conversation_that_grows_is_the_same_with_kept_bytes(wire: str, seed: int) -> None:
    talk = Talk(wire, random.Random(seed), thinks=seed % 2 == 0, foreign=False)
    prompts = [replace(each, messages=list(each.messages)) for each in talk.prompts()]
    ours, theirs = asyncio.run(sent(MODELS[wire], *prompts, answer=OK[wire]))
    assert ours == theirs


@pytest.mark.parametrize("wire", WIRES)
def test_a_message_that_is_replaced_in_the_middle_is_sent_as_it_is_now(wire: str) -> None:
    said = AssistantMessage(parts=(LS,))
    first = UserMessage(parts=(FOUND,))
    short = UserMessage(parts=(FOUND.model_copy(update={"text": "[Previous]"}),))
    before = replace(ASK, messages=[TASK, said, first, said, first])
    after = replace(ASK, messages=[TASK, said, short, said, first, said, first])
    ours, theirs = asyncio.run(sent(MODELS[wire], before, after, before, answer=OK[wire]))
    assert ours == theirs


def test_a_thought_that_a_changed_past_makes_invalid_is_dropped_on_a_second_try() -> None:
    message = "messages.1.content.0: The block is bound to a different conversation prefix"
    error = {"type": "error", "error": {"type": "invalid_request_error", "message": message}}

    async def story(model: Model, vendor: Vendor) -> list[tuple[Body, str | None]]:
        await model.answer(ASK, show=lambda _: None)
        return [
            (body, request.headers.get("anthropic-beta"))
            for body, request in zip(vendor.bodies, vendor.requests, strict=True)
        ]

    async def whole() -> list[list[tuple[Body, str | None]]]:
        found: list[list[tuple[Body, str | None]]] = []
        for build in (hot, library):
            vendor = Vendor([refusal(400, error), stream(OK["anthropic"])])
            async with client_of(vendor) as client:
                found.append(await story(build("claude-opus-5-5", client), vendor))
        return found

    with pytest.warns(Warning, match="rejected a replayed thinking block"):
        ours, theirs = asyncio.run(whole())
    assert len(ours) == 2
    assert ours == theirs


def test_such_a_thought_is_dropped_at_once_from_then_on_and_tried_twice_at_most() -> None:
    error = {"error": {"message": "The block is bound to a different conversation"}}

    async def story() -> list[Body]:
        vendor = Vendor([refusal(400, error), refusal(400, error)])
        async with client_of(vendor) as client:
            model = hot("claude-opus-5-5", client)
            for _ in range(2):
                await outcome(model)
        return vendor.bodies

    bodies = asyncio.run(story())
    assert ["thinking" in body for body in bodies] == [False, True, True]
