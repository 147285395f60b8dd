"""think: gives the model room to reason, without an effect."""

from agentproxy.models.port import ToolSpec
from agentproxy.tools.port import Arguments, Bench, Permission, ToolOutcome, schema, text_of


class Think:
    """Has no effect."""

    spec = ToolSpec(
        "think",
        "Think before you continue. This tool reads, runs and changes nothing.",
        schema({"thought": "your thought"}),
    )

    def permission(self, arguments: Arguments) -> Permission:
        # Checks the argument: a call without a thought is an error.
        text_of(arguments, "thought")
        return Permission()

    async def run(self, arguments: Arguments, bench: Bench) -> ToolOutcome:
        del arguments, bench
        return ToolOutcome("")
