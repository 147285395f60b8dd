from pydantic import JsonValue

from agentproxy.models.parameters import layered

OF_MODELS: dict[str, dict[str, JsonValue]] = {
    "ollama/": {"temperature": 0.1, "seed": 1},
    "ollama/llama3": {"temperature": 0.2},
    "openrouter/": {"top_p": 0.9},
    "openrouter/qwen/": {"top_p": 0.8},
}
OF_AGENTS: dict[str, dict[str, JsonValue]] = {
    "code_reviewer": {"response_format": {"type": "json_object"}, "temperature": 0.3}
}


def layers(model: str, agent: str = "", **explicit: JsonValue) -> dict[str, JsonValue]:
    return layered(model, agent, of_models=OF_MODELS, of_agents=OF_AGENTS, explicit=explicit)


def test_the_beginning_of_a_name_stands_for_all_models_of_a_provider() -> None:
    assert layers("ollama/qwen3") == {"temperature": 0.1, "seed": 1}


def test_the_whole_name_wins_over_its_beginning() -> None:
    assert layers("ollama/llama3") == {"temperature": 0.2, "seed": 1}


def test_the_longer_beginning_wins() -> None:
    assert layers("openrouter/qwen/coder") == {"top_p": 0.8}
    assert layers("openrouter/z-ai/glm") == {"top_p": 0.9}


def test_the_agent_wins_over_the_model() -> None:
    found = layers("ollama/llama3", "code_reviewer")
    assert found == {"temperature": 0.3, "seed": 1, "response_format": {"type": "json_object"}}


def test_what_is_asked_explicitly_always_wins() -> None:
    assert layers("ollama/llama3", "code_reviewer", temperature=0.9)["temperature"] == 0.9


def test_a_name_that_only_begins_alike_is_not_meant() -> None:
    assert layers("ollama/llama3.1")["temperature"] == 0.1
    assert layers("gpt-4o") == {}
