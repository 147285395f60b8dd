"""Models of other vendors than Anthropic, as a real server asks them."""

import json
from collections.abc import Mapping
from pathlib import Path

import pytest
from support.answers import Reply
from support.chats import KEY, Message, Scripts, Served, start_server, text_of
from support.model_server import Server, model_server

from agentproxy.config.chat import load_chat_settings
from agentproxy.config.mistakes import BadSetting
from agentproxy.models.names import PUBLIC, USUAL, find_model

OPENAI = "sk-openai-" + "y" * 24
ANTHROPIC = {"ANTHROPIC_API_KEY": KEY}


def asked_of(
    folder: Path, reply: Reply, variables: Mapping[str, str], **asked: object
) -> tuple[Server, list[Message]]:
    """What a model was asked, and what was told, in a turn of a server with these settings."""
    with model_server(reply) as model:
        bases = {f"{vendor}_BASE_URL": f"{model.url}/v1" for vendor in ("OPENAI", "OLLAMA")}
        server = start_server(folder, model, Scripts(), **bases, **variables)
        try:
            with server.talk(server.new(**asked)) as talk:
                came = talk.ask("Say hello")
            assert health_of(server) == variables["MODEL"]
        finally:
            server.stop()
    return model, came


def health_of(server: Served) -> str | None:
    return str(server.request("GET", "/health")[1]["model"])


def test_a_model_of_openais_is_asked_at_the_given_address_with_the_given_key(
    tmp_path: Path,
) -> None:
    think: dict[str, object] = {"enable_thinking": True, "thinking_effort": "max"}
    own = {"MODEL": "gpt-5", "OPENAI_API_KEY": OPENAI, "TEMPERATURE": "0.5"}
    answer = Reply(thinking="Hm.", text=("Hello",))
    model, came = asked_of(tmp_path, answer, own, **think)
    assert model.paths == ["/v1/chat/completions"]
    assert model.heads[0]["authorization"] == f"Bearer {OPENAI}"
    (body,) = model.asked
    assert (body["model"], body["reasoning_effort"]) == ("gpt-5", "high")
    assert "temperature" not in body
    told = [each for each in came if each["type"] == "thinking"]
    assert [(each["content"], each["effort"]) for each in told] == [("Hm.", "max")]
    assert text_of(came) == "Hello"


@pytest.mark.parametrize(
    ("provider", "name", "path"),
    [
        ("openai", "my-model", "/v1/chat/completions"),
        ("openai", "my-org/My-Model", "/v1/chat/completions"),
        ("ollama", "my-model", "/v1/chat/completions"),
        ("anthropic", "my-model", "/v1/messages"),
        # Its form says whose it is.
        ("openai", "claude-sonnet-4-6", "/v1/messages"),
        ("openai", "ollama/my-model", "/v1/chat/completions"),
    ],
)
def test_a_name_without_a_form_is_a_model_of_the_provider(
    tmp_path: Path, provider: str, name: str, path: str
) -> None:
    own = {"MODEL": name, "LLM_PROVIDER": provider, "OPENAI_API_KEY": OPENAI}
    model, came = asked_of(tmp_path, Reply(text=("Hello",)), own)
    assert text_of(came) == "Hello"
    assert model.paths == [path]
    assert model.asked[0]["model"] == name.removeprefix("ollama/")


@pytest.mark.parametrize(
    ("variables", "named", "cure"),
    [
        ({"LLM_PROVIDER": "mistral", "MODEL": "m"}, "LLM_PROVIDER", "anthropic, openai, gemini"),
        ({"OPENAGENT_LLM_PROVIDER": "OpenAI"}, "OPENAGENT_LLM_PROVIDER", "anthropic, openai"),
        ({"LLM_PROVIDER": "openai"}, "LLM_PROVIDER", "set MODEL"),
    ],
)
def test_a_provider_that_cannot_be_used_is_named(
    variables: dict[str, str], named: str, cure: str
) -> None:
    with pytest.raises(BadSetting) as failed:
        load_chat_settings(variables, origins=dict.fromkeys(variables, "the environment"))
    assert failed.value.variable == named
    assert cure in failed.value.cure


def test_every_vendor_can_be_the_provider() -> None:
    for vendor in {**PUBLIC, **USUAL}:
        origins = {"LLM_PROVIDER": "", "MODEL": ""}
        given = {"LLM_PROVIDER": vendor, "MODEL": "my-model"}
        assert load_chat_settings(given, origins=origins).llm_provider == vendor
        keys = {f"{vendor.upper()}_API_KEY": "k", f"{vendor.upper()}_BASE_URL": "http://h/v1"}
        found = find_model("my-model", keys, provider=vendor)
        assert (found.vendor, found.model, json.dumps(found.base)) == (
            vendor, "my-model", '"http://h/v1"',
        )  # fmt: skip
