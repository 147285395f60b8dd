"""What the models behind the hot wires accept, by the beginnings of their names; pure.

The tables repeat pydantic-ai's, which are tried with the real vendors. A test compares them.
"""

import re
from dataclasses import dataclass
from typing import Literal

from agentproxy.models.port import Effort

# The budgets of tokens for the thinking of Claudes that do not choose their own.
BUDGETS: dict[Effort, int] = {"low": 2048, "medium": 10_000, "high": 16_384, "max": 32_768}
EFFORTS: tuple[Effort, ...] = ("max", "high", "medium", "low")  # each below the one before
OpenAIEffort = Literal["low", "medium", "high", "xhigh"]
_RISING: tuple[OpenAIEffort, ...] = ("low", "medium", "high", "xhigh")
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
    highest: Effort  # of that field
    samples: bool  # it may be told how to sample
    most_output: int | None
    # A thought is refused after any change of what came before it.
    binds_thoughts: bool
    hides_thoughts: bool  # unless it is asked to show them


def claude(model: str) -> Claude:
    """Returns what a model accepts."""
    most = 128_000 if model.startswith(_LARGE) else None
    if model.startswith(("claude-haiku-4-5", "claude-opus-4-5", "claude-sonnet-4-5")):
        most = 64_000
    return Claude(
        thinks=_THOUGHTLESS.match(model) is None,
        adaptive=model.startswith((*_LARGE, "claude-mythos-preview")),
        effort=model.startswith((*_LARGE, "claude-opus-4-5")),
        highest="high" if model.startswith("claude-opus-4-5") else "max",
        samples=not model.startswith(_NEWEST),
        most_output=most,
        binds_thoughts=model.startswith(_BIND_THOUGHTS),
        hides_thoughts=model.startswith((*_NEWEST, "claude-mythos-preview")),
    )


@dataclass(frozen=True, slots=True)
class Reasoning:
    """Whether and how one of OpenAI's models reasons. Without `efforts` it accepts all of them."""

    by_default: bool = False
    may_rest: bool = False
    efforts: tuple[OpenAIEffort, ...] = ()  # from low to high
    highest: OpenAIEffort = "xhigh"  # of those without `efforts`

    @property
    def reasons(self) -> bool:
        return self.by_default or self.may_rest

    @property
    def reasons_unasked(self) -> bool:
        may_rest = self.may_rest if not self.efforts else False
        return self.by_default or not may_rest

    def effort(self, wanted: Effort | None) -> OpenAIEffort | None:
        """Returns the effort to ask for: the lowest accepted one that is not below the wanted."""
        if wanted is None or not self.reasons:
            return None
        # This wire refuses "max" for every model.
        asked: OpenAIEffort = self.highest if wanted == "max" else wanted
        if not self.efforts:
            return asked
        at_least = _RISING[_RISING.index(asked) :]
        fitting: list[OpenAIEffort] = [each for each in self.efforts if each in at_least]
        return fitting[0] if fitting else self.efforts[-1]


_NONE = Reasoning()
_ASKED = Reasoning(may_rest=True)
_ASKED_TO_HIGH = Reasoning(may_rest=True, highest="high")
_BOTH = Reasoning(by_default=True, may_rest=True)
_ALWAYS_TO_HIGH = Reasoning(by_default=True, highest="high")
_ALWAYS = Reasoning(by_default=True)
_TO_XHIGH = Reasoning(by_default=True, efforts=("low", "medium", "high", "xhigh"))
_FULL = Reasoning(by_default=True, efforts=("low", "medium", "high"))
_MEDIUM = Reasoning(by_default=True, efforts=("medium",))
_PRO = Reasoning(by_default=True, efforts=("medium", "high", "xhigh"))
# The first that fits counts.
_REASONING = (
    ("gpt-6-astra", _TO_XHIGH),
    ("gpt-6.1-sol", _TO_XHIGH),
    ("gpt-6.1-terra", _BOTH),
    ("gpt-6-sol", _BOTH),
    ("gpt-6-luna", _BOTH),
    ("gpt-5.6", _BOTH),
    ("gpt-5.5-pro", _PRO),
    ("gpt-5.5", _BOTH),
    ("gpt-5.4-pro", _PRO),
    ("gpt-5.4", _ASKED),
    ("gpt-5.3-chat", _MEDIUM),
    ("gpt-5.3", _ASKED),
    ("gpt-5.2-pro", _PRO),
    ("gpt-5.2-chat", _MEDIUM),
    ("gpt-5.2", _ASKED),
    ("gpt-5.1-codex-max", _ALWAYS),
    ("gpt-5.1-codex", _ALWAYS_TO_HIGH),
    ("gpt-5.1-chat", _MEDIUM),
    ("gpt-5.1", _ASKED_TO_HIGH),
    ("gpt-5-chat", _NONE),
    ("gpt-5-pro", Reasoning(by_default=True, efforts=("high",))),
    ("gpt-5-codex", _ALWAYS_TO_HIGH),
    ("gpt-5", _FULL),
    ("o1", _FULL),
    ("o3", _FULL),
    ("o4", _FULL),
)


def reasoning(model: str) -> Reasoning:
    """Returns how a model of OpenAI's wire reasons."""
    return next((found for name, found in _REASONING if model.startswith(name)), _NONE)


def system_role(model: str) -> str:
    """Returns the role of the system text on OpenAI's wire."""
    return "user" if model.startswith("o1-mini") else "system"
