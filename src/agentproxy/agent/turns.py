"""Asks the model for its next answer, and tells it to continue one that was cut off."""

from collections.abc import Sequence

from agentproxy.agent.face import AGENT, AskModel, Continue
from agentproxy.agent.parts import AgentParts
from agentproxy.agent.state import Conversation
from agentproxy.engine.context import Context, ShowText
from agentproxy.events.agent import AgentTold, ModelAnswered, TurnStarted
from agentproxy.events.conversation import Image, Message, UserMessage
from agentproxy.events.envelope import Fact
from agentproxy.models.port import Prompt, Show

GO_ON = (
    "[Your previous response was cut off at the token limit. "
    "Please continue from where you left off.]"
)
HURRY = (
    "\n\nYou have only a few answers left. Finish the current step. Start nothing new. End with a "
    "summary."
)
LAST = "\n\nThis is your last answer, and you have no tools. Say what is done and what is not done."


@AGENT.handles(AskModel, started=lambda effect: TurnStarted(turn=effect.turn))
async def ask_model(effect: AskModel, context: Context[Conversation, AgentParts]) -> Sequence[Fact]:
    state, parts = context.state, context.parts
    prompt = Prompt(
        system=parts.instructions() + (LAST if effect.final else HURRY if effect.hurry else ""),
        messages=_with_images(parts.shown(state.messages), parts.images),
        tools=() if effect.final else parts.tools.specs,
        max_output=state.limits.output,
        effort=parts.effort,
    )
    asked = parts.model.answer(prompt, show=_shown_by(context.show))
    # They need not stay beside the answer while it comes.
    del context, parts, prompt
    answer = await asked
    answered = ModelAnswered(
        turn=effect.turn,
        message=answer.message,
        stop=answer.stop,
        usage=answer.usage,
        model=answer.model,
        final=effect.final,
    )
    return [answered]


def _shown_by(show: ShowText) -> Show:
    return lambda fragment: show(fragment.kind, fragment.text)


@AGENT.handles(Continue, instant=True)
async def continue_answer(
    _effect: Continue, _context: Context[Conversation, AgentParts]
) -> Sequence[Fact]:
    return [AgentTold(text=GO_ON, why="continue")]


def _with_images(messages: Sequence[Message], images: Sequence[Image]) -> Sequence[Message]:
    # The images belong to the task, which is the first message.
    first = messages[0]
    if not images or not isinstance(first, UserMessage):
        return messages
    return [UserMessage(parts=(*images, *first.parts)), *messages[1:]]
