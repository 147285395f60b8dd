"""Folds what was traced, so that the next prompt is stored as a difference. Pure."""

from agentproxy.conversation.base import CHAT
from agentproxy.conversation.state import Chat
from agentproxy.events.tracing import AnswerTraced, PromptTraced


@CHAT.fold(PromptTraced)
def fold_prompt(state: Chat, fact: PromptTraced) -> None:
    state.traced.take_prompt(fact)


@CHAT.fold(AnswerTraced)
def fold_answer(state: Chat, fact: AnswerTraced) -> None:
    state.traced.take_answer(fact)
