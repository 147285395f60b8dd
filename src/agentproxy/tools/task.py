"""task: another agent does a part of the work, and reports."""

from collections.abc import Mapping
from typing import Protocol

from agentproxy.models.port import ToolSpec
from agentproxy.tools.port import (
    Arguments,
    BadArguments,
    Bench,
    Permission,
    Resumable,
    ToolOutcome,
    object_schema,
    text_of,
)

DESCRIPTION = (
    "Give a part of the work to another agent. It starts with your prompt alone, works by itself "
    "in the same workspace, and returns its last text. Calls of one answer run side by side."
)


class Delegate(Protocol):
    """Runs other agents."""

    async def run(self, key: str, kind: str, *, title: str, prompt: str) -> ToolOutcome:
        """Returns what the agent says in the end. The same `key` is the same agent."""
        ...


class Task(Resumable):
    """Runs a subagent. `kinds` says what each kind is for."""

    def __init__(self, delegate: Delegate, kinds: Mapping[str, str]) -> None:
        self._delegate = delegate
        self._kinds = kinds
        listed = "; ".join(f"{name}: {summary}" for name, summary in kinds.items())
        self.spec = ToolSpec(
            "task",
            DESCRIPTION,
            object_schema(
                {
                    "description": {"type": "string", "description": "a title of a few words"},
                    "prompt": {
                        "type": "string",
                        "description": "all that the agent must know, and what it is to report",
                    },
                    "agent_type": {
                        "type": "string",
                        "enum": list(kinds),
                        "description": listed,
                    },
                },
                "description",
                "prompt",
                "agent_type",
            ),
        )

    def permission(self, arguments: Arguments) -> Permission:
        kind = text_of(arguments, "agent_type")
        if kind not in self._kinds:
            known = ", ".join(self._kinds)
            raise BadArguments(f"Unknown agent type '{kind}'. Known: {known}")
        text_of(arguments, "description")
        if not text_of(arguments, "prompt").strip():
            raise BadArguments("'prompt' must not be empty")
        return Permission()

    async def run(self, arguments: Arguments, bench: Bench) -> ToolOutcome:
        return await self._delegate.run(
            bench.call,
            text_of(arguments, "agent_type"),
            title=text_of(arguments, "description"),
            prompt=text_of(arguments, "prompt"),
        )
