"""The encoded messages of a conversation. Each is encoded once; pure."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from pydantic_core import to_json

from agentproxy.events.conversation import Image, Message, Text, ToolResult, UserMessage


@dataclass(slots=True)
class EncodedMessages:
    """Keeps the bytes of the newest conversation, message by message.

    A message is known by identity. So one that is replaced costs itself alone, wherever it stands.
    """

    # One object of JSON, several with commas between them, or nothing.
    encode: Callable[[Message], bytes]
    _kept: dict[int, tuple[Message, bytes]] = field(
        default_factory=dict[int, tuple[Message, bytes]]
    )

    def of(self, messages: Sequence[Message]) -> list[bytes]:
        """Returns the bytes of the messages, in their order."""
        before = self._kept
        kept: dict[int, tuple[Message, bytes]] = {}
        found: list[bytes] = []
        for message in messages:
            known = before.get(id(message))
            if known is None or known[0] is not message:
                known = (message, self.encode(message))
            kept[id(message)] = known
            found.append(known[1])
        self._kept = kept
        return found


def encoded(value: object) -> bytes:
    """Returns the shortest JSON of a value. A number that JSON lacks becomes null."""
    return to_json(value, inf_nan_mode="null")


def in_order(message: UserMessage) -> list[Text | Image | ToolResult]:
    """Returns the results of tools first: vendors want them right after their calls."""
    return sorted(message.parts, key=lambda part: not isinstance(part, ToolResult))
