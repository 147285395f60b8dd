"""Asks the user whether the calls of an answer may run, and waits for the decision."""

import asyncio
from collections.abc import Sequence

from agentproxy.conversation.face import CHAT, AskApproval, AwaitApproval
from agentproxy.conversation.parts import ChatParts
from agentproxy.conversation.state import Chat
from agentproxy.engine.context import Context
from agentproxy.events.chat import UserTurnEnded
from agentproxy.events.conversation import ToolCall
from agentproxy.events.envelope import Fact
from agentproxy.events.requests import Request, RequestMade, RequestReferred

DENIED = "User denied this tool call"
TIMED_OUT = "Tool approval timed out"


@CHAT.handles(AskApproval, instant=True)
async def ask_approval(effect: AskApproval, _context: Context[Chat, ChatParts]) -> Sequence[Fact]:
    names = ", ".join(call.name for call in effect.calls)
    request = Request(
        id=effect.request,
        kind="permission",
        text=f"run {names}",
        action="run",
        calls=tuple(call.id for call in effect.calls),
    )
    return [
        RequestMade(request=request),
        RequestReferred(request=request.id, reason="approval is switched on"),
    ]


@CHAT.handles(AwaitApproval, instant=True)
async def await_approval(
    _effect: AwaitApproval, context: Context[Chat, ChatParts]
) -> Sequence[Fact]:
    # The engine cancels this wait when there is a decision.
    await asyncio.sleep(context.parts.approval_seconds)
    return [UserTurnEnded(ending="failed", error=TIMED_OUT)]


def denial(call: ToolCall, state: Chat) -> str:
    """Returns why a call may not run after the user's decision, or "". Pure."""
    decision = state.dialogue.decided.get(state.asked)
    if decision is None or decision.allowed or call.id not in state.unsafe:
        return ""
    return f"{DENIED}: {decision.text}" if decision.text else DENIED
