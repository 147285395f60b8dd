"""What the models behind the hot wires accept, by the beginnings of their names; pure.

The tables repeat pydantic-ai's, which are tried with the real vendors. A test compares them.
"""

import re
from dataclasses import dataclass

from agentproxy.models.port import Effort

# The budgets of tokens for the thinking of Claudes that do not choose their own.
BUDGETS: dict[Effort, int] = {"low": 2048, "medium": 10_000, "high": 16_384}
EFFORTS: tuple[Effort, ...] = ("high", "medium", "low")  # each below the one before
_THOUGHTLESS = re.compile(r"claude-(?:2|3-(?!7))")
_NEWEST = (
    "claude-fable-5", "claude-mythos-5", "claude-opus-4-7", "claude-opus-4-8", "claude-opus-5",
    "claude-sonnet-5", "claude-haiku-5-5",
)  # fmt: skip
_LARGE = (*_NEWEST, "claude-opus-4-6", "claude-sonnet-4-6")
_BIND_THOUGHTS = (
    "claude-fable-5-1", "claude-fable-5-2", "claude-mythos-5-2", "claude-opus-5-5",
    "claude-sonnet-5-5", "claude-haiku-5-5",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Claude:
    """What one of Anthropic's models accepts."""

    thinks: bool
    adaptive: bool  # it chooses how long it thinks
    effort: bool  # a field of its own says how hard it works
    samples: bool  # it may be told how to sample
    most_output: int | None
    # A thought is refused after any change of what came before it.
    binds_thoughts: bool


def claude(model: str) -> Claude:
    """Returns what a model accepts."""
    most = 128_000 if model.startswith(_LARGE) else None
    if model.startswith(("claude-haiku-4-5", "claude-opus-4-5", "claude-sonnet-4-5")):
        most = 64_000
    return Claude(
        thinks=_THOUGHTLESS.match(model) is None,
        adaptive=model.startswith((*_LARGE, "claude-mythos-preview")),
        effort=model.startswith((*_LARGE, "claude-opus-4-5")),
        samples=not model.startswith(_NEWEST),
        most_output=most,
        binds_thoughts=model.startswith(_BIND_THOUGHTS),
    )
