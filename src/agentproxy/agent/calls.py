"""Runs the tools that the model calls, after each call is allowed."""

from collections.abc import Sequence
from dataclasses import replace

from agentproxy.agent.face import AGENT, RunTool
from agentproxy.agent.parts import AgentParts
from agentproxy.agent.state import Conversation
from agentproxy.engine.context import Context
from agentproxy.events.agent import ToolFinished, ToolStarted
from agentproxy.events.conversation import ToolCall
from agentproxy.events.envelope import Fact
from agentproxy.tools.port import BadArguments, Resumable, Tool, ToolOutcome, call_key, failure

UNKNOWN = failure(
    "outcome unknown: the tool started and was cut off. It may have done all, part or none of its "
    "work. Look before you go on."
)


@AGENT.handles(RunTool, instant=True)
async def run_tool(effect: RunTool, context: Context[Conversation, AgentParts]) -> Sequence[Fact]:
    call, parts = effect.call, context.parts
    if call.id in context.state.started:
        tool = parts.tools.find(call.name)
        # A killed process left this call without a result. A second run could repeat its effects.
        if not isinstance(tool, Resumable):
            return [_finished(call, UNKNOWN, unknown=True)]
    else:
        tool, refusal = await _allowed(call, parts)
        if tool is None:
            return [_finished(call, refusal)]
    # Before the record: a call without a place to work has not started.
    bench = replace(await parts.bench(), call=call_key(context.state.turn, call.id))
    if call.id not in context.state.started:
        await context.record(ToolStarted(call=call.id, tool=call.name, arguments=call.arguments))
    try:
        outcome = await tool.run(call.arguments, bench)
    except BadArguments as error:
        outcome = failure(str(error))
    return [_finished(call, outcome), *outcome.facts]


async def _allowed(call: ToolCall, parts: AgentParts) -> tuple[Tool | None, ToolOutcome]:
    tool = parts.tools.find(call.name)
    if tool is None:
        return None, failure(parts.tools.why_missing(call.name))
    if call.invalid:
        return None, failure(f"the arguments cannot be used: {call.invalid}")
    try:
        permission = tool.permission(call.arguments)
    except BadArguments as error:
        return None, failure(str(error))
    reason = await parts.allow(call, permission) if permission.action else ""
    return (None, failure(reason)) if reason else (tool, ToolOutcome(""))


def _finished(call: ToolCall, outcome: ToolOutcome, *, unknown: bool = False) -> ToolFinished:
    return ToolFinished(call=call.id, text=outcome.text, failed=outcome.failed, unknown=unknown)
