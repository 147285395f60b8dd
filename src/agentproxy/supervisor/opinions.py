"""Asks the judge about one criterion that no command can prove, and weighs what it says.

The judge is asked a second time, about something that is not so. Who says that this is met, too,
was moved by something in the material, and says nothing about the first.
"""

import re
import secrets
from collections.abc import Sequence
from typing import Annotated

from pydantic import BaseModel, Field

from agentproxy.events.contract import Criterion
from agentproxy.events.plan import OpinionGiven, Says
from agentproxy.models.port import Model
from agentproxy.supervisor.mind import Material, Question, consult

SHORTEST_QUOTE = 8
LONGEST_QUOTE = 2000
# Words that speak to who judges, and not about the code.
SPEAKS_TO_US = re.compile(
    r"(?:ignore|disregard|forget)\W+(?:\w+\W+){0,4}(?:instruction|prompt|rule|criteri)"
    r"|\b(?:dear|note to|to the|attention,?) (?:the )?(?:judge|reviewer|supervisor|verifier|ai)\b"
    r"|\b(?:judge|supervisor|verifier|reviewer)s?\b[^.\n]{0,60}\b(?:must|should|shall|please)\b"
    r"|\b(?:mark|report|answer|declare|consider|treat|say|reply|respond|output|return|approve)\b"
    r"[^.\n]{0,60}\b(?:verified|met|approved|passing|confidence)\b"
    r"|\bsystem (?:prompt|message|note|override)\b",
    re.IGNORECASE,
)


class OpinionForm(BaseModel):
    """The judge's reply about one criterion."""

    says: Says = "cannot tell"
    quote: Annotated[str, Field(max_length=LONGEST_QUOTE, description="word for word")] = ""
    reason: Annotated[str, Field(max_length=2000)] = ""


async def give_opinion(
    model: Model,
    criterion: Criterion,
    *,
    number: int,
    change: Material,
    evidence: Sequence[Material],
) -> OpinionGiven:
    """What the judge says of a criterion, as far as it counts.

    Raises:
        ModelError: the model does not answer.
    """
    material = (change, *evidence)
    doubt = speaks_to_us(material)
    if doubt:
        reason = f"the material speaks to who judges it: {doubt}"
        return _cannot_tell(criterion, number, reason)
    form = await _ask(model, criterion.text, material)
    if form is None:
        return _cannot_tell(criterion, number, "the judge's reply cannot be used")
    if form.says != "met":
        return OpinionGiven(
            round=number, criterion=criterion.id, says=form.says, reason=form.reason.strip()
        )
    where = cited(form.quote, material)
    if not where:
        return _cannot_tell(criterion, number, "what the judge cites is not in what it was shown")
    untrue = await _ask(model, _untrue(), material)
    if untrue is None or untrue.says == "met":
        reason = "the judge says met of what is not so, too: something in the material moves it"
        return _cannot_tell(criterion, number, reason)
    return OpinionGiven(
        round=number,
        criterion=criterion.id,
        says="met",
        quote=form.quote.strip(),
        where=where,
        reason=form.reason.strip(),
    )


async def _ask(model: Model, text: str, material: Sequence[Material]) -> OpinionForm | None:
    question = Question(
        prompt="judge", ask=f"The criterion: {text}\n", form=OpinionForm, material=material
    )
    return (await consult(model, question)).form


def _untrue() -> str:
    """A criterion that no change meets."""
    name = secrets.token_hex(4)
    return f"The change adds a file named {name}.xyz that holds the word {name} a hundred times."


def speaks_to_us(material: Sequence[Material]) -> str:
    """The first words in what was made, names of files too, that speak to who judges it, or ""."""
    for item in material:
        lines = item.text.splitlines()
        made = [line for line in lines if item.name != CHANGE or line.startswith("+")]
        found = SPEAKS_TO_US.search("\n".join(made))
        if found:
            return " ".join(found[0].split())[:120]
    return ""


CHANGE = "The change"


def cited(quote: str, material: Sequence[Material]) -> str:
    """Where a quotation stands word for word: in added lines of the change, or in what was printed;
    "" where it does not.
    """
    wanted = " ".join(quote.split())
    if len(wanted) < SHORTEST_QUOTE:
        return ""
    for item in material:
        text = _new(item.text) if item.name == CHANGE else item.text
        marked = " ".join(line.removeprefix("+").strip() for line in quote.splitlines())
        shown = " ".join(text.split())
        if wanted in shown or " ".join(marked.split()) in shown:
            return item.name
    return ""


def _new(diff: str) -> str:
    """The added lines of a diff, without their sign."""
    lines = diff.splitlines()
    return "\n".join(
        line[1:] for line in lines if line.startswith("+") and not line.startswith("+++")
    )


def _cannot_tell(criterion: Criterion, number: int, reason: str) -> OpinionGiven:
    return OpinionGiven(round=number, criterion=criterion.id, says="cannot tell", reason=reason)
