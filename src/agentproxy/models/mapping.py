"""Translates a conversation to pydantic-ai's types, and an answer to ours."""

import base64
from collections.abc import Sequence
from typing import Any, cast

from pydantic import JsonValue
from pydantic_ai import messages

from agentproxy.events.conversation import (
    AssistantMessage,
    Image,
    Message,
    StopReason,
    Text,
    Thinking,
    ToolCall,
    ToolResult,
    Usage,
    UserMessage,
)
from agentproxy.models.port import ModelAnswer, ModelUnavailable

STOPS: dict[str, StopReason] = {
    "stop": "end",
    "length": "length",
    "tool_call": "tools",
    "content_filter": "refused",
}
# A vendor's own fields. They are kept unread and go back unchanged.
_KEPT = ("id", "signature", "provider_name", "provider_details")


def to_wire(conversation: Sequence[Message], *, system: str) -> list[messages.ModelMessage]:
    """Returns the conversation in the library's types."""
    names = {
        call.id: call.name
        for message in conversation
        if isinstance(message, AssistantMessage)
        for call in message.calls
    }
    found: list[messages.ModelMessage] = []
    for message in conversation:
        if isinstance(message, AssistantMessage):
            found.append(messages.ModelResponse(parts=[_said(part) for part in message.parts]))
        else:
            found.append(messages.ModelRequest(parts=_asked(message, names)))
    last = found[-1] if found else None
    if isinstance(last, messages.ModelRequest):
        # pydantic-ai takes the system text from the newest request.
        last.instructions = system
    return found


def _asked(message: UserMessage, names: dict[str, str]) -> list[messages.ModelRequestPart]:
    parts: list[messages.ModelRequestPart] = []
    for part in message.parts:
        match part:
            case Text():
                parts.append(messages.UserPromptPart(content=part.text))
            case Image():
                data = base64.b64decode(part.data, validate=True)
                content = [messages.BinaryContent(data=data, media_type=part.media_type)]
                parts.append(messages.UserPromptPart(content=content))
            case ToolResult():
                parts.append(
                    messages.ToolReturnPart(
                        tool_name=names.get(part.call, "unknown"),
                        content=part.text,
                        tool_call_id=part.call,
                        outcome="failed" if part.failed else "success",
                    )
                )
    return parts


def _said(part: Text | Thinking | ToolCall) -> messages.ModelResponsePart:
    match part:
        case Text():
            return messages.TextPart(content=part.text)
        case Thinking():
            return messages.ThinkingPart(content=part.text, **cast("dict[str, Any]", part.vendor))
        case ToolCall():
            # Invalid arguments go back as the model wrote them. A repair would be a guess.
            return messages.ToolCallPart(
                tool_name=part.name,
                args=part.raw_arguments if part.invalid else part.arguments,
                tool_call_id=part.id,
                **cast("dict[str, Any]", part.vendor),
            )


def answer_of(response: messages.ModelResponse, name: str) -> ModelAnswer:
    """Returns the response as our answer.

    Raises:
        ModelUnavailable: the stream gave no reason for its end, or two calls share an id.
    """
    # pydantic-ai 2.68 takes a stream that ended without a reason for a complete one.
    told = (response.provider_details or {}).get("finish_reason")
    if told is None or response.finish_reason in (None, "error"):
        raise ModelUnavailable(f"the answer was cut off ({told or 'no reason was given'})")
    parts = [ours for part in response.parts if (ours := _ours(part)) is not None]
    message = AssistantMessage(parts=tuple(parts))
    stop = STOPS[response.finish_reason]
    if message.calls and stop == "end":
        stop = "tools"
    ids = [call.id for call in message.calls]
    if len(ids) != len(set(ids)):
        raise ModelUnavailable("two tool calls of one answer have the same id")
    usage = usage_of(response)
    return ModelAnswer(message=message, stop=stop, usage=usage, model=response.model_name or name)


def usage_of(response: messages.ModelResponse) -> Usage:
    """Returns the usage that the vendor has reported so far."""
    return Usage(
        input=response.usage.input_tokens,
        output=response.usage.output_tokens,
        cache_read=response.usage.cache_read_tokens,
        cache_write=response.usage.cache_write_tokens,
    )


def _ours(part: object) -> Text | Thinking | ToolCall | None:
    match part:
        case messages.TextPart():
            return Text(text=part.content) if part.content else None
        case messages.ThinkingPart():
            return Thinking(text=part.content, vendor=_vendor(part))
        case messages.ToolCallPart():
            return _call(cast("messages.ToolCallPart", part))
        case _:
            return None


def _call(part: messages.ToolCallPart) -> ToolCall:
    written = part.args if isinstance(part.args, str) else ""
    try:
        arguments = cast("dict[str, JsonValue]", part.args_as_dict(raise_if_invalid=True))
        faulty = ""
    except (ValueError, AssertionError) as error:
        arguments, faulty = {}, str(error) or "they are not a JSON object"
    vendor = {key: value for key, value in _vendor(part).items() if key != "signature"}
    return ToolCall(
        id=part.tool_call_id,
        name=part.tool_name,
        arguments=arguments,
        invalid=faulty,
        raw_arguments=written if faulty else "",
        vendor=vendor,
    )


def _vendor(part: object) -> dict[str, JsonValue]:
    kept = {name: getattr(part, name, None) for name in _KEPT}
    return {name: value for name, value in kept.items() if value is not None}
