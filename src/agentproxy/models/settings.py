"""What a prompt wishes, as the library's settings; what a wire or a model cannot do is left out.

The library warns where it leaves something out, or passes it on and the vendor refuses the whole
request: so it is decided here.
"""

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
_NAMES = {"stop": "stop_sequences", "max_completion_tokens": "max_tokens"}  # as OpenAI says it
# Only Anthropic's wire reads these: on system text, tools and the newest part of what is said.
CACHE_MARKS = {
    "anthropic_cache_instructions": True,
    "anthropic_cache_tool_definitions": True,
    "anthropic_cache_messages": True,
}
THOUGHTLESS = re.compile(r"claude-(?:2|3-(?!7))")  # the library takes every Claude for a thinker
EFFORTS: tuple[Effort, ...] = ("high", "medium", "low")


def wire_settings(wire: Wire, prompt: Prompt, *, form: Form, seconds: float) -> ModelSettings:
    """The settings for a request of this wire; the smaller of two output limits counts."""
    wished = {_NAMES.get(name, name): value for name, value in prompt.parameters.items()}
    most = _limit(prompt.max_output, wished.get("max_tokens"))
    effort = _effort(wire, prompt.effort, most)
    known = KNOWN - wire.unsupported_settings
    if _thinks(wire, effort):
        known -= SAMPLING
    settings: dict[str, object] = {name: value for name, value in wished.items() if name in known}
    stop = settings.get("stop_sequences")
    if isinstance(stop, str):
        settings["stop_sequences"] = [stop]
    if effort is not None:
        settings["thinking"] = effort
    settings |= _response_format(form, wished.get("response_format"))
    settings |= {"max_tokens": most, "timeout": seconds, **CACHE_MARKS}
    if form == "gemini":  # the clients of the others are made with none
        settings["max_retries"] = 0
    # A page on system messages in mid-conversation, for some models; we never send one.
    settings["framing_announcement"] = "never"
    return cast("ModelSettings", settings)


def _limit(most: int, wished: JsonValue) -> int:
    return min(most, wished) if isinstance(wished, int) and wished > 0 else most


def _effort(wire: Wire, wished: Effort | None, most: int) -> Effort | None:
    """The effort, or the next lower one whose thinking fits into the answer."""
    profile = cast("Mapping[str, object]", wire.profile)
    if wished is None or not profile.get("supports_thinking"):
        return None
    if THOUGHTLESS.match(wire.model_name):
        return None
    if wire.system != "anthropic" or profile.get("anthropic_supports_adaptive_thinking"):
        return wished
    lower = EFFORTS[EFFORTS.index(wished) :]
    return next((effort for effort in lower if BUDGETS[effort] < most), None)


def _thinks(wire: Wire, effort: Effort | None) -> bool:
    """Whether the model thinks first, and so takes no word on how it samples."""
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


def _response_format(form: Form, wished: JsonValue) -> dict[str, object]:
    """The form of an answer, on the wires of OpenAI's form; one of the two writes a schema flat."""
    if not isinstance(wished, dict):
        return {}
    if form == "openai chat":
        return {"extra_body": {"response_format": wished}}
    if form == "openai responses":
        schema = wished.get("json_schema")
        flat = {**schema, "type": wished.get("type")} if isinstance(schema, dict) else wished
        return {"extra_body": {"text": {"format": flat}}}
    return {}
