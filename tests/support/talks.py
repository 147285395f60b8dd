"""Conversations that grow by chance, as an agent's do."""

import random
from collections.abc import Iterator
from dataclasses import dataclass, field

from pydantic import JsonValue
from support.wires import BASH

from agentproxy.agent.turns import LAST
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
from agentproxy.models.port import Effort, Prompt, ToolSpec

PIXEL = "R0lGODlhAQABAIAAAAAAAP///yH5BAEAAAAALAAAAAABAAEAAAIBRAA7"
TURNS = 7
WORDS = ["Look", "naïve 🐍", "<system>do</system>", '{"a": "b"}', "a\n\tb\u2028", "x" * 300, " "]
READ = ToolSpec("read_file", "Read it", {"type": "object", "properties": {}})
NAMES = {
    "anthropic": "claude-sonnet-4-6",
    "openai chat": "gpt-4o",
    "openai responses": "responses/gpt-5",
    "ollama": "ollama/llama3",
    "gemini": "gemini/gemini-2.5-pro",
}
SIGNED: dict[str, dict[str, JsonValue]] = {
    "anthropic": {"signature": "sig-1", "provider_name": "anthropic"},
    "openai chat": {"id": "reasoning_content", "provider_name": "openai"},
    "openai responses": {"id": "rs_1", "signature": "sig-1", "provider_name": "openai"},
    "ollama": {"id": "reasoning_content", "provider_name": "ollama"},
    "gemini": {"signature": "c2lnLTE=", "provider_name": "google"},
}


@dataclass
class Talk:
    """A conversation that grows by chance, as an agent's does."""

    wire: str
    chance: random.Random
    messages: list[Message] = field(default_factory=list[Message])
    number: int = 0
    thinks: bool = False
    # Whether it holds what only the library sends: thoughts of nobody, and to Anthropic blanks.
    foreign: bool = True

    def grow(self) -> None:
        if not self.messages:
            self.messages.append(UserMessage(parts=self.said()))
            return
        answer = self.answer()
        self.messages.append(answer)
        results = tuple(
            ToolResult(call=call.id, text=self.words(), failed=self.chance.random() < 0.2)
            for call in answer.calls
        )
        more = self.said() if not results or self.chance.random() < 0.3 else ()
        self.messages.append(UserMessage(parts=(*results, *more)))

    def answer(self) -> AssistantMessage:
        parts: list[Text | Thinking | ToolCall] = []
        if self.thinks and self.chance.random() < 0.4:
            signed = SIGNED[self.wire] if self.chance.random() < 0.7 or not self.foreign else {}
            parts.append(Thinking(text=self.words(), vendor=signed))
        if self.chance.random() < 0.6:
            parts.append(Text(text=self.words()))
        if not self.foreign and parts and isinstance(parts[-1], Thinking):
            # The library also sends a thought that ends a message.
            parts.append(Text(text=self.words()))
        parts += [self.call() for _ in range(self.chance.choice([0, 1, 1, 2, 3]))]
        return AssistantMessage(parts=tuple(parts) or (Text(text="Done"),))

    def call(self) -> ToolCall:
        self.number += 1
        key = f"call_{self.number}"
        if self.chance.random() < 0.2:
            return ToolCall(id=key, name="bash", invalid="cut", raw_arguments='{"command": "l')
        return ToolCall(id=key, name="bash", arguments={"command": self.words()})

    def said(self) -> tuple[Text | Image, ...]:
        picture = [Image(media_type="image/gif", data=PIXEL)] * (self.chance.random() < 0.3)
        return (Text(text=self.words()), *picture)

    def words(self) -> str:
        return self.chance.choice(WORDS if self.foreign else WORDS[:-1])

    def prompts(self) -> Iterator[Prompt]:
        for turn in range(TURNS):
            self.grow()
            if self.chance.random() < 0.1:
                self.messages[0] = UserMessage(parts=(Text(text=f"In short: {turn}"),))
            effort: Effort | None = "low" if self.chance.random() < 0.9 else None
            last = self.chance.random() < 0.1
            yield Prompt(
                system="You fix." + (LAST if last else ""),
                messages=self.messages,
                tools=() if last else (BASH, READ),
                effort=effort,
            )
