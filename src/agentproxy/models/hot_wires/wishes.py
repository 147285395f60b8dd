"""What a prompt wishes of its answer, in the words that both hot wires share; pure."""

from collections.abc import Collection

from pydantic import JsonValue

from agentproxy.models.port import Prompt

SAMPLING = frozenset(
    {"temperature", "top_p", "top_k", "presence_penalty", "frequency_penalty", "logit_bias"}
)
_NAMES = {"stop": "stop_sequences", "max_completion_tokens": "max_tokens"}  # by OpenAI's names


def wished(prompt: Prompt, known: Collection[str]) -> dict[str, JsonValue]:
    """Returns the known parameters."""
    named = {_NAMES.get(name, name): value for name, value in prompt.parameters.items()}
    return {name: value for name, value in named.items() if name in known}


def most_output(prompt: Prompt) -> int:
    """Returns the smaller of two limits."""
    wanted = wished(prompt, {"max_tokens"}).get("max_tokens")
    most = prompt.max_output
    return min(most, wanted) if isinstance(wanted, int) and wanted > 0 else most


def stop_words(prompt: Prompt) -> JsonValue:
    stop = wished(prompt, {"stop_sequences"}).get("stop_sequences")
    return [stop] if isinstance(stop, str) else stop
