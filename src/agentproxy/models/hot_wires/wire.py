"""The hot wires, behind one protocol."""

from collections.abc import Mapping
from typing import Protocol

from agentproxy.events.conversation import Usage
from agentproxy.models.hot_wires.answer import DeltaBuffer
from agentproxy.models.hot_wires.anthropic_request import MessagesRequest
from agentproxy.models.hot_wires.anthropic_stream import MessagesStream
from agentproxy.models.hot_wires.capabilities import claude, reasoning, system_role
from agentproxy.models.hot_wires.chat_request import ChatRequest
from agentproxy.models.hot_wires.chat_stream import ChatStream
from agentproxy.models.hot_wires.failures import WireFailure
from agentproxy.models.hot_wires.headers import request_headers
from agentproxy.models.names import ModelAddress, usual_base
from agentproxy.models.port import ModelAnswer, Prompt

# The version whose forms we read and write.
VERSION = "2026-10-21"
BINDING_BETA = "thinking-binding-controls-2026-08-01"
_STALE_THOUGHT = b"The block is bound to a different conversation"


class AnswerStream(Protocol):
    """One answer while it comes."""

    @property
    def usage(self) -> Usage:
        """What the vendor has reported so far."""
        ...

    def read(self, name: bytes, data: bytes) -> None:
        """Reads an event. Raises Failure or ModelUnavailable."""
        ...

    def whole(self) -> ModelAnswer:
        """Returns the answer at the end of the stream. Raises ModelUnavailable."""
        ...


class HotWire(Protocol):
    """The wire of one conversation to one model."""

    url: str
    headers: Mapping[str, str]

    def encode(self, prompt: Prompt) -> bytes:
        """Returns the body of a question."""
        ...

    def begin(self, deltas: DeltaBuffer) -> AnswerStream:
        """Returns the reader of an answer."""
        ...

    def mended(self, failure: WireFailure) -> bool:
        """Whether the refused question is now encoded in a form that is accepted."""
        ...


class AnthropicWire:
    """A `HotWire` of Anthropic's messages."""

    def __init__(self, address: ModelAddress) -> None:
        base = (address.base or usual_base(address.vendor)).rstrip("/")
        self.url = f"{base}/v1/messages"
        own = {"authorization": f"Bearer {address.key}", "anthropic-version": VERSION}
        self.headers: Mapping[str, str] = request_headers(own, vendor=address.vendor)
        self._model = address.model
        self._accepts = claude(address.model)
        self._request = MessagesRequest(address.model, self._accepts)
        self._drops = False

    def encode(self, prompt: Prompt) -> bytes:
        return self._request.encode(prompt, drop_stale_thoughts=self._drops)

    def begin(self, deltas: DeltaBuffer) -> AnswerStream:
        return MessagesStream(self._model, deltas)

    def mended(self, failure: WireFailure) -> bool:
        # What came before a thought has changed, for instance by compaction. Accounts differ in
        # whether that is refused, so it is asked for only after a refusal.
        stale = failure.status == 400 and _STALE_THOUGHT in failure.body
        if self._drops or not stale or not self._accepts.binds_thoughts:
            return False
        self._drops = True
        betas = [text for text in (self.headers.get("anthropic-beta", ""), BINDING_BETA) if text]
        self.headers = {**self.headers, "anthropic-beta": ",".join(betas)}
        return True


class ChatWire:
    """A `HotWire` of OpenAI's chat completions, also of other vendors."""

    def __init__(self, address: ModelAddress) -> None:
        base = (address.base or usual_base(address.vendor)).rstrip("/")
        self.url = f"{base}/chat/completions"
        # As OpenAI's client does where no key is needed.
        own = {"authorization": f"Bearer {address.key or 'none'}"}
        self.headers: Mapping[str, str] = request_headers(own, vendor=address.vendor)
        self._model, self._vendor = address.model, address.vendor
        self._request = ChatRequest(
            address.model,
            address.vendor,
            reasoning(address.model),
            system_role=system_role(address.model),
        )

    def encode(self, prompt: Prompt) -> bytes:
        return self._request.encode(prompt)

    def begin(self, deltas: DeltaBuffer) -> AnswerStream:
        return ChatStream(self._model, self._vendor, deltas)

    def mended(self, failure: WireFailure) -> bool:
        del failure
        return False


def hot_wire(address: ModelAddress) -> HotWire:
    """Returns the wire to an address."""
    return AnthropicWire(address) if address.wire == "anthropic" else ChatWire(address)
