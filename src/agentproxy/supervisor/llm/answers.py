"""Answers a worker's question from the project's own documents, with the passage that says it.

What the worker is told are words of the document: the passage, or a part of it. Only the choice is
the model's. So whatever moves it, a worker is told nothing but what a person wrote down.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated

from pydantic import BaseModel, Field

from agentproxy.events.requests import Request
from agentproxy.models.port import Model
from agentproxy.supervisor.llm.prompt_injection import speaks_to_a_model
from agentproxy.supervisor.llm.structured_reply import Material, Question, ask_for_reply
from agentproxy.supervisor.llm.visible_text import plain, visible
from agentproxy.text.sensitive import ASKS_FOR_A_SECRET, tells_a_secret

MIN_CONFIDENCE = 0.7
MIN_QUOTE_CHARACTERS = 8
MAX_PASSAGE_CHARACTERS = 600
_PERMISSION = re.compile(
    r"\b(?:permission|permitted|allowed to|approv\w+|authori[sz]\w+|grant\w*|consent)\b",
    re.IGNORECASE,
)


class AnswerForm(BaseModel):
    """The reply to a question of a worker."""

    answer: Annotated[str, Field(max_length=2000)] = ""
    document: Annotated[str, Field(max_length=300, description="the document's name")] = ""
    quote: Annotated[str, Field(max_length=2000, description="word for word")] = ""
    confidence: Annotated[float, Field(ge=0, le=1, allow_inf_nan=False)] = 0.0


@dataclass(frozen=True, slots=True)
class Answered:
    """An answer with its source, or why there is none."""

    text: str = ""
    source: str = ""
    confidence: float = 0.0
    why_not: str = ""


async def answer_question(
    model: Model, request: Request, *, documents: Sequence[Material]
) -> Answered:
    """An answer that a document gives word for word, or the reason why a person has to give it.

    Raises:
        ModelError: the model does not answer.
    """
    if not documents:
        return Answered(why_not="the project has no documents to answer from (pa init)")
    if asks_for_permission(request):
        return Answered(why_not="it asks for permission or for a secret: no document gives either")
    if doubt := speaks_to_a_model([request.text, *request.options]):
        return Answered(why_not=f"the question speaks to a model: {doubt}")
    documents = [each for each in documents if not speaks_to_a_model([each.name, each.text])]
    asked = Material("The question", "\n".join((request.text, *request.options)))
    question = Question(
        prompt="answer",
        ask="Answer the question from the documents.",
        form=AnswerForm,
        material=(*documents, asked),
    )
    reply = await ask_for_reply(model, question)
    if reply.form is None:
        return Answered(why_not=f"the reply of {model.name} cannot be used: {reply.problem}")
    return check_answer(reply.form, documents)


def asks_for_permission(request: Request) -> bool:
    """Whether the question is one for a person, whatever the documents say."""
    texts = [plain(text) for text in (request.text, *request.options)]
    return any(_PERMISSION.search(text) or ASKS_FOR_A_SECRET.search(text) for text in texts)


def check_answer(form: AnswerForm, documents: Sequence[Material]) -> Answered:
    """The passage, if it stands in the document that the reply names; of it, the part that is the
    answer, if the answer is one.
    """
    text = next((each.text for each in documents if each.name == form.document), None)
    quote, answer = _flat(form.quote), _flat(form.answer)
    if not answer or form.confidence < MIN_CONFIDENCE:
        return Answered(why_not=f"no document answers it (confidence {form.confidence:.1f})")
    if text is None or len(quote) < MIN_QUOTE_CHARACTERS or quote not in _flat(text):
        return Answered(why_not="the passage that was cited is in no document")
    if len(quote) > MAX_PASSAGE_CHARACTERS:
        return Answered(why_not="what was cited is no passage: it is too long")
    if tells_a_secret(plain(quote)):
        return Answered(why_not="the passage holds what looks like a secret")
    return Answered(
        text=answer if _stands_in(answer, quote) else quote,
        source=f"{form.document}: {quote[:200]}",
        confidence=form.confidence,
    )


def _stands_in(answer: str, quote: str) -> bool:
    """Whether it is a part of the passage, in whole words."""
    return re.search(rf"(?<!\w){re.escape(answer)}(?!\w)", quote) is not None


def _flat(text: str) -> str:
    return " ".join(visible(text).split())
