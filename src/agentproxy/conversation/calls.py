"""Which calls of the model run: those that plan mode leaves and the user allows."""

from collections.abc import Sequence

from agentproxy.agent.calls import run_tool
from agentproxy.agent.face import RunTool
from agentproxy.conversation.approvals import DENIED, denial
from agentproxy.conversation.face import CHAT
from agentproxy.conversation.parts import ChatParts
from agentproxy.conversation.safe_tools import PLAN_TOOLS, TEAM_TOOLS
from agentproxy.conversation.state import Chat
from agentproxy.engine.context import Context
from agentproxy.events.agent import ToolFinished
from agentproxy.events.conversation import ToolCall
from agentproxy.events.envelope import Fact
from agentproxy.tools.port import ERROR
from agentproxy.tools.registry import Registry

SWITCH = "enter_plan_mode"
NOT_NOW = "plan mode is on: {name} is not available before the user has approved the plan"


def offered_tools(state: Chat, tools: Registry) -> Registry:
    """Returns the tools that the model may call now."""
    if state.plan_mode and state.child_order is not None:
        return tools.only(PLAN_TOOLS | {"send_message"})
    if state.plan_mode:
        return tools.only(PLAN_TOOLS if state.teams else PLAN_TOOLS - TEAM_TOOLS)
    hidden = {"exit_plan_mode"} if state.teams else {"exit_plan_mode"} | TEAM_TOOLS
    return tools.without(hidden if state.child_order is None else {"exit_plan_mode"})


@CHAT.handles(RunTool, instant=True)
async def run_offered(effect: RunTool, context: Context[Chat, ChatParts]) -> Sequence[Fact]:
    """Runs a call, unless plan mode or the user is against it, whatever the model sends."""
    call, state = effect.call, context.state
    # A call that started before a kill was allowed then.
    reason = "" if call.id in state.started else refusal(call, state, context.parts.tools)
    if reason:
        # The words of a denial are documented (OA-130).
        text = reason if reason.startswith(DENIED) else f"{ERROR}{reason}"
        return [ToolFinished(call=call.id, text=text, failed=True)]
    return await run_tool(effect, context)


def refusal(call: ToolCall, state: Chat, tools: Registry) -> str:
    """Returns why a call may not run now, or ""."""
    # Calls of one answer run side by side: plan mode is on for those beside its switch too.
    plans = state.plan_mode or any(each.name == SWITCH for each in state.open.values())
    allowed = PLAN_TOOLS | {SWITCH, *({"send_message"} if state.child_order else ())}
    if plans and call.name not in allowed:
        return NOT_NOW.format(name=call.name)
    known, offered = tools.find(call.name), offered_tools(state, tools).find(call.name)
    if known is not None and offered is None:
        return f"{call.name} is not available now"
    return denial(call, state)
