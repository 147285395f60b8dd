"""Where our writers of the hot wires differ from pydantic-ai on purpose."""

import asyncio
import gzip
import sys
from dataclasses import replace
from types import FrameType

import httpx2
import pytest
from pydantic import JsonValue
from support.hot_wires import HELLO, MODELS, OK
from support.oracle import Body, Vendor, client_of, hot, outcome, stream
from support.wires import ASK

from agentproxy.events.conversation import (
    AssistantMessage,
    Message,
    Text,
    Thinking,
    ToolCall,
    ToolResult,
    UserMessage,
)
from agentproxy.models.hot_wires.anthropic_request import MessagesRequest
from agentproxy.models.hot_wires.capabilities import claude
from agentproxy.models.port import ModelUnavailable, Prompt, ToolSpec

WIRES = list(MODELS)
TASK = UserMessage(parts=(Text(text="Fix it"),))
LS = ToolCall(id="call_1", name="bash", arguments={"command": "ls"})
FOUND = ToolResult(call="call_1", text="calc.py")
SIGNED = Thinking(text="Hm.", vendor={"signature": "s", "provider_name": "anthropic"})
STRANGE = Thinking(text="Hm.", vendor={"signature": "s", "provider_name": "elsewhere"})


def sent(name: str, *prompts: Prompt, answer: bytes) -> list[Body]:
    """The bodies of our requests, one for each prompt."""

    async def story() -> list[Body]:
        vendor = Vendor([stream(answer) for _ in prompts])
        async with client_of(vendor) as client:
            model = hot(name, client)
            for prompt in prompts:
                await model.answer(prompt, show=lambda _: None)
        return vendor.bodies

    return asyncio.run(story())


@pytest.mark.parametrize("wire", WIRES)
def test_without_a_system_text_there_is_none(wire: str) -> None:
    """The library sends an empty one, and Anthropic refuses it."""
    ours = sent(MODELS[wire], replace(ASK, system=""), answer=OK[wire])
    assert "system" not in str(ours[0])


def test_what_is_meant_for_openai_is_sent_to_nobody_else(monkeypatch: pytest.MonkeyPatch) -> None:
    """OpenAI's client sends it to each server that it is pointed at."""
    monkeypatch.setenv("OPENAI_CUSTOM_HEADERS", "X-Team: tools")
    monkeypatch.setenv("OPENAI_ORG_ID", "org-1")
    monkeypatch.setenv("OLLAMA_CUSTOM_HEADERS", "X-Place: here")

    async def story() -> httpx2.Headers:
        vendor = Vendor([stream(HELLO)])
        async with client_of(vendor) as client:
            await outcome(hot(MODELS["ollama"], client))
        return vendor.requests[0].headers

    headers = asyncio.run(story())
    assert not {"x-team", "openai-organization"} & headers.keys()
    assert headers["x-place"] == "here"


def test_a_model_without_a_system_role_gets_the_system_text_first() -> None:
    """The library puts it behind the first words of the user."""
    ours = sent("o1-mini", ASK, answer=HELLO)
    assert [each["content"] for each in ours[0]["messages"]] == ["You fix.", "Fix it"]
    assert {each["role"] for each in ours[0]["messages"]} == {"user"}


def test_a_schema_that_we_do_not_know_is_sent_as_it_is() -> None:
    """The library rewrites it. Without its promise to be strict, a vendor accepts it as well."""
    schema: dict[str, JsonValue] = {"type": "object", "properties": {"a": {"$ref": "#/$defs/A"}}}
    schema["$defs"] = {"A": {"oneOf": [{"type": "string"}, {"type": "null"}]}}
    prompt = replace(ASK, tools=[ToolSpec("find", "", schema)])
    ours = sent("gpt-4o", prompt, answer=HELLO)
    assert ours[0]["tools"][0]["function"] == {
        "name": "find",
        "description": "",
        "parameters": schema,
    }


@pytest.mark.parametrize("wire", WIRES)
def test_thoughts_of_another_vendors_model_are_left_out(wire: str) -> None:
    """The library writes them as a text between tags, which a model takes for words of the user."""
    thought = Thinking(text="Hm.", vendor={"signature": "s", "provider_name": "elsewhere"})
    with_it = [TASK, AssistantMessage(parts=(thought, LS)), UserMessage(parts=(FOUND,))]
    without = [TASK, AssistantMessage(parts=(LS,)), UserMessage(parts=(FOUND,))]
    prompts = [replace(ASK, messages=each) for each in (with_it, without)]
    ours = sent(MODELS[wire], *prompts, answer=OK[wire])
    assert ours[0] == ours[1]


def test_a_thought_never_ends_a_message() -> None:
    """Anthropic refuses every question that holds such a message, so also all that follow it."""
    ends = AssistantMessage(parts=(SIGNED, Text(text="So"), SIGNED, SIGNED))
    go_on = UserMessage(parts=(Text(text="Go on"),))
    prompts = [replace(ASK, messages=[TASK, each, go_on]) for each in (CUT, ends)]
    alone, behind = sent(MODELS["anthropic"], *prompts, answer=OK["anthropic"])
    assert [each["role"] for each in alone["messages"]] == ["user", "user"]
    kinds = [block["type"] for block in behind["messages"][1]["content"]]
    assert kinds == ["thinking", "text"]


@pytest.mark.parametrize("name", ["claude-opus-4-7", "claude-sonnet-5-5", "claude-mythos-preview"])
def test_a_model_that_hides_its_thoughts_is_asked_to_show_them(name: str) -> None:
    """The library leaves it to the vendor, and the thoughts come empty."""
    asked = [replace(ASK, effort=effort) for effort in ("high", None)]
    with_it, without = sent(name, *asked, answer=OK["anthropic"])
    assert with_it["thinking"] == {"type": "adaptive", "display": "summarized"}
    assert "thinking" not in without
    (older,) = sent("claude-sonnet-4-6", asked[0], answer=OK["anthropic"])
    assert older["thinking"] == {"type": "adaptive"}


BEGUN = AssistantMessage(parts=(SIGNED, LS))
SILENT = AssistantMessage(parts=(LS,))
RESULT = UserMessage(parts=(FOUND,))
FOREIGN = AssistantMessage(parts=(STRANGE, LS))
LATE = AssistantMessage(parts=(Text(text="a"), SIGNED, LS))
CUT = AssistantMessage(parts=(SIGNED,))
HURRY = UserMessage(parts=(Text(text="Hurry"),))
NOTED = AssistantMessage(parts=(Text(text="Noted"),))
TURNS: list[tuple[str, list[Message], bool]] = [
    ("begins", [TASK], True),
    ("begun with a thought", [TASK, BEGUN, RESULT], True),
    ("begun with a thought, and gone on without", [TASK, BEGUN, RESULT, SILENT, RESULT], True),
    ("begun without one", [TASK, SILENT, RESULT], False),
    ("begun without one, then with", [TASK, SILENT, RESULT, BEGUN, RESULT], False),
    ("begun by another vendor's model", [TASK, FOREIGN, RESULT], False),
    ("begun with a text", [TASK, LATE, RESULT], False),
    ("cut in a second thought", [TASK, BEGUN, RESULT, CUT, HURRY], True),
    ("a word beside the results", [TASK, BEGUN, RESULT, HURRY, SILENT, RESULT, HURRY], True),
    ("the turn before", [TASK, SILENT, RESULT, NOTED, HURRY], True),
    ("a new turn after one without", [TASK, SILENT, RESULT, NOTED, HURRY, BEGUN, RESULT], True),
    ("after a summary", [TASK, NOTED, SILENT, RESULT], False),
]  # fmt: skip


@pytest.mark.parametrize(("messages", "thinks"), [row[1:] for row in TURNS],
                         ids=[row[0] for row in TURNS])  # fmt: skip
def test_a_turn_that_began_without_a_thought_goes_on_without(
    messages: list[Message], thinks: bool
) -> None:
    """In its middle the vendor refuses a budget for thinking."""
    prompt = replace(ASK, messages=messages, effort="medium", parameters={"temperature": 0.5})
    (older,) = sent("claude-sonnet-4-5", prompt, answer=OK["anthropic"])
    assert ("thinking" in older, "temperature" in older) == (thinks, not thinks)
    (newer,) = sent("claude-sonnet-4-6", prompt, answer=OK["anthropic"])
    assert newer["thinking"] == {"type": "adaptive"}


def test_what_is_remembered_of_a_turn_changes_no_question() -> None:
    """One model hears of each turn as it grows, and of all of them in turn."""
    grown = [row[1][: end + 1] for row in TURNS for end in range(len(row[1]))]
    prompts = [replace(ASK, messages=each, effort="medium") for each in grown]
    name, answer = "claude-sonnet-4-5", OK["anthropic"]
    alone = [sent(name, each, answer=answer)[0] for each in prompts]
    assert sent(name, *prompts, answer=answer) == alone
    assert sent(name, *reversed(prompts), answer=answer) == alone[::-1]


@pytest.mark.parametrize("begun", [BEGUN, SILENT], ids=["with a thought", "without"])
def test_a_question_costs_no_more_late_in_a_long_turn(begun: AssistantMessage) -> None:
    def calls(rounds: int) -> int:
        """What one more round makes us call."""
        counted = 0

        def count(_frame: FrameType, event: str, _more: object) -> None:
            nonlocal counted
            counted += event == "call"

        request = MessagesRequest("claude-sonnet-4-5", claude("claude-sonnet-4-5"))
        messages = [TASK, begun, RESULT, *[SILENT.model_copy(), RESULT] * rounds]
        request.encode(replace(ASK, messages=messages, effort="medium"))
        later = replace(ASK, messages=[*messages, SILENT.model_copy(), RESULT], effort="medium")
        sys.setprofile(count)
        try:
            request.encode(later)
        finally:
            sys.setprofile(None)
        return counted

    assert calls(500) == calls(5) > 0


@pytest.mark.parametrize("wire", WIRES)
def test_results_stand_right_behind_their_calls(wire: str) -> None:
    """Vendors refuse a word between a call and its result."""
    said = AssistantMessage(parts=(LS,))
    mixed = UserMessage(parts=(Text(text="Hurry"), FOUND, Text(text="up")))
    plain = UserMessage(parts=(FOUND, Text(text="Hurry"), Text(text="up")))
    prompts = [replace(ASK, messages=[TASK, said, each]) for each in (mixed, plain)]
    ours = sent(MODELS[wire], *prompts, answer=OK[wire])
    assert ours[0] == ours[1]


def test_a_result_without_a_word_is_not_an_empty_text() -> None:
    """Anthropic refuses an empty text."""
    result = UserMessage(parts=(ToolResult(call="call_1", text=""),))
    prompt = replace(ASK, messages=[TASK, AssistantMessage(parts=(LS,)), result])
    ours = sent(MODELS["anthropic"], prompt, answer=OK["anthropic"])
    assert ours[0]["messages"][-1]["content"][0]["content"] == ""


@pytest.mark.parametrize("wire", WIRES)
def test_the_system_text_is_sent_also_where_the_newest_word_is_the_models(wire: str) -> None:
    """The library takes it from the newest question only."""
    prompt = replace(ASK, messages=[TASK, AssistantMessage(parts=(Text(text="and so"),))])
    ours = sent(MODELS[wire], prompt, answer=OK[wire])
    assert "You fix." in str(ours[0])


@pytest.mark.parametrize("wire", WIRES)
def test_an_answer_in_another_encoding_is_decoded(wire: str) -> None:
    kind = {"content-type": "text/event-stream", "content-encoding": "gzip"}
    packed = httpx2.Response(200, headers=kind, content=gzip.compress(OK[wire]))

    async def story() -> str:
        async with client_of(Vendor([packed])) as client:
            answer = await hot(MODELS[wire], client).answer(ASK, show=lambda _: None)
        return answer.message.text

    assert asyncio.run(story()) == "Hello"


@pytest.mark.parametrize("wire", WIRES)
def test_an_answer_without_an_end_is_refused_and_bounded(wire: str) -> None:
    async def story() -> None:
        endless = stream(*[b": " + b"x" * 1_000_000 + b"\n"] * 70)
        async with client_of(Vendor([endless])) as client:
            with pytest.raises(ModelUnavailable, match="larger than we hold"):
                await hot(MODELS[wire], client).answer(ASK, show=lambda _: None)

    asyncio.run(story())
