"""Which calls run: those that plan mode leaves and the user allows. And the plan itself."""

from collections.abc import Sequence

from agentproxy.agent.calls import run_tool
from agentproxy.agent.face import RunTool
from agentproxy.conversation.approvals import denial
from agentproxy.conversation.face import CHAT, HandOverPlan
from agentproxy.conversation.parts import ChatParts
from agentproxy.conversation.safe_tools import PLAN_TOOLS
from agentproxy.conversation.state import Chat
from agentproxy.engine.context import Context
from agentproxy.events.agent import ToolFinished
from agentproxy.events.chat import PlanReady
from agentproxy.events.envelope import Fact
from agentproxy.tools.port import ERROR
from agentproxy.tools.registry import Registry

NOT_NOW = "Error: plan mode is on: {name} is not available before the user has approved the plan"


def offered_tools(state: Chat, tools: Registry) -> Registry:
    """Returns the tools that the model may call now."""
    if state.plan_mode:
        return tools.only(PLAN_TOOLS)
    return tools.without({"exit_plan_mode"})


@CHAT.handles(RunTool, instant=True)
async def run_offered(effect: RunTool, context: Context[Chat, ChatParts]) -> Sequence[Fact]:
    """Runs a call. In plan mode a call of another tool does not run, whatever the model sends."""
    name = effect.call.name
    if context.state.plan_mode and name not in PLAN_TOOLS:
        return [ToolFinished(call=effect.call.id, text=NOT_NOW.format(name=name), failed=True)]
    # A call that started before a kill was allowed then.
    started = effect.call.id in context.state.started
    if not started and (reason := denial(effect.call, context.state)):
        return [ToolFinished(call=effect.call.id, text=f"{ERROR}{reason}", failed=True)]
    return await run_tool(effect, context)


@CHAT.handles(HandOverPlan, instant=True)
async def hand_over(effect: HandOverPlan, _context: Context[Chat, ChatParts]) -> Sequence[Fact]:
    return [PlanReady(plan=effect.plan)]
