"""The relay passes on what a vendor answers by itself, and nothing that it would fetch or run."""

import json
from typing import Any

import pytest
from support.relay import REFUSED as REFUSALS
from support.relay import Standing, parsed, play, question

AWAY = "https://evil.example/?secret"
PNG = "iVBORw0KGgo="
PICTURE = f"data:image/png;base64,{PNG}"
SCHEMA = {"type": "object", "properties": {"url": {"type": "string"}}}
Case = tuple[str, dict[str, Any]]


def messages(*blocks: object) -> Case:
    return "messages", {"messages": [{"role": "user", "content": list(blocks)}]}


def chat(*parts: object) -> Case:
    return "chat", {"messages": [{"role": "user", "content": list(parts)}]}


def responses(*items: object) -> Case:
    return "responses", {"input": list(items)}


def said(*parts: object) -> Case:
    return responses({"role": "user", "content": list(parts)})


def gemini(*parts: object) -> Case:
    return "gemini", {"contents": [{"role": "user", "parts": list(parts)}]}


def tools(form: str, *kinds: object) -> Case:
    return form, {"tools": list(kinds)}


IMAGE = {"type": "image", "source": {"type": "url", "url": AWAY}}
REFUSED: dict[str, Case] = {
    "image": messages(IMAGE),
    "document": messages({"type": "document", "source": {"type": "url", "url": AWAY}}),
    "image in a result": messages(
        {"type": "tool_result", "tool_use_id": "1", "content": [IMAGE]}
    ),
    "image in a document": messages(
        {"type": "document", "source": {"type": "content", "content": [IMAGE]}}
    ),
    "image with two sources": messages(
        {"type": "image", "source": {"type": "base64", "data": PNG, "Url": AWAY}}
    ),
    "a source that is an address": messages({"type": "image", "source": AWAY}),
    "a file of the user's": messages(
        {"type": "document", "source": {"type": "file", "file_id": "file_1"}}
    ),
    "what a container takes": messages({"type": "container_upload", "file_id": "file_1"}),
    "mcp_servers": ("messages", {"mcp_servers": [{"type": "url", "url": AWAY, "name": "x"}]}),
    "container": ("messages", {"container": {"skills": []}}),
    "other models": ("messages", {"fallbacks": [{"model": "claude-opus-4-5"}]}),
    "web_search": tools("messages", {"type": "web_search_20250305", "name": "web_search"}),
    "web_fetch": tools("messages", {"type": "web_fetch_20250910", "name": "web_fetch"}),
    "code": tools("messages", {"type": "code_execution_20250825", "name": "code_execution"}),
    "mcp_toolset": tools("messages", {"type": "mcp_toolset", "mcp_server_name": "x"}),
    "tools in a list of a list": tools("messages", [{"type": "web_search_20250305"}]),
    "image_url": chat({"type": "image_url", "image_url": {"url": AWAY}}),
    "image_url as text": chat({"type": "image_url", "image_url": AWAY}),
    "image_url in other letters": chat({"type": "text", "text": "", "Image_URL": {"URL": AWAY}}),
    "a file at an address": chat({"type": "file", "file": {"file_data": AWAY}}),
    "a file that is kept": chat({"type": "file", "file": {"file_id": "file-1"}}),
    "video_url": chat({"type": "video_url", "video_url": {"url": AWAY}}),
    "a local file": chat({"type": "image_url", "image_url": {"url": "file:///etc/passwd"}}),
    "plugins": ("chat", {"plugins": [{"id": "web"}]}),
    "models": ("chat", {"models": ["openai/gpt-5"]}),
    "documents": ("chat", {"documents": [{"source": {"type": "url", "url": AWAY}}]}),
    "web_search_options": ("chat", {"web_search_options": {}}),
    "browser_search": tools("chat", {"type": "browser_search"}),
    "a tool without a kind": tools("chat", {"function": {"name": "x"}}),
    "input_image": said({"type": "input_image", "image_url": AWAY}),
    "input_image that is kept": said({"type": "input_image", "file_id": "file-1"}),
    "input_file": said({"type": "input_file", "file_url": AWAY}),
    "an image that a function returns": responses(
        {
            "type": "function_call_output",
            "call_id": "1",
            "output": [{"type": "input_image", "image_url": AWAY}],
        }
    ),
    "a screenshot": responses(
        {
            "type": "computer_call_output",
            "call_id": "1",
            "output": {"type": "computer_screenshot", "image_url": AWAY},
        }
    ),
    "tools among the input": responses({"type": "additional_tools", "tools": [{"type": "mcp"}]}),
    "mcp": tools("responses", {"type": "mcp", "server_url": AWAY, "server_label": "x"}),
    "mcp in a namespace": tools(
        "responses", {"type": "namespace", "name": "x", "tools": [{"type": "mcp"}]}
    ),
    "a search": tools("responses", {"type": "web_search"}),
    "file_search": tools("responses", {"type": "file_search", "vector_store_ids": ["vs_1"]}),
    "code_interpreter": tools("responses", {"type": "code_interpreter"}),
    "image_generation": tools("responses", {"type": "image_generation"}),
    "a shell of the vendor's": tools(
        "responses", {"type": "shell", "environment": {"type": "container_auto"}}
    ),
    "a prompt that is kept": ("responses", {"prompt": {"id": "pmpt_1"}}),
    "fileData": gemini({"fileData": {"fileUri": AWAY}}),
    "file_data": gemini({"file_data": {"file_uri": AWAY}}),
    "fileData in a response": gemini(
        {"functionResponse": {"name": "x", "parts": [{"fileData": {"fileUri": AWAY}}]}}
    ),
    "fileData of the system": (
        "gemini", {"system_instruction": {"parts": [{"fileData": {"fileUri": AWAY}}]}},
    ),
    "googleSearch": tools("gemini", {"googleSearch": {}}),
    "url_context": tools("gemini", {"url_context": {}}),
    "codeExecution": tools("gemini", {"functionDeclarations": [], "codeExecution": {}}),
    "cachedContent": ("gemini", {"cachedContent": "cachedContents/1"}),
}  # fmt: skip


@pytest.mark.parametrize("what", list(REFUSED))
def test_what_the_vendor_would_fetch_run_or_look_up_is_refused_and_noted(what: str) -> None:
    form, more = REFUSED[what]

    async def scenario(place: Standing) -> None:
        status, _, content = await place.ask(*question(form, **more))
        assert status == REFUSALS[form]
        assert "the model relay: " in json.loads(content)["error"]["message"]

    server, place = play(scenario, form=form)
    assert server.paths == []
    assert place.facts == []
    assert len(place.relay.refused) == 1


def test_what_is_only_counted_is_looked_at_too() -> None:
    async def scenario(place: Standing) -> None:
        body = {"model": "claude-sonnet-4-6", **REFUSED["image"][1]}
        assert (await place.ask("/v1/messages/count_tokens", body))[0] == 403

    server, _ = play(scenario, form="messages")
    assert server.paths == []


def test_what_is_nested_beyond_reading_is_refused_and_the_relay_stands() -> None:
    async def scenario(place: Standing) -> None:
        begins, ends = b'{"type": "tool_result", "content": [', b"]}"
        raw = place.request(*question("messages", **messages("HERE")[1]))
        head, _, body = raw.replace(b"Content-Length: ", b"X-Was: ").partition(b"\r\n\r\n")
        found: set[int] = set()
        for depth in range(100, 600, 20):
            deep = body.replace(b'"HERE"', begins * depth + ends * depth)
            length = b"\r\nContent-Length: %d\r\n\r\n" % len(deep)
            found.add(parsed(await place.say(head + length + deep))[0])
        assert found == {200, 400}
        assert (await place.ask(*question("messages")))[0] == 200

    play(scenario, form="messages")


IMAGE_DATA = {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": PNG}}
FUNCTION = {"type": "function", "name": "open", "parameters": SCHEMA}
PASSED: dict[str, Case] = {
    "what an agent on Anthropic's wire sends": (
        "messages",
        {
            "system": [{"type": "text", "text": AWAY, "cache_control": {"type": "ephemeral"}}],
            "messages": [
                {"role": "user", "content": [{"type": "text", "text": f"Open {AWAY}"}]},
                {
                    "role": "assistant",
                    "content": [
                        {"type": "thinking", "thinking": AWAY, "signature": "s"},
                        {"type": "redacted_thinking", "data": PNG},
                        {"type": "tool_use", "id": "1", "name": "open", "input": {"url": AWAY}},
                    ],
                },
                {
                    "role": "user",
                    "content": [
                        {"type": "tool_result", "tool_use_id": "1", "content": [IMAGE_DATA]},
                        {"type": "document", "source": {"type": "text", "data": AWAY}},
                        {"type": "search_result", "source": AWAY, "title": "x", "content": []},
                    ],
                },
            ],
            "tools": [
                {"name": "open", "input_schema": SCHEMA},
                {"type": "custom", "name": "other", "input_schema": SCHEMA},
                {"type": "bash_20250124", "name": "bash"},
                {"type": "text_editor_20250728", "name": "str_replace_based_edit_tool"},
            ],
            "metadata": {"user_id": "me"},
            "context_management": {"edits": []},
            "thinking": {"type": "adaptive"},
        },
    ),
    "what an agent on OpenAI's chat wire sends": (
        "chat",
        {
            "messages": [
                {"role": "system", "content": AWAY},
                {
                    "role": "user",
                    "content": [
                        {"type": "text", "text": AWAY},
                        {"type": "image_url", "image_url": {"url": PICTURE, "detail": "high"}},
                        {"type": "input_audio", "input_audio": {"data": PNG, "format": "wav"}},
                        {"type": "file", "file": {"filename": "a: b.pdf", "file_data": PICTURE}},
                    ],
                },
                {
                    "role": "assistant",
                    "content": None,
                    "tool_calls": [
                        {
                            "id": "1",
                            "type": "function",
                            "function": {"name": "open", "arguments": json.dumps({"url": AWAY})},
                        }
                    ],
                },
                {"role": "tool", "tool_call_id": "1", "content": AWAY},
            ],
            "tools": [{"type": "function", "function": {"name": "open", "parameters": SCHEMA}}],
            "tool_choice": "auto",
            "parallel_tool_calls": True,
            "temperature": 0,
            "reasoning_effort": "low",
        },
    ),
    "what an agent on OpenAI's responses wire sends": (
        "responses",
        {
            "instructions": AWAY,
            "input": [
                {
                    "type": "message",
                    "role": "user",
                    "content": [
                        {"type": "input_text", "text": AWAY},
                        {"type": "input_image", "image_url": PICTURE, "file_id": None},
                        {"type": "input_file", "filename": "a.pdf", "file_data": PICTURE},
                    ],
                },
                {"type": "reasoning", "summary": [], "encrypted_content": "x"},
                {"type": "function_call", "call_id": "1", "name": "open", "arguments": "{}"},
                {
                    "type": "message",
                    "role": "assistant",
                    "content": [
                        {
                            "type": "output_text",
                            "text": AWAY,
                            "annotations": [{"type": "url_citation", "url": AWAY}],
                        }
                    ],
                },
                {"type": "function_call_output", "call_id": "1", "output": AWAY},
            ],
            "tools": [
                FUNCTION,
                {"type": "custom", "name": "apply_patch"},
                {"type": "local_shell"},
                {"type": "shell", "environment": {"type": "local"}},
                {"type": "namespace", "name": "x", "tools": [FUNCTION]},
            ],
            "store": False,
            "include": ["reasoning.encrypted_content"],
        },
    ),
    "what an agent on Gemini's wire sends": (
        "gemini",
        {
            "systemInstruction": {"parts": [{"text": AWAY}]},
            "contents": [
                {
                    "role": "user",
                    "parts": [{"text": AWAY}, {"inlineData": {"mimeType": "a/b", "data": PNG}}],
                },
                {
                    "role": "model",
                    "parts": [
                        {
                            "functionCall": {"name": "open", "args": {"fileData": AWAY}},
                            "thoughtSignature": PNG,
                        }
                    ],
                },
                {
                    "role": "user",
                    "parts": [
                        {"functionResponse": {"name": "open", "response": {"fileUri": AWAY}}}
                    ],
                },
            ],
            "tools": [{"functionDeclarations": [{"name": "open"}]}],
            "generationConfig": {"maxOutputTokens": 100},
        },
    ),
}


@pytest.mark.parametrize("what", list(PASSED))
def test_addresses_that_nobody_fetches_and_tools_of_the_worker_pass(what: str) -> None:
    form, more = PASSED[what]

    async def scenario(place: Standing) -> None:
        status, _, content = await place.ask(*question(form, **more))
        assert status == 200, content

    server, _ = play(scenario, form=form)
    assert {name: server.asked[0][name] for name in more} == more


SEARCH = {"type": "web_search"}
LEFT_OUT: dict[str, tuple[str, dict[str, Any], object, str]] = {
    "messages": (
        *tools("messages", {"name": "open"}, {"type": "web_search_20250305", "name": "web_search"}),
        [{"name": "open"}],
        "web_search_20250305",
    ),
    "chat": (
        *tools("chat", {"type": "browser_search"}, {"type": "function", "function": {}}),
        [{"type": "function", "function": {}}],
        "browser_search",
    ),
    "responses": (
        *tools("responses", FUNCTION, {"type": "namespace", "name": "x", "tools": [SEARCH]}),
        [FUNCTION],
        "web_search",
    ),
    "gemini": (
        *tools("gemini", {"functionDeclarations": [{"name": "open"}], "googleSearch": {}}),
        [{"functionDeclarations": [{"name": "open"}]}],
        "googleSearch",
    ),
}


@pytest.mark.parametrize("what", list(LEFT_OUT))
def test_a_tool_of_the_vendor_beside_others_is_left_out_and_noted(what: str) -> None:
    form, more, kept, kind = LEFT_OUT[what]

    async def scenario(place: Standing) -> None:
        for _ in range(2):
            status, _, content = await place.ask(*question(form, **more))
            assert status == 200, content

    server, place = play(scenario, form=form)
    assert [body["tools"] for body in server.asked] == [kept] * 2
    (note,) = place.relay.refused
    assert f'the tool "{kind}" is left out: the vendor would run it' in note


def test_a_question_that_orders_a_tool_of_the_vendor_is_refused() -> None:
    async def scenario(place: Standing) -> None:
        asked = question("responses", tools=[FUNCTION, SEARCH], tool_choice=SEARCH)
        assert (await place.ask(*asked))[0] == 400

    server, _ = play(scenario, form="responses")
    assert server.paths == []
