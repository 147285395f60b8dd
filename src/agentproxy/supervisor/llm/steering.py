"""Writes the message that redirects a worker which makes no progress."""

from collections.abc import Sequence
from typing import Annotated

from pydantic import BaseModel, Field

from agentproxy.models.port import Model
from agentproxy.supervisor.llm.structured_reply import Material, ReplyRequest, ask_for_reply
from agentproxy.supervisor.state import State

PLAIN = (
    "You are making no progress ({reason}). Stop and read your task again. Look at the last "
    "results and try something else. If the task cannot be done, say why and end."
)


class SteerForm(BaseModel):
    text: Annotated[str, Field(min_length=1, max_length=1000)]


async def steer(model: Model | None, state: State, *, reason: str, recent: Sequence[str]) -> str:
    """Returns the message, in fixed words where no model is given or its reply is unusable.

    Raises:
        ModelError: the model does not answer.
    """
    plain = PLAIN.format(reason=reason)
    if model is None:
        return plain
    criteria = "\n".join(f"- {each.text}" for each in state.scope.criteria)
    question = ReplyRequest(
        prompt="steer",
        ask=f"The task: {state.require_order().task}\nWhat must become true:\n{criteria}\n"
        f"Why it seems to make no progress: {reason}\n",
        form=SteerForm,
        material=(Material("The agent's last calls and their results", "\n".join(recent)),),
    )
    reply = await ask_for_reply(model, question)
    return reply.form.text if reply.form else plain
