"""Runs commands in the background, and tells the agent how they ended."""

import asyncio
from collections.abc import Sequence

from agentproxy.conversation.background import RunInBackground, TellBackground
from agentproxy.conversation.base import CHAT
from agentproxy.conversation.parts import ChatParts
from agentproxy.conversation.state import Chat
from agentproxy.engine.context import Context
from agentproxy.events.background import BackgroundEnded, BackgroundStarted, BackgroundTold
from agentproxy.events.envelope import Fact
from agentproxy.tools.background.run import run_command
from agentproxy.tools.port import ERROR

UNKNOWN = (
    f"{ERROR}outcome unknown: the server stopped while this command ran. It may have done all, "
    "part or none of its work, and it was not started again. Look before you go on."
)
STOPPED = f"{ERROR}Cancelled: the server was stopped"


@CHAT.handles(RunInBackground, instant=True)
async def run_in_background(
    effect: RunInBackground, context: Context[Chat, ChatParts]
) -> Sequence[Fact]:
    task, parts = effect.task, context.parts
    # A killed process left this command without an end. A second run could repeat its effects.
    if context.state.background.known[task].started:
        return [BackgroundEnded(task=task, status="error", result=UNKNOWN)]
    await context.record(BackgroundStarted(task=task))
    try:
        bench = await parts.bench()
        ended = await run_command(
            task, effect.command, bench=bench, seconds=parts.background_seconds
        )
    except asyncio.CancelledError:
        # Its processes have ended, so its end is known.
        if context.state.background.is_running(task):
            await context.record(BackgroundEnded(task=task, status="cancelled", result=STOPPED))
        raise
    return [ended]


@CHAT.handles(TellBackground, instant=True)
async def tell_background(
    effect: TellBackground, _context: Context[Chat, ChatParts]
) -> Sequence[Fact]:
    return [BackgroundTold(notices=effect.notices)]
