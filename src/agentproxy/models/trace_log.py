"""What was traced of a run's models: stored as differences, and put together again. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from agentproxy.events.conversation import Message
from agentproxy.events.cost import Purpose
from agentproxy.events.tracing import AnswerTraced, PromptTraced, TracedMessage, TracedTool
from agentproxy.models.port import Prompt


@dataclass(frozen=True, slots=True)
class TracedPrompt:
    """A prompt, whole."""

    asked: PromptTraced
    system: str
    tools: Sequence[TracedTool]
    messages: Sequence[Message]


@dataclass(slots=True)
class TraceLog:
    """The newest prompt of each agent and purpose, folded from what was traced.

    A history is sent again with every question. Stored whole it would grow with the square of the
    conversation. So a prompt is stored as its difference to the one before, with its answer.
    """

    seq: int = 0  # of the newest prompt
    _newest: dict[tuple[str, Purpose], TracedPrompt] = field(
        default_factory=dict[tuple[str, Purpose], TracedPrompt]
    )
    _open: dict[int, tuple[str, Purpose]] = field(default_factory=dict[int, tuple[str, Purpose]])

    def next_prompt(
        self, prompt: Prompt, *, agent: str, purpose: Purpose, model: str
    ) -> PromptTraced:
        """Returns the fact of the next prompt."""
        before = self._newest.get((agent, purpose))
        known = before.messages if before else ()
        tools = tuple(
            TracedTool(name=each.name, description=each.description, input_schema=each.schema)
            for each in prompt.tools
        )
        return PromptTraced(
            seq=self.seq + 1,
            agent=agent,
            purpose=purpose,
            model=model,
            system=None if before and before.system == prompt.system else prompt.system,
            tools=None if before and tuple(before.tools) == tools else tools,
            length=len(prompt.messages),
            changed=tuple(
                TracedMessage(place=place, message=message)
                for place, message in enumerate(prompt.messages)
                if place >= len(known) or not _equal(known[place], message)
            ),
            max_output=prompt.max_output,
            effort=prompt.effort,
            parameters=dict(prompt.parameters),
        )

    def take_prompt(self, fact: PromptTraced) -> TracedPrompt:
        key = (fact.agent, fact.purpose)
        before = self._newest.get(key)
        messages = list(before.messages[: fact.length]) if before else []
        for each in fact.changed:
            messages[each.place : each.place + 1] = [each.message]
        system, tools = fact.system, fact.tools
        if before is not None:
            system = before.system if system is None else system
            tools = before.tools if tools is None else tools
        whole = TracedPrompt(fact, system or "", tools or (), messages)
        self.seq = fact.seq
        self._newest[key] = whole
        self._open[fact.seq] = key
        return whole

    def take_answer(self, fact: AnswerTraced) -> PromptTraced | None:
        """Returns the prompt that was answered."""
        key = self._open.pop(fact.seq, None)
        whole = self._newest.get(key) if key else None
        if key is None or whole is None:
            return None
        if fact.message is not None and whole.asked.seq == fact.seq:
            # The next prompt of this agent has it behind the messages of this one.
            self._newest[key] = replace(whole, messages=[*whole.messages, fact.message])
        return whole.asked


def _equal(one: Message, other: Message) -> bool:
    # Most are the same object: only those of an earlier process are compared.
    return one is other or one == other
