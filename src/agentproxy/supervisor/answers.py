"""Answers a worker's question from the project's own documents, with the passage that says it."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated

from pydantic import BaseModel, Field

from agentproxy.events.desk import Request
from agentproxy.models.port import Model
from agentproxy.supervisor.mind import Material, Question, consult

LEAST_CONFIDENCE = 0.7
SHORTEST_QUOTE = 8


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
    asked = Material("The question", "\n".join((request.text, *request.options)))
    question = Question(
        prompt="answer",
        ask="Answer the question from the documents.",
        form=AnswerForm,
        material=(*documents, asked),
    )
    reply = await consult(model, question)
    if reply.form is None:
        return Answered(why_not=f"the reply of {model.name} cannot be used: {reply.problem}")
    return weighed(reply.form, documents)


def weighed(form: AnswerForm, documents: Sequence[Material]) -> Answered:
    """The answer, if its passage stands in the document that it names."""
    text = next((each.text for each in documents if each.name == form.document), None)
    quote = " ".join(form.quote.split())
    if not form.answer.strip() or form.confidence < LEAST_CONFIDENCE:
        return Answered(why_not=f"no document answers it (confidence {form.confidence:.1f})")
    if text is None or len(quote) < SHORTEST_QUOTE or quote not in " ".join(text.split()):
        return Answered(why_not="the passage that was cited is in no document")
    return Answered(
        text=form.answer.strip(),
        source=f"{form.document}: {quote[:200]}",
        confidence=form.confidence,
    )
