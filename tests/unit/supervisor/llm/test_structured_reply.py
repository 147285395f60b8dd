"""The supervisor's own questions to a model."""

import asyncio

import pytest
from pydantic import BaseModel

from agentproxy.models.port import ModelUnavailable
from agentproxy.models.scripted import ScriptedModel, Turn
from agentproxy.supervisor.llm.structured_reply import ReplyRequest, ask_for_reply


class Yes(BaseModel):
    yes: bool


def test_a_model_that_never_ends_its_answer_is_not_waited_for() -> None:
    model = ScriptedModel("slow", [Turn(text='{"yes": true}', seconds=60)])
    question = ReplyRequest(prompt="plan", ask="Is it so?", form=Yes)
    with pytest.raises(ModelUnavailable, match=r"within 0\.05s"):
        asyncio.run(ask_for_reply(model, question, seconds=0.05))
