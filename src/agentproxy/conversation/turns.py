"""The effects of a user's turn: its start, the model's answers, and its end."""

import asyncio
from collections.abc import Sequence
from dataclasses import replace

from agentproxy.agent.face import AskModel
from agentproxy.agent.turns import ask_model
from agentproxy.conversation.calls import offered_tools
from agentproxy.conversation.face import CHAT, EndTurn, HandOverPlan, StartTurn
from agentproxy.conversation.parts import ChatParts
from agentproxy.conversation.state import Chat
from agentproxy.engine.context import Context
from agentproxy.events.agent import TurnStarted
from agentproxy.events.chat import AnswerCutOff, PlanReady, UserTurnEnded, UserTurnStarted
from agentproxy.events.envelope import Fact
from agentproxy.models.port import ModelError
from agentproxy.text.pieces import Pieces


@CHAT.handles(StartTurn, instant=True)
async def start_turn(effect: StartTurn, _context: Context[Chat, ChatParts]) -> Sequence[Fact]:
    return [UserTurnStarted(message=effect.message, text=effect.text)]


@CHAT.handles(EndTurn, instant=True)
async def end_turn(effect: EndTurn, _context: Context[Chat, ChatParts]) -> Sequence[Fact]:
    return [UserTurnEnded(ending="done", error=effect.error)]


@CHAT.handles(HandOverPlan, instant=True)
async def hand_over(effect: HandOverPlan, _context: Context[Chat, ChatParts]) -> Sequence[Fact]:
    return [PlanReady(plan=effect.plan)]


def _with_offered(context: Context[Chat, ChatParts]) -> Context[Chat, ChatParts]:
    parts = context.parts
    offered = offered_tools(context.state, parts.tools)
    return replace(context, parts=replace(parts, tools=offered))


@CHAT.handles(AskModel, started=lambda effect: TurnStarted(turn=effect.turn))
async def ask(effect: AskModel, context: Context[Chat, ChatParts]) -> Sequence[Fact]:
    """Asks for the next answer, and keeps the text of one that is cut off."""
    said = Pieces()

    def show(kind: str, text: str) -> None:
        if kind == "text":
            said.add(text)
        context.show(kind, text)

    try:
        return await ask_model(effect, replace(_with_offered(context), show=show))
    except (asyncio.CancelledError, ModelError):
        # What the user has read is a part of the conversation.
        if text := said.text:
            await context.record(AnswerCutOff(turn=effect.turn, text=text))
        raise
