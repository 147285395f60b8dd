"""compact: the agent asks that its conversation is summarised."""

from agentproxy.events.chat import CompactionWanted
from agentproxy.models.port import ToolSpec
from agentproxy.tools.port import (
    Arguments,
    BadArguments,
    Bench,
    Permission,
    ToolOutcome,
    object_schema,
)


class Compact:
    """Summarises the conversation after this answer."""

    spec = ToolSpec(
        "compact",
        "Summarise the older part of the conversation, to make room. With a focus, the summary "
        "keeps everything about it.",
        object_schema({"focus": {"type": "string", "description": "what must be kept"}}),
    )

    def permission(self, arguments: Arguments) -> Permission:
        self._focus(arguments)
        return Permission()

    async def run(self, arguments: Arguments, bench: Bench) -> ToolOutcome:
        del bench
        wanted = CompactionWanted(focus=self._focus(arguments))
        return ToolOutcome("The conversation is summarised next.", facts=(wanted,))

    def _focus(self, arguments: Arguments) -> str:
        focus = arguments.get("focus", "")
        if not isinstance(focus, str):
            raise BadArguments("'focus' must be a text")
        return focus
