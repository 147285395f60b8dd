"""What a worker that goes astray is told: by the supervisor's model where there is one."""

from collections.abc import Sequence
from typing import Annotated

from pydantic import BaseModel, Field

from agentproxy.models.port import Model
from agentproxy.supervisor.llm.structured_reply import Material, Question, ask_for_reply
from agentproxy.supervisor.state import State

PLAIN = (
    "You are going in circles ({reason}). Stop, read your task again, look at what the last "
    "results say, and try something else; if it cannot be done, say why and end."
)


class SteerForm(BaseModel):
    """The reply: what the worker is told."""

    text: Annotated[str, Field(min_length=1, max_length=1000)]


async def steer(model: Model | None, state: State, *, reason: str, recent: Sequence[str]) -> str:
    """The words that a worker is told.

    Raises:
        ModelError: the model does not answer.
    """
    plain = PLAIN.format(reason=reason)
    if model is None:
        return plain
    criteria = "\n".join(f"- {each.text}" for each in state.scope.criteria)
    question = Question(
        prompt="steer",
        ask=f"The task: {state.require_order().task}\nWhat must become true:\n{criteria}\n"
        f"Why it seems to be astray: {reason}\n",
        form=SteerForm,
        material=(Material("Its last calls and their results", "\n".join(recent)),),
    )
    reply = await ask_for_reply(model, question)
    return reply.form.text if reply.form else plain
