"""What a prompt wishes reaches the wires that know it, and is left out elsewhere, silently."""

from dataclasses import replace
from typing import Any

import pytest
from pydantic import JsonValue
from support.model_server import Reply, model_server
from support.wires import ASK, NAMES, ask

from agentproxy.models.port import Effort

OK = Reply(text=("ok",))


def sent(
    wire: str,
    *,
    name: str = "",
    effort: Effort | None = None,
    most: int = 16_384,
    **parameters: JsonValue,
) -> dict[str, Any]:
    with model_server(OK) as server:
        prompt = replace(ASK, effort=effort, parameters=parameters, max_output=most)
        ask(wire, server, prompt, name=name)
    return server.asked[0]


def test_system_text_tools_and_the_newest_part_are_marked_for_anthropics_cache() -> None:
    body = sent("anthropic")
    marked = (body["system"][-1], body["tools"][-1], body["messages"][-1]["content"][-1])
    for block in marked:
        assert block["cache_control"]["type"] == "ephemeral"


@pytest.mark.parametrize("wire", [name for name in NAMES if name != "anthropic"])
def test_other_vendors_get_no_cache_marks(wire: str) -> None:
    assert "cache_control" not in str(sent(wire))


def test_effort_is_adaptive_thinking_where_a_claude_has_it() -> None:
    body = sent("anthropic", effort="high")
    assert body["thinking"] == {"type": "adaptive"}
    assert body["output_config"] == {"effort": "high"}


def test_effort_is_a_number_of_tokens_below_the_limit_for_older_claudes() -> None:
    name = "claude-haiku-4-5"
    assert sent("anthropic", name=name, effort="high", most=30_000)["thinking"] == {
        "type": "enabled",
        "budget_tokens": 16_384,
    }
    assert sent("anthropic", name=name, effort="high")["thinking"]["budget_tokens"] == 10_000
    assert "thinking" not in sent("anthropic", name=name, effort="high", most=2048)


@pytest.mark.parametrize(
    ("name", "effort"), [("claude-opus-4-8", "max"), ("claude-opus-4-5", "high")]
)
def test_the_most_is_the_highest_effort_that_a_claude_takes(name: str, effort: str) -> None:
    body = sent("anthropic", name=name, effort="max", most=64_000, temperature=0.5)
    assert body["output_config"] == {"effort": effort}
    assert "temperature" not in body
    budget = None if effort == "max" else 32_768
    assert body["thinking"].get("budget_tokens") == budget


@pytest.mark.parametrize(
    ("name", "effort"),
    [
        ("o3", "high"), ("gpt-5", "high"), ("gpt-5-pro", "high"), ("gpt-5-codex", "high"),
        ("gpt-5.1", "high"), ("gpt-5.1-codex", "high"), ("gpt-5.1-codex-max", "xhigh"),
        ("gpt-5.1-chat-latest", "medium"), ("gpt-5.2", "xhigh"), ("gpt-5.4-pro", "xhigh"),
        ("gpt-6-astra", "xhigh"),
    ],
)  # fmt: skip
def test_the_most_is_the_highest_effort_that_openais_model_takes(name: str, effort: str) -> None:
    assert sent("openai chat", name=name, effort="max")["reasoning_effort"] == effort
    if not name.startswith("gpt-6"):
        body = sent("openai responses", name=f"responses/{name}", effort="max")
        assert body["reasoning"]["effort"] == effort


def test_the_most_of_openais_newest_models_has_a_word_of_its_own_on_one_wire() -> None:
    body = sent("openai responses", name="responses/gpt-5.6", effort="max")
    assert body["reasoning"]["effort"] == "max"


def test_effort_is_reasoning_effort_for_openais_reasoning_models() -> None:
    assert sent("openai chat", name="gpt-5", effort="low")["reasoning_effort"] == "low"
    body = sent("openai responses", name="responses/gpt-5", effort="high")
    assert body["reasoning"]["effort"] == "high"


@pytest.mark.parametrize(
    ("wire", "name"),
    [
        ("anthropic", "claude-3-5-haiku-latest"),
        ("openai chat", "gpt-4o"),
        ("openai responses", "responses/gpt-4o"),
        ("gemini", "gemini/gemini-2.0-flash"),
        ("ollama", "ollama/llama3"),
    ],
)
def test_effort_is_left_out_where_a_model_does_not_think(wire: str, name: str) -> None:
    assert sent(wire, name=name, effort="high") == sent(wire, name=name)


def test_geminis_effort_is_in_its_own_words() -> None:
    high = sent("gemini", effort="high")["generationConfig"]
    assert "thinkingConfig" in high
    assert sent("gemini", effort="max")["generationConfig"] == high


@pytest.mark.parametrize("wire", list(NAMES))
def test_temperature_and_top_p_go_to_every_wire(wire: str) -> None:
    said = str(sent(wire, temperature=0.25, top_p=0.75))
    assert "0.25" in said
    assert "0.75" in said


@pytest.mark.parametrize(
    ("wire", "name"),
    [
        ("anthropic", "claude-sonnet-4-6"),
        ("openai chat", "gpt-5"),
        ("openai responses", "responses/gpt-5"),
    ],
)
def test_a_model_that_thinks_is_not_told_how_to_sample(wire: str, name: str) -> None:
    body = sent(wire, name=name, effort="low", temperature=0.25)
    assert "0.25" not in str(body)


@pytest.mark.parametrize("wire", list(NAMES))
def test_a_seed_goes_where_the_wire_has_one(wire: str) -> None:
    said = str(sent(wire, seed=4711))
    assert ("4711" in said) == (wire not in ("anthropic", "openai responses"))


@pytest.mark.parametrize("wire", list(NAMES))
def test_what_no_wire_knows_is_left_out(wire: str) -> None:
    assert sent(wire, colour="blue", mirostat=2) == sent(wire)


@pytest.mark.parametrize("wire", list(NAMES))
def test_the_smaller_of_two_output_limits_counts(wire: str) -> None:
    assert sent(wire, max_tokens=99, most=500) == sent(wire, most=99)
    assert sent(wire, max_tokens=9999, most=500) == sent(wire, most=500)


@pytest.mark.parametrize("wire", ["openai chat", "ollama"])
def test_a_response_format_goes_to_the_wires_of_openais_form(wire: str) -> None:
    wished: JsonValue = {"type": "json_object"}
    assert sent(wire, response_format=wished)["response_format"] == wished


def test_the_responses_wire_has_its_own_place_for_the_response_format() -> None:
    schema: JsonValue = {"name": "verdict", "schema": {"type": "object"}}
    wished: JsonValue = {"type": "json_schema", "json_schema": schema}
    body = sent("openai responses", response_format=wished)
    flat = {"type": "json_schema", "name": "verdict", "schema": {"type": "object"}}
    assert body["text"]["format"] == flat


@pytest.mark.parametrize("wire", ["anthropic", "gemini"])
def test_a_response_format_is_left_out_elsewhere(wire: str) -> None:
    assert sent(wire, response_format={"type": "json_object"}) == sent(wire)


@pytest.mark.parametrize("wire", ["anthropic", "openai chat", "gemini"])
def test_a_stop_is_one_text_or_several(wire: str) -> None:
    assert sent(wire, stop="END") == sent(wire, stop_sequences=["END"])
    assert "END" in str(sent(wire, stop="END"))
