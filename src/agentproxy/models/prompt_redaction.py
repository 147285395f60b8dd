"""Secrets go from what a model is asked, once for each message, however long the conversation."""

from collections.abc import Callable
from dataclasses import replace

from agentproxy.events.conversation import Image, Message, Text, ToolResult, UserMessage
from agentproxy.models.port import Prompt

RedactText = Callable[[str], str]


class PromptRedactor:
    """Prompts without their secrets. A message that was cleaned before stays the same object, and
    one that holds none is the message itself: who sends only what is new compares them so.
    """

    def __init__(self, redact: RedactText) -> None:
        self._redact = redact
        self._seen: list[tuple[Message, Message]] = []

    def __call__(self, prompt: Prompt) -> Prompt:
        """The prompt as it may go out."""
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
            # What a model said itself goes back to it as it was signed.
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
