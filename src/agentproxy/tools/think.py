"""think: room to reason, and nothing happens."""

from agentproxy.models.port import ToolSpec
from agentproxy.tools.port import Arguments, Bench, Permission, ToolOutcome, schema, text_of


class Think:
    """Does nothing."""

    spec = ToolSpec(
        "think",
        "Think something through before you go on: nothing is read, run or changed.",
        schema({"thought": "what you think"}),
    )

    def permission(self, arguments: Arguments) -> Permission:
        """None is needed."""
        text_of(arguments, "thought")
        return Permission()

    async def run(self, arguments: Arguments, bench: Bench) -> ToolOutcome:
        """Answer nothing."""
        del arguments, bench
        return ToolOutcome("")
