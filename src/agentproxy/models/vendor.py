"""A vendor's model through pydantic-ai's direct layer. The checks that it lacks are added here."""

import asyncio
import json
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any, cast

from httpx2 import AsyncClient
from pydantic_ai import exceptions, messages
from pydantic_ai.direct import model_request_stream
from pydantic_ai.models import Model as Wire
from pydantic_ai.models import ModelRequestParameters, StreamedResponse
from pydantic_ai.tools import ToolDefinition

from agentproxy.models.connections import closing, new_client
from agentproxy.models.incremental_encoding import EncodedHistory
from agentproxy.models.key_redaction import KeyRedactor
from agentproxy.models.mapping import answer_of, to_wire, usage_of
from agentproxy.models.names import ModelAddress
from agentproxy.models.names import Wire as Form
from agentproxy.models.port import (
    Fragment,
    ModelAnswer,
    ModelError,
    ModelRefused,
    ModelUnavailable,
    Prompt,
    PromptTooLong,
    Show,
)
from agentproxy.models.settings import wire_settings
from agentproxy.models.wire_pool import WirePool
from agentproxy.models.wires import build_wire

REQUEST_TIMEOUT_SECONDS = 600.0
CURES: dict[type[Exception], str] = {
    exceptions.ModelAuthenticationError: "check the key of this model's vendor: pa doctor",
    exceptions.ModelNotFoundError: "check the model's name and the base address",
    exceptions.ModelQuotaExceededError: "add credit to the account at the vendor",
    exceptions.ModelRequestRejectedError: "",
}
MAY_PASS = frozenset({408, 409, 425, 429})  # the statuses 4xx that a retry may get past

REACH = "check the network and the base address: pa doctor"


class VendorModel:
    """A `Model` at an address, over its vendor's wire; over one of the `pool`, if there is one."""

    def __init__(self, name: str, address: ModelAddress, *, pool: WirePool | None = None) -> None:
        self._name = name
        self._address = address
        self._pool = pool
        self._line: _VendorWire | None = None
        self._client: AsyncClient | None = None

    @property
    def name(self) -> str:
        return self._name

    async def answer(self, prompt: Prompt, *, show: Show) -> ModelAnswer:
        """See `Model`."""
        try:
            # In a thread: the vendors' libraries take more than a second to import.
            line = self._line = self._line or await asyncio.to_thread(self._open)
            async with closing():
                with line.tail.sending(prompt) as new, self._translating():
                    return await self._stream(line, replace(prompt, messages=new), show)
        except exceptions.UserError as error:
            raise ModelRefused(str(error), cure="check the model's name and its key") from error

    async def close(self) -> None:
        if self._client is not None:
            await self._client.aclose()
            self._client = self._line = None

    async def _stream(self, line: "_VendorWire", prompt: Prompt, show: Show) -> ModelAnswer:
        settings = wire_settings(line.wire, prompt, form=line.form, seconds=REQUEST_TIMEOUT_SECONDS)
        parameters = ModelRequestParameters(function_tools=definitions(prompt))
        history = to_wire(prompt.messages, system=prompt.system)
        calls: dict[int, str] = {}
        async with model_request_stream(
            line.wire, history, model_settings=settings, model_request_parameters=parameters
        ) as stream:
            with self._translating(stream):
                async for event in stream:
                    _tell_apart(calls, event)
                    fragment = _fragment(event) or _of_call(event)
                    if fragment is not None:
                        show(fragment)
                return answer_of(stream.get(), self._name)

    @contextmanager
    def _translating(self, stream: StreamedResponse | None = None) -> Generator[None]:
        # An answer that broke off was paid for, so its error carries the usage so far.
        try:
            yield
        except exceptions.AgentRunError as error:
            failed = translated(error, self._address)
            failed.usage = usage_of(stream.get()) if stream else failed.usage
            raise failed from error
        except ModelUnavailable as error:
            error.usage = usage_of(stream.get()) if stream else error.usage
            raise

    def _open(self) -> "_VendorWire":
        if self._pool is not None:
            wire = self._pool.wire(self._address)
        else:
            self._client = new_client(seconds=REQUEST_TIMEOUT_SECONDS)
            wire = build_wire(self._address, self._client)
        profile = cast("Mapping[str, object]", wire.profile)
        return _VendorWire(wire, self._address.wire, EncodedHistory(self._address.wire, profile))


@dataclass(frozen=True, slots=True)
class _VendorWire:
    wire: Wire
    form: Form
    tail: EncodedHistory


def definitions(prompt: Prompt) -> list[ToolDefinition]:
    """Returns the tools in the library's types."""
    return [
        ToolDefinition(
            name=tool.name,
            description=tool.description,
            parameters_json_schema=cast("dict[str, Any]", tool.schema),
        )
        for tool in prompt.tools
    ]


def _tell_apart(calls: dict[int, str], event: object) -> None:
    # pydantic-ai 2.68 merges two calls with the same index into one, with both arguments.
    match event:
        case messages.PartStartEvent(part=messages.ToolCallPart(tool_call_id=call)):
            place = event.index
        case messages.PartDeltaEvent(delta=messages.ToolCallPartDelta(tool_call_id=str(call))):
            place = event.index
        case _:
            return
    if calls.setdefault(place, call) != call:
        raise ModelUnavailable("two tool calls of one answer share a place in the stream")


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


def _of_call(event: object) -> Fragment | None:
    # Some servers send the arguments of a call as a whole, some in pieces.
    match event:
        case messages.PartStartEvent(part=messages.ToolCallPart() as part):
            return Fragment("call", part.tool_name + part.args_as_json_str())
        case messages.PartDeltaEvent(delta=messages.ToolCallPartDelta(args_delta=str(text))):
            return Fragment("call", text)
        case messages.PartDeltaEvent(delta=messages.ToolCallPartDelta(args_delta=dict() as more)):
            return Fragment("call", json.dumps(more))
        case _:
            return None


def translated(error: exceptions.AgentRunError, address: ModelAddress) -> ModelError:
    """Returns the library's error as an error of the port, without the key in its text."""
    status = getattr(error, "status_code", None)
    after = getattr(error, "retry_after", None)
    message = _message(error, address)
    text = f"the vendor answered with status {status}: {message}" if status else message
    if isinstance(error, exceptions.ModelContextWindowExceededError) or _too_long(status, text):
        cure = "shorten the task or its documents, or choose a model with a larger context"
        return PromptTooLong(text, cure=cure, status=status)
    for kind, cure in CURES.items():
        if isinstance(error, kind):
            return ModelRefused(text, cure=cure, status=status)
    if status is not None and 400 <= status < 500 and status not in MAY_PASS:
        return ModelRefused(text, status=status)
    if isinstance(error, exceptions.ModelConnectionError):
        return ModelUnavailable(f"no connection, or the connection was lost: {message}", cure=REACH)
    return ModelUnavailable(text, status=status, after=after)


def _too_long(status: int | None, text: str) -> bool:
    # pydantic-ai does not know these: a body over the limit, and the words of llama.cpp.
    return status == 413 or "exceed_context_size_error" in text or "context size" in text


def _message(error: Exception, address: ModelAddress) -> str:
    text = str(getattr(error, "message", "") or error)
    return " ".join(KeyRedactor(address.key, put="(the key)").clean(text).split())[:300]
