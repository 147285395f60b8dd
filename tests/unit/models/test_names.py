"""What a name needs of the environment, and what cannot be a key or an address."""

import pytest

from agentproxy.models.names import find_model
from agentproxy.models.port import ModelRefused

KEY = "sk-not-a-real-key"


@pytest.mark.parametrize(
    "key", [f"{KEY}\n", f" {KEY}", f"{KEY}…", "sk-not a-real-key", f"{KEY}\x00", "sk-ключ"]
)
@pytest.mark.parametrize(
    ("name", "variable"),
    [
        ("claude-sonnet-4-6", "ANTHROPIC_API_KEY"),
        ("gpt-4o", "OPENAI_API_KEY"),
        ("gemini/gemini-2.5-pro", "GOOGLE_API_KEY"),
        ("ollama/llama3", "OLLAMA_API_KEY"),
    ],
)
def test_what_cannot_be_a_key_is_refused_by_its_variable_and_not_repeated(
    name: str, variable: str, key: str
) -> None:
    with pytest.raises(ModelRefused) as raised:
        find_model(name, {variable: key})
    said = f"{raised.value} {raised.value.cure}"
    assert variable in said
    assert "sk-" not in said


@pytest.mark.parametrize(
    "base",
    [
        "http://127.0.0.1:abc/v1",
        "http://127.0.0.1:99999/v1",
        "127.0.0.1:8000/v1",
        "localhost",
        "ftp://example.com",
        "http://",
        "http:///v1",
        "https://exam ple.com",
        "https://example.com/v1\n",
        "http://[::1/v1",
        "http://api..example.com/v1",
        "http://999.1.1.1/v1",
        f"http://example.com/{'v' * 2000}",
    ],
)
@pytest.mark.parametrize("vendor", ["openai", "ollama"])
def test_what_cannot_be_an_address_is_refused_by_its_variable_with_a_cure(
    vendor: str, base: str
) -> None:
    name = {"openai": "gpt-4o", "ollama": "ollama/llama3"}[vendor]
    variable = f"{vendor.upper()}_BASE_URL"
    with pytest.raises(ModelRefused) as raised:
        find_model(name, {"OPENAI_API_KEY": KEY, variable: base})
    assert variable in str(raised.value)
    assert variable in raised.value.cure


@pytest.mark.parametrize(
    "base",
    ["http://localhost:11434/v1", "https://example.com", "http://[::1]:8000/v1", "http://u:p@h/v1"],
)
def test_an_address_that_can_be_is_taken_as_it_is(base: str) -> None:
    assert find_model("gpt-4o", {"OPENAI_API_KEY": KEY, "OPENAI_BASE_URL": base}).base == base
