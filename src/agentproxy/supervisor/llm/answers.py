"""Answers a worker's question with a passage from the project's documents.

A worker gets only words that a person wrote: the model chooses a passage and writes none.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated

from pydantic import BaseModel, Field

from agentproxy.events.requests import Request
from agentproxy.models.port import Model
from agentproxy.supervisor.llm.prompt_injection import speaks_to_a_model
from agentproxy.supervisor.llm.structured_reply import Material, ReplyRequest, ask_for_reply
from agentproxy.supervisor.llm.visible_text import plain
from agentproxy.text.sensitive import ASKS_FOR_A_SECRET, tells_a_secret
from agentproxy.text.unseen import visible

MIN_CONFIDENCE = 0.7
MIN_QUOTE_CHARACTERS = 8
MAX_PASSAGE_CHARACTERS = 600
_PERMISSION = re.compile(
    r"\b(?:permission|permitted|allowed to|approv\w+|authori[sz]\w+|grant\w*|consent)\b",
    re.IGNORECASE,
)


class AnswerForm(BaseModel):
    answer: Annotated[str, Field(max_length=2000)] = ""
    document: Annotated[str, Field(max_length=300, description="the document's name")] = ""
    quote: Annotated[str, Field(max_length=2000, description="word for word")] = ""
    confidence: Annotated[float, Field(ge=0, le=1, allow_inf_nan=False)] = 0.0


@dataclass(frozen=True, slots=True)
class SourcedAnswer:
    """An answer with its source, or the reason why there is none."""

    text: str = ""
    source: str = ""
    confidence: float = 0.0
    why_not: str = ""


async def answer_question(
    model: Model, request: Request, *, documents: Sequence[Material]
) -> SourcedAnswer:
    """Returns an answer in the words of a document, or the reason why a person must answer.

    Raises:
        ModelError: the model does not answer.
    """
    if not documents:
        return SourcedAnswer(
            why_not="the project has no documents to answer from; pa init makes a folder for them"
        )
    # Only a person gives permission, whatever the documents say.
    if asks_for_permission(request):
        return SourcedAnswer(
            why_not="it asks for permission or a secret, and no document can give these"
        )
    if doubt := speaks_to_a_model([request.text, *request.options]):
        return SourcedAnswer(why_not=f"the question contains an instruction to a model: {doubt}")
    documents = [each for each in documents if not speaks_to_a_model([each.name, each.text])]
    asked = Material("The question", "\n".join((request.text, *request.options)))
    question = ReplyRequest(
        prompt="answer",
        ask="Answer the question from the documents.",
        form=AnswerForm,
        material=(*documents, asked),
    )
    reply = await ask_for_reply(model, question)
    if reply.form is None:
        return SourcedAnswer(why_not=f"the reply of {model.name} cannot be used: {reply.problem}")
    return check_answer(reply.form, documents)


def asks_for_permission(request: Request) -> bool:
    texts = [plain(text) for text in (request.text, *request.options)]
    return any(_PERMISSION.search(text) or ASKS_FOR_A_SECRET.search(text) for text in texts)


def check_answer(form: AnswerForm, documents: Sequence[Material]) -> SourcedAnswer:
    """Accepts an answer only if its quote is in the document that it names."""
    text = next((each.text for each in documents if each.name == form.document), None)
    quote, answer = _flat(form.quote), _flat(form.answer)
    if not answer or form.confidence < MIN_CONFIDENCE:
        return SourcedAnswer(why_not=f"no document answers it (confidence {form.confidence:.1f})")
    if text is None or len(quote) < MIN_QUOTE_CHARACTERS or quote not in _flat(text):
        return SourcedAnswer(why_not="the quoted passage is not in the document")
    if len(quote) > MAX_PASSAGE_CHARACTERS:
        return SourcedAnswer(
            why_not=f"the quoted passage has more than {MAX_PASSAGE_CHARACTERS} characters"
        )
    if tells_a_secret(plain(quote)):
        return SourcedAnswer(why_not="the quoted passage seems to contain a secret")
    # The worker never gets the model's own words.
    return SourcedAnswer(
        text=answer if _is_part_of(quote, answer) else quote,
        source=f"{form.document}: {quote[:200]}",
        confidence=form.confidence,
    )


def _is_part_of(quote: str, answer: str) -> bool:
    return re.search(rf"(?<!\w){re.escape(answer)}(?!\w)", quote) is not None


def _flat(text: str) -> str:
    return " ".join(visible(text).split())
