"""Writes a question in the form of OpenAI's chat completions; pure."""

from collections.abc import Mapping, Sequence

from pydantic import JsonValue

from agentproxy.events.conversation import (
    AssistantMessage,
    Image,
    Message,
    Text,
    Thinking,
    ToolCall,
    ToolResult,
    UserMessage,
)
from agentproxy.models.hot_wires.capabilities import Reasoning
from agentproxy.models.hot_wires.chat_stream import IN_TEXT
from agentproxy.models.hot_wires.history import EncodedMessages, encoded, in_order
from agentproxy.models.hot_wires.strict_tools import strict_schema
from agentproxy.models.hot_wires.wishes import SAMPLING, most_output, stop_words, wished
from agentproxy.models.port import Prompt, ToolSpec

KNOWN = frozenset({"temperature", "top_p", "seed", "presence_penalty", "frequency_penalty"}) | {
    "logit_bias", "stop_sequences", "parallel_tool_calls", "response_format",
}  # fmt: skip
Body = dict[str, object]


class ChatRequest:
    """Encodes the questions of one conversation to one model."""

    def __init__(self, model: str, vendor: str, reasoning: Reasoning, *, system_role: str) -> None:
        self._model = model
        self._vendor = vendor
        self._reasoning = reasoning
        self._role = system_role
        self._history = EncodedMessages(self._encode_message)

    def encode(self, prompt: Prompt) -> bytes:
        """Returns the body."""
        said = self._history.of(prompt.messages)
        self._fill_thoughts(prompt.messages, said)
        said = [text for text in said if text]
        if prompt.system:
            said.insert(0, encoded({"role": self._role, "content": prompt.system}))
        body = encoded(self._settings(prompt))
        return b'%s,"messages":[%s]}' % (body[:-1], b",".join(said))

    def _settings(self, prompt: Prompt) -> Body:
        effort = self._reasoning.effort(prompt.effort)
        told: Body = {**wished(prompt, KNOWN)}
        if effort is not None or (self._reasoning.reasons and self._reasoning.reasons_unasked):
            told = {name: value for name, value in told.items() if name not in SAMPLING}
        if "stop_sequences" in told:
            del told["stop_sequences"]
            told["stop"] = stop_words(prompt)
        if not isinstance(told.get("response_format", {}), dict):
            del told["response_format"]
        if not prompt.tools:
            told.pop("parallel_tool_calls", None)
        body: Body = {
            "model": self._model,
            "max_completion_tokens": most_output(prompt),
            "stream": True,
            "stream_options": {"include_usage": True},
            **told,
        }
        if prompt.tools:
            body["tools"] = [_tool(tool) for tool in prompt.tools]
            body["tool_choice"] = "auto"
        if effort is not None:
            body["reasoning_effort"] = effort
        return body

    def _encode_message(self, message: Message) -> bytes:
        if isinstance(message, AssistantMessage):
            said = self._said(message)
            return encoded(said) if said else b""
        return b",".join(encoded(_told(part)) for part in in_order(message))

    def _said(self, message: AssistantMessage) -> Body:
        texts = [part.text for part in message.parts if isinstance(part, Text)]
        calls = [self._called(part) for part in message.parts if isinstance(part, ToolCall)]
        if not texts and not calls:
            return {}
        thoughts: dict[str, list[str]] = {}
        for part in message.parts:
            if isinstance(part, Thinking) and (field := self._field(part)):
                thoughts.setdefault(field, []).append(part.text)
        said: Body = {"role": "assistant"}
        said.update((field, "\n\n".join(found)) for field, found in thoughts.items())
        said["content"] = "\n\n".join(texts) if texts else None
        if calls:
            said["tool_calls"] = calls
        return said

    def _called(self, part: ToolCall) -> Body:
        arguments: Mapping[str, JsonValue] = part.arguments
        if part.invalid:
            # They go back as the model wrote them. A repair would be a guess.
            arguments = {"INVALID_JSON": part.raw_arguments} if part.raw_arguments else {}
        function = {"name": part.name, "arguments": encoded(arguments).decode()}
        call: Body = {"id": part.id, "type": "function", "function": function}
        details = part.vendor.get("provider_details")
        if isinstance(details, dict) and part.vendor.get("provider_name") == self._vendor:
            extra = details.get("extra_content")
            return {**call, "extra_content": extra} if extra else call
        return call

    def _field(self, thought: Thinking) -> str:
        # A thought goes back in the field that it came in, to the vendor that it came from. Others
        # are left out.
        field = thought.vendor.get("id")
        ours = thought.vendor.get("provider_name") == self._vendor
        return field if ours and isinstance(field, str) and field != IN_TEXT else ""

    def _fill_thoughts(self, messages: Sequence[Message], said: list[bytes]) -> None:
        # Servers such as DeepSeek's want the field of thoughts in each answer with calls since the
        # newest word of the user.
        fields = {
            field
            for message in messages
            if isinstance(message, AssistantMessage)
            for part in message.parts
            if isinstance(part, Thinking) and (field := self._field(part))
        }
        if len(fields) != 1:
            return
        (field,) = fields
        for place in range(len(messages) - 1, -1, -1):
            message = messages[place]
            if isinstance(message, UserMessage):
                if any(not isinstance(part, ToolResult) for part in message.parts):
                    return
            elif message.calls and not self._thinks(message, field):
                said[place] = b'%s,%s:""}' % (said[place][:-1], encoded(field))

    def _thinks(self, message: AssistantMessage, field: str) -> bool:
        return any(
            isinstance(part, Thinking) and self._field(part) == field for part in message.parts
        )


def _told(part: Text | Image | ToolResult) -> Body:
    match part:
        case Text():
            return {"role": "user", "content": part.text}
        case Image():
            url = {"url": f"data:{part.media_type};base64,{part.data}"}
            return {"role": "user", "content": [{"type": "image_url", "image_url": url}]}
        case ToolResult():
            text = encoded({"error": part.text}).decode() if part.failed else part.text
            return {"role": "tool", "tool_call_id": part.call, "content": text}


def _tool(tool: ToolSpec) -> Body:
    schema, strict = strict_schema(tool.schema)
    function: Body = {"name": tool.name, "description": tool.description, "parameters": schema}
    if strict:
        function["strict"] = True
    return {"type": "function", "function": function}
