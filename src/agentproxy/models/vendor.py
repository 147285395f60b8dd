"""Any vendor's model through pydantic-ai's direct layer: what it lacks is added here.

Its own retries are off, a stream that was cut short is an error, and arguments are never repaired.
"""

import asyncio
import base64
from collections.abc import Sequence
from typing import Any, cast

from httpx2 import AsyncClient
from pydantic import JsonValue
from pydantic_ai import exceptions, messages
from pydantic_ai.direct import model_request_stream
from pydantic_ai.models import Model as Wire
from pydantic_ai.models import ModelRequestParameters
from pydantic_ai.tools import ToolDefinition

from agentproxy.events.conversation import (
    AssistantMessage,
    Image,
    Message,
    Stop,
    Text,
    Thinking,
    ToolCall,
    ToolResult,
    Usage,
    UserMessage,
)
from agentproxy.models.connections import closing, new_client
from agentproxy.models.names import Address
from agentproxy.models.names import Wire as Form
from agentproxy.models.port import (
    Answer,
    Fragment,
    ModelError,
    ModelRefused,
    ModelUnavailable,
    Prompt,
    PromptTooLong,
    Show,
)
from agentproxy.models.settings import wire_settings
from agentproxy.models.wires import build_wire

STOPS: dict[str, Stop] = {
    "stop": "end",
    "length": "length",
    "tool_call": "tools",
    "content_filter": "refused",
}
SECONDS = 600.0
CURES: dict[type[Exception], str] = {
    exceptions.ModelAuthenticationError: "look at the key of this model's vendor (pa doctor)",
    exceptions.ModelNotFoundError: "look at the model's name and at the base address",
    exceptions.ModelQuotaExceededError: "the vendor says that the account is spent",
    exceptions.ModelRequestRejectedError: "",
}
MAY_PASS = frozenset({408, 409, 425, 429})  # of the 4xx, what another try may get past
_KEPT = ("id", "signature", "provider_name", "provider_details")


class VendorModel:
    """A `Model` at an address, over its vendor's wire. The wire is made once, in a thread: the
    vendors' libraries take more than a second to import.
    """

    def __init__(self, name: str, address: Address) -> None:
        self._name = name
        self._address = address
        self._wire: Wire | None = None
        self._client: AsyncClient | None = None

    @property
    def name(self) -> str:
        """The name that it was chosen by."""
        return self._name

    async def answer(self, prompt: Prompt, *, show: Show) -> Answer:
        """One answer, streamed.

        Raises:
            ModelUnavailable, ModelRefused, PromptTooLong: as the port says.
        """
        try:
            wire = self._wire = self._wire or await asyncio.to_thread(self._open)
            async with closing():
                response = await _stream(wire, prompt, form=self._address.wire, show=show)
        except exceptions.AgentRunError as error:
            raise translated(error) from error
        except exceptions.UserError as error:
            raise ModelRefused(str(error), cure="look at the model's name and its key") from error
        return _answer(response, self._name)

    async def close(self) -> None:
        """Let go of the connections."""
        if self._client is not None:
            await self._client.aclose()
            self._client = self._wire = None

    def _open(self) -> Wire:
        self._client = new_client(seconds=SECONDS)
        return build_wire(self._address, self._client)


async def _stream(wire: Wire, prompt: Prompt, *, form: Form, show: Show) -> messages.ModelResponse:
    settings = wire_settings(wire, prompt, form=form, seconds=SECONDS)
    parameters = ModelRequestParameters(
        function_tools=[
            ToolDefinition(
                name=tool.name,
                description=tool.description,
                parameters_json_schema=cast("dict[str, Any]", tool.schema),
            )
            for tool in prompt.tools
        ]
    )
    history = to_wire(prompt.messages, system=prompt.system)
    async with model_request_stream(
        wire, history, model_settings=settings, model_request_parameters=parameters
    ) as stream:
        async for event in stream:
            fragment = _fragment(event)
            if fragment is not None:
                show(fragment)
        return stream.get()


def _fragment(event: object) -> Fragment | None:
    match event:
        case messages.PartStartEvent(part=messages.TextPart(content=text)) if text:
            return Fragment("text", text)
        case messages.PartStartEvent(part=messages.ThinkingPart(content=text)) if text:
            return Fragment("thinking", text)
        case messages.PartDeltaEvent(delta=messages.TextPartDelta(content_delta=text)) if text:
            return Fragment("text", text)
        case messages.PartDeltaEvent(delta=messages.ThinkingPartDelta(content_delta=text)) if text:
            return Fragment("thinking", text)
        case _:
            return None


def to_wire(conversation: Sequence[Message], *, system: str) -> list[messages.ModelMessage]:
    """The conversation in the library's types; the system text stands with the newest message."""
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
            # What could not be read goes back as it was written, never mended.
            return messages.ToolCallPart(
                tool_name=part.name,
                args=part.written if part.faulty else part.arguments,
                tool_call_id=part.id,
                **cast("dict[str, Any]", part.vendor),
            )


def _answer(response: messages.ModelResponse, name: str) -> Answer:
    """Our answer.

    Raises:
        ModelUnavailable: the stream ended before the vendor had said why.
    """
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
    usage = Usage(
        input=response.usage.input_tokens,
        output=response.usage.output_tokens,
        cache_read=response.usage.cache_read_tokens,
        cache_write=response.usage.cache_write_tokens,
    )
    return Answer(message=message, stop=stop, usage=usage, model=response.model_name or name)


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
        arguments, faulty = {}, str(error) or "no JSON object"
    vendor = {key: value for key, value in _vendor(part).items() if key != "signature"}
    return ToolCall(
        id=part.tool_call_id,
        name=part.tool_name,
        arguments=arguments,
        faulty=faulty,
        written=written if faulty else "",
        vendor=vendor,
    )


def _vendor(part: object) -> dict[str, JsonValue]:
    kept = {name: getattr(part, name, None) for name in _KEPT}
    return {name: value for name, value in kept.items() if value is not None}


def translated(error: exceptions.AgentRunError) -> ModelError:
    """The library's error as the port's; a message never holds a key or a body."""
    status = getattr(error, "status_code", None)
    after = getattr(error, "retry_after", None)
    text = f"{type(error).__name__}{f' {status}' if status else ''}: {_message(error)}"
    if isinstance(error, exceptions.ModelContextWindowExceededError) or _too_long(status, text):
        return PromptTooLong(
            text, cure="give it less to read, or a model with a larger context", status=status
        )
    for kind, cure in CURES.items():
        if isinstance(error, kind):
            return ModelRefused(text, cure=cure, status=status)
    if status is not None and 400 <= status < 500 and status not in MAY_PASS:
        return ModelRefused(text, status=status)
    return ModelUnavailable(text, status=status, after=after)


def _too_long(status: int | None, text: str) -> bool:
    """What the library does not know: a body over the limit, and how llama.cpp words it."""
    return status == 413 or "exceed_context_size_error" in text or "context size" in text


def _message(error: Exception) -> str:
    return " ".join(str(getattr(error, "message", "") or error).split())[:300]
