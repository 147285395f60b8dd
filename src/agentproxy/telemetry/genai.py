"""The names of the GenAI semantic conventions for calls of models and tools. Pure."""

import json

from agentproxy.events.agent import ModelAnswered, ToolFinished, ToolStarted
from agentproxy.events.conversation import StopReason
from agentproxy.events.cost import ModelAsked, ModelSettled
from agentproxy.telemetry.spans import Attributes

# Our vendors, and how the conventions call them.
PROVIDERS = {
    "anthropic": "anthropic",
    "openai": "openai",
    "gemini": "gcp.gemini",
    "deepseek": "deepseek",
    "groq": "groq",
}
# Why an answer ended, in the words of the conventions.
FINISHED: dict[StopReason, str] = {
    "end": "stop",
    "tools": "tool_call",
    "length": "length",
    "refused": "content_filter",
}
OPENAI_NAMES = ("gpt-", "o1", "o3", "o4", "responses/")


def provider_of(model: str) -> str:
    """Returns who answers under the name of a model."""
    if model.startswith("claude-"):
        return "anthropic"
    if model.startswith(OPENAI_NAMES):
        return "openai"
    vendor = model.partition("/")[0].partition(":")[0]
    return PROVIDERS.get(vendor, vendor)


def asked(fact: ModelAsked) -> Attributes:
    return {
        "gen_ai.operation.name": "chat",
        "gen_ai.provider.name": provider_of(fact.model),
        "gen_ai.request.model": fact.model,
        "agentproxy.purpose": fact.purpose,
        "agentproxy.attempt": fact.attempt,
    }


def settled(fact: ModelSettled) -> Attributes:
    usage = fact.usage
    found: Attributes = {
        "gen_ai.usage.input_tokens": usage.input,
        "gen_ai.usage.output_tokens": usage.output,
        "agentproxy.usage.estimated": fact.estimated,
    }
    if usage.cache_read:
        found["gen_ai.usage.cache_read.input_tokens"] = usage.cache_read
    if usage.cache_write:
        found["gen_ai.usage.cache_creation.input_tokens"] = usage.cache_write
    if fact.priced:
        found["agentproxy.cost.usd"] = fact.usd
    return found


def tool(fact: ToolStarted, *, content: bool) -> Attributes:
    found: Attributes = {
        "gen_ai.operation.name": "execute_tool",
        "gen_ai.tool.name": fact.tool,
        "gen_ai.tool.call.id": fact.call,
        "gen_ai.tool.type": "function",
    }
    if content:
        found["gen_ai.tool.call.arguments"] = json.dumps(fact.arguments)
    return found


def tool_ended(fact: ToolFinished, *, content: bool) -> Attributes:
    found: Attributes = {"agentproxy.outcome.unknown": True} if fact.unknown else {}
    if content:
        found["gen_ai.tool.call.result"] = fact.text
    return found


def answered(fact: ModelAnswered, *, content: bool) -> Attributes:
    found: Attributes = {"gen_ai.response.finish_reasons": (FINISHED[fact.stop],)}
    if content:
        part = {"type": "text", "content": fact.message.text}
        message = {"role": "assistant", "parts": [part], "finish_reason": FINISHED[fact.stop]}
        found["gen_ai.output.messages"] = json.dumps([message])
    return found
