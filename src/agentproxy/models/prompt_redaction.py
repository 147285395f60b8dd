"""Removes secrets from prompts. Each message of a conversation is redacted once."""

from collections.abc import Callable
from dataclasses import replace

from agentproxy.events.conversation import Image, Message, Text, ToolResult, UserMessage
from agentproxy.models.port import Prompt

RedactText = Callable[[str], str]


class PromptRedactor:
    """Redacts the prompts of a model."""

    # A message must become the same object at every turn, and stay itself if it holds no secret:
    # incremental_encoding.py recognises sent messages by identity.

    def __init__(self, redact: RedactText) -> None:
        self._redact = redact
        self._seen: list[tuple[Message, Message]] = []

    def __call__(self, prompt: Prompt) -> Prompt:
        known = 0
        for (before, _), now in zip(self._seen, prompt.messages, strict=False):
            if before is not now:
                break
            known += 1
        del self._seen[known:]
        self._seen += [(each, self._message(each)) for each in prompt.messages[known:]]
        return replace(
            prompt,
            system=self._redact(prompt.system),
            messages=[clean for _, clean in self._seen],
        )

    def _message(self, message: Message) -> Message:
        if not isinstance(message, UserMessage):
            # Vendors sign parts of an answer, so an answer goes back unchanged.
            return message
        parts = tuple(self._part(part) for part in message.parts)
        if all(new is old for new, old in zip(parts, message.parts, strict=True)):
            return message
        return message.model_copy(update={"parts": parts})

    def _part(self, part: Text | Image | ToolResult) -> Text | Image | ToolResult:
        if isinstance(part, Image):
            return part
        text = self._redact(part.text)
        return part if text == part.text else part.model_copy(update={"text": text})
