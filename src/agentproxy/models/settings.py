"""Translates the parameters of a prompt to the library's settings for one wire and model."""

import re
from collections.abc import Mapping
from typing import cast

from pydantic import JsonValue
from pydantic_ai.models import Model as Wire
from pydantic_ai.profiles.anthropic import ANTHROPIC_THINKING_BUDGET_MAP as BUDGETS
from pydantic_ai.settings import ModelSettings

from agentproxy.models.names import Wire as Form
from agentproxy.models.port import Effort, Prompt

KNOWN = frozenset(
    {
        "temperature", "top_p", "top_k", "seed", "presence_penalty", "frequency_penalty",
        "logit_bias", "stop_sequences", "parallel_tool_calls",
    }
)  # fmt: skip
SAMPLING = frozenset(
    {"temperature", "top_p", "top_k", "presence_penalty", "frequency_penalty", "logit_bias"}
)
_NAMES = {"stop": "stop_sequences", "max_completion_tokens": "max_tokens"}  # by OpenAI's names
# Only Anthropic's wire reads these.
CACHE_MARKS = {
    "anthropic_cache_instructions": True,
    "anthropic_cache_tool_definitions": True,
    "anthropic_cache_messages": True,
}
THOUGHTLESS = re.compile(r"claude-(?:2|3-(?!7))")  # the library says that every Claude can think
# The library sends "xhigh" for "max" to these as well, and their vendor refuses it.
AT_MOST_HIGH = re.compile(r"gpt-5\.1(?!-codex-max)|gpt-5-codex")
EFFORTS: tuple[Effort, ...] = ("max", "high", "medium", "low")


def wire_settings(wire: Wire, prompt: Prompt, *, form: Form, seconds: float) -> ModelSettings:
    """Returns the settings of a request. The smaller of two output limits counts."""
    requested = {_NAMES.get(name, name): value for name, value in prompt.parameters.items()}
    most = _limit(prompt.max_output, requested.get("max_tokens"))
    effort = _effort(wire, prompt.effort, most)
    # pydantic-ai warns of an unsupported setting, or sends it and the vendor refuses the request.
    known = KNOWN - wire.unsupported_settings
    # A model that thinks refuses a request that says how to sample.
    if _thinks(wire, effort):
        known -= SAMPLING
    settings: dict[str, object] = {
        name: value for name, value in requested.items() if name in known
    }
    stop = settings.get("stop_sequences")
    if isinstance(stop, str):
        settings["stop_sequences"] = [stop]
    if effort is not None:
        settings["thinking"] = effort
    settings |= _response_format(form, requested.get("response_format"))
    settings |= {"max_tokens": most, "timeout": seconds, **CACHE_MARKS}
    if form == "gemini":  # the other clients are built without retries
        settings["max_retries"] = 0
    # For some models pydantic-ai adds a page about system messages inside the conversation. We
    # never send such messages.
    settings["framing_announcement"] = "never"
    return cast("ModelSettings", settings)


def _limit(most: int, requested: JsonValue) -> int:
    return min(most, requested) if isinstance(requested, int) and requested > 0 else most


def _effort(wire: Wire, requested: Effort | None, most: int) -> Effort | None:
    profile = cast("Mapping[str, object]", wire.profile)
    if requested is None or not profile.get("supports_thinking"):
        return None
    if THOUGHTLESS.match(wire.model_name):
        return None
    if requested == "max" and AT_MOST_HIGH.match(wire.model_name):
        return "high"
    if wire.system != "anthropic" or profile.get("anthropic_supports_adaptive_thinking"):
        return requested
    # The budget of tokens for thinking has to fit into the answer.
    lower = EFFORTS[EFFORTS.index(requested) :]
    return next((effort for effort in lower if BUDGETS[effort] < most), None)


def _thinks(wire: Wire, effort: Effort | None) -> bool:
    profile = cast("Mapping[str, object]", wire.profile)
    if profile.get("anthropic_disallows_sampling_settings"):
        return True
    if wire.system == "anthropic":
        return effort is not None
    if not profile.get("openai_supports_reasoning"):
        return False
    efforts = profile.get("openai_reasoning_efforts")
    may_rest = profile.get("openai_supports_reasoning_effort_none")
    if isinstance(efforts, frozenset):
        may_rest = "none" in efforts
    return effort is not None or not may_rest or bool(profile.get("thinking_enabled_by_default"))


def _response_format(form: Form, requested: JsonValue) -> dict[str, object]:
    if not isinstance(requested, dict):
        return {}
    if form == "openai chat":
        return {"extra_body": {"response_format": requested}}
    if form == "openai responses":
        # This wire has the fields of the schema beside its type.
        schema = requested.get("json_schema")
        flat = {**schema, "type": requested.get("type")} if isinstance(schema, dict) else requested
        return {"extra_body": {"text": {"format": flat}}}
    return {}
