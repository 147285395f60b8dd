"""enter_plan_mode and exit_plan_mode: the agent plans first, and the user decides on the plan."""

from agentproxy.events.chat import FeatureChanged, PlanReady
from agentproxy.models.port import ToolSpec
from agentproxy.tools.port import (
    Arguments,
    BadArguments,
    Bench,
    Permission,
    ToolOutcome,
    schema,
    text_of,
)


class EnterPlanMode:
    """Switches plan mode on."""

    spec = ToolSpec(
        "enter_plan_mode",
        "Switch plan mode on, before a large or risky change. Then you can read and plan, and "
        "change nothing, until the user has approved your plan.",
        schema({}),
    )

    def permission(self, arguments: Arguments) -> Permission:
        del arguments
        return Permission()

    async def run(self, arguments: Arguments, bench: Bench) -> ToolOutcome:
        del arguments, bench
        changed = FeatureChanged(feature="plan_mode", enabled=True)
        return ToolOutcome("Plan mode is on. Explore, then call exit_plan_mode.", facts=(changed,))


class ExitPlanMode:
    """Hands the plan to the user."""

    spec = ToolSpec(
        "exit_plan_mode",
        "Hand your complete plan to the user, who approves it or says what to change. Your turn "
        "ends with it.",
        schema({"plan": "the whole plan, in steps"}),
    )

    def permission(self, arguments: Arguments) -> Permission:
        if not text_of(arguments, "plan").strip():
            raise BadArguments("'plan' must not be empty")
        return Permission()

    async def run(self, arguments: Arguments, bench: Bench) -> ToolOutcome:
        del bench
        ready = PlanReady(plan=text_of(arguments, "plan"))
        return ToolOutcome("The user has the plan and decides.", facts=(ready,))
