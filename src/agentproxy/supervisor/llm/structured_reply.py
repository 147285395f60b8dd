"""Asks the supervisor's model, and accepts nothing but a valid form."""

import asyncio
import json
import re
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.resources import files
from typing import Generic, TypeVar

from pydantic import BaseModel, ValidationError

from agentproxy.events.conversation import (
    AssistantMessage,
    Image,
    Message,
    Text,
    ToolResult,
    UserMessage,
)
from agentproxy.events.durations import format_duration
from agentproxy.models.port import Fragment, Model, ModelUnavailable, Prompt, ToolSpec
from agentproxy.text.unseen import visible

MAX_REPLY_ATTEMPTS = 2
# Without a limit, a vendor that only sends keep-alives would hold up the run.
MAX_REPLY_SECONDS = 900.0
MAX_REPLY_TOKENS = 4096
REPLY_TOOL = "reply"

ReplyForm = TypeVar("ReplyForm", bound=BaseModel)


@dataclass(frozen=True, slots=True)
class Material:
    """A named text by others that a question is about."""

    name: str
    text: str


@dataclass(frozen=True, slots=True)
class ReplyRequest(Generic[ReplyForm]):
    prompt: str
    ask: str
    form: type[ReplyForm]
    material: Sequence[Material] = ()
    images: Sequence[Image] = ()


@dataclass(frozen=True, slots=True)
class Reply(Generic[ReplyForm]):
    form: ReplyForm | None  # None: `problem` says why
    problem: str = ""


async def ask_for_reply(
    model: Model, question: ReplyRequest[ReplyForm], *, seconds: float = MAX_REPLY_SECONDS
) -> Reply[ReplyForm]:
    """Asks, and asks once more if the reply does not fit the form.

    Raises:
        ModelError: the model does not answer within `seconds`.
    """
    try:
        async with asyncio.timeout(seconds):
            return await _consult(model, question)
    except TimeoutError as error:
        raise ModelUnavailable(
            f"{model.name} gave no complete answer within {format_duration(seconds)}",
            cure="pa resume asks again; --judge names another model, or none",
        ) from error


async def _consult(model: Model, question: ReplyRequest[ReplyForm]) -> Reply[ReplyForm]:
    # New for each question, so that no material can contain the end mark.
    mark = secrets.token_hex(6)
    schema = question.form.model_json_schema()
    form = prompt_text("data").format(mark=mark, schema=json.dumps(schema))
    told = f"{prompt_text(question.prompt)}\n{form}"
    shown = "".join(_framed(item, mark) for item in question.material)
    parts = (Text(text=f"{shown}{question.ask}"), *question.images)
    messages: list[Message] = [UserMessage(parts=parts)]
    problem = ""
    for _ in range(MAX_REPLY_ATTEMPTS):
        prompt = Prompt(
            system=told,
            messages=messages,
            tools=(ToolSpec(REPLY_TOOL, "Sends your reply.", schema),),
            max_output=MAX_REPLY_TOKENS,
        )
        answer = await model.answer(prompt, show=_unseen)
        try:
            return Reply(question.form.model_validate(_given(answer.message, shown=shown)))
        except ValidationError as error:
            first = error.errors(include_url=False, include_input=False)[0]
            problem = f"{'.'.join(map(str, first['loc']))}: {first['msg']}"
        except ValueError as error:
            problem = str(error)
        messages += [answer.message, _refused(answer.message, problem)]
    return Reply(None, problem)


def prompt_text(name: str) -> str:
    return files("agentproxy.supervisor.llm").joinpath(f"prompts/{name}.md").read_text("utf-8")


def _framed(material: Material, mark: str) -> str:
    # A name is by others too: it is inside the marks, on one line.
    name = " ".join(visible(material.name).split())
    return f"<<DATA {mark}\n{name}:\n{visible(material.text)}\nDATA {mark}>>\n\n"


def _given(message: AssistantMessage, *, shown: str) -> object:
    for call in message.calls:
        if call.name == REPLY_TOOL and not call.invalid:
            return call.arguments
    found = re.search(r"\{.*\}", message.text, re.DOTALL)
    if found is None:
        raise ValueError("the reply contains no JSON object")
    # JSON from the material is not the model's own reply.
    if "".join(found[0].split()) in "".join(shown.split()):
        raise ValueError("the JSON object is a quotation from the material")
    return json.loads(found[0])


def _refused(message: AssistantMessage, problem: str) -> UserMessage:
    words = f"This reply cannot be used: {problem}. Reply again. Your reply must fit the schema."
    results = [ToolResult(call=call.id, text=words, failed=True) for call in message.calls]
    return UserMessage(parts=tuple(results) or (Text(text=words),))


def _unseen(fragment: Fragment) -> None:
    """Shows nothing. Only the resulting form is recorded."""
