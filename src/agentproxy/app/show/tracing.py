"""Renders what was traced of the models."""

from collections.abc import Iterator

from agentproxy.app.show.lines import RenderedLine, renders
from agentproxy.events.tracing import AnswerTraced, PromptTraced


@renders(PromptTraced)
def _asked(fact: PromptTraced) -> Iterator[RenderedLine]:
    who = f"{fact.agent}, " if fact.agent else ""
    text = f"question {fact.seq} to {fact.model} ({who}{fact.purpose}): {fact.length} messages"
    yield RenderedLine(text, "quiet", 1)


@renders(AnswerTraced)
def _answered(fact: AnswerTraced) -> Iterator[RenderedLine]:
    used = f"{fact.usage.input} tokens in, {fact.usage.output} out"
    yield RenderedLine(f"answer {fact.seq}: {fact.error or used}", "quiet", 1)
