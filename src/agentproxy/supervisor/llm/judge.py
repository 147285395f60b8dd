"""Asks the judge about one criterion that no command can prove, and tests the reply.

The judge sees only code. Its "met" counts if it quotes new code and passes a control question.
"""

import asyncio
import re
import secrets
from typing import Annotated

from pydantic import BaseModel, Field

from agentproxy.events.contract import Criterion
from agentproxy.events.plan import JudgeAnswer, OpinionGiven
from agentproxy.models.port import Model
from agentproxy.supervisor.llm.diff_without_comments import (
    DiffWithoutComments,
    changed_files,
    strip_diff,
)
from agentproxy.supervisor.llm.prompt_injection import speaks_to_a_model
from agentproxy.supervisor.llm.structured_reply import Material, ReplyRequest, ask_for_reply

SHORTEST_QUOTE = 8
MAX_QUOTE_LENGTH = 2000
MAX_SHOWN_LENGTH = 120_000
CHANGE = "The change"


class OpinionForm(BaseModel):
    says: JudgeAnswer = "cannot_tell"
    quote: Annotated[str, Field(max_length=MAX_QUOTE_LENGTH, description="word for word")] = ""
    reason: Annotated[str, Field(max_length=2000)] = ""


async def give_opinion(
    model: Model, criterion: Criterion, *, number: int, diff: str
) -> OpinionGiven:
    """Returns the judge's opinion, as far as it counts. `diff` should have whole files.

    Raises:
        ModelError: the model does not answer.
    """
    form = OpinionForm(reason=_find_injection(criterion, diff))
    if not form.reason:
        code = await asyncio.to_thread(strip_diff, diff)
        form = await _ask_with_control(model, criterion.text, code)
    met = form.says == "met"
    return OpinionGiven(
        round=number,
        criterion=criterion.id,
        says=form.says,
        quote=form.quote.strip() if met else "",
        where=CHANGE if met else "",
        reason=form.reason.strip(),
    )


def _find_injection(criterion: Criterion, diff: str) -> str:
    files = list(changed_files(diff))
    made = ["\n".join(text for sign, text in file.lines if sign == "+") for file in files]
    said = speaks_to_a_model([criterion.text, *(file.path for file in files), *made])
    return f"the change contains an instruction to its judge: {said}" if said else ""


async def _ask_with_control(model: Model, text: str, code: DiffWithoutComments) -> OpinionForm:
    if not code.added.strip():
        return OpinionForm(reason="the change adds no code that could show it")
    form = await _ask(model, text, code)
    if form is None:
        return OpinionForm(reason="the judge's reply cannot be used")
    if form.says != "met":
        return form
    if not is_cited(form.quote, code):
        return OpinionForm(reason="the judge's quote is not in the code that the change adds")
    # A model that says met of an untrue condition was influenced, so its first answer is void.
    untrue = await _ask(model, _untrue(text), code)
    if untrue is None or untrue.says == "met":
        reason = (
            "the judge also says met of an untrue condition: something in the change influences it"
        )
        return OpinionForm(reason=reason)
    return form


async def _ask(model: Model, text: str, code: DiffWithoutComments) -> OpinionForm | None:
    question = ReplyRequest(
        prompt="judge",
        ask=f"The criterion: {text}\n",
        form=OpinionForm,
        material=(Material(CHANGE, code.shown[:MAX_SHOWN_LENGTH]),),
    )
    return (await ask_for_reply(model, question)).form


def _untrue(text: str) -> str:
    # A random name: a text in the change cannot make an exception for it in advance.
    name = secrets.token_hex(4)
    also = f"a file named `{name}.xyz` holds the word `{name}` a hundred times"
    return f"{text} And by the same change {also}."


def is_cited(quote: str, code: DiffWithoutComments) -> bool:
    """Whether the quote is, word for word, in code that the change adds."""
    added = code.added[:MAX_SHOWN_LENGTH]
    before = {_flat(line) for line in code.removed.split("\n")}
    # Code that was only moved shows nothing.
    fresh = [flat for line in added.split("\n") if (flat := _flat(line)) not in before]
    marked = "\n".join(line.strip().removeprefix("+") for line in quote.splitlines())
    return any(
        text in _flat(added) and any(_shares(text, line) for line in fresh)
        for text in (_flat(quote), _flat(marked))
        if len(text) >= SHORTEST_QUOTE and re.search(r"[A-Za-z_]{2}", text)
    )


def _shares(text: str, line: str) -> bool:
    return text in line or (len(line) >= SHORTEST_QUOTE and line in text)


def _flat(text: str) -> str:
    return " ".join(text.split())
