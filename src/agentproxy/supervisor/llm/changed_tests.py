"""Asks the judge whether the task asks for a change of old tests, and tests the reply.

Its "met" counts if it quotes the task and passes a control question. The change itself proves
nothing: who wrote it is judged by it.
"""

import asyncio
import re
import secrets
from dataclasses import dataclass

from agentproxy.events.asked import ChangedTestsJudged
from agentproxy.models.port import Model
from agentproxy.supervisor.llm.diff_without_comments import (
    DiffWithoutComments,
    changed_files,
    strip_diff,
)
from agentproxy.supervisor.llm.judge import CHANGE, MAX_SHOWN_LENGTH, OpinionForm
from agentproxy.supervisor.llm.prompt_injection import speaks_to_a_model
from agentproxy.supervisor.llm.strip_comments import LEFT_OUT
from agentproxy.supervisor.llm.structured_reply import Material, ReplyRequest, ask_for_reply

SHORTEST_QUOTE = 8
FEWEST_WORDS = 2


@dataclass(frozen=True, slots=True)
class ChangedTests:
    """The change of an old test file in the claim of a round; the diff has the whole file."""

    round: int
    path: str
    diff: str


async def judge_changed_tests(
    model: Model, tests: ChangedTests, *, task: str
) -> ChangedTestsJudged:
    """Returns the judge's answer, as far as it counts.

    Raises:
        ModelError: the model does not answer.
    """
    form = OpinionForm(reason=_find_injection(tests))
    if not form.reason:
        code = await asyncio.to_thread(strip_diff, tests.diff, of_tests=True)
        form = await _ask_with_control(model, task, code)
    return ChangedTestsJudged(
        round=tests.round,
        path=tests.path,
        says=form.says,
        quote=form.quote.strip() if form.says == "met" else "",
        reason=form.reason.strip(),
    )


def _find_injection(tests: ChangedTests) -> str:
    made = [text for file in changed_files(tests.diff) for sign, text in file.lines if sign == "+"]
    said = speaks_to_a_model([tests.path, "\n".join(made)])
    return f"the change contains an instruction to its judge: {said}" if said else ""


async def _ask_with_control(model: Model, task: str, code: DiffWithoutComments) -> OpinionForm:
    if hidden := _find_hidden(code):
        return OpinionForm(reason=hidden)
    form = await _ask(model, code, f"The task, word for word:\n{task}\n")
    if form is None:
        return OpinionForm(reason="the judge's reply cannot be used")
    if form.says != "met":
        return form
    if not is_cited_from(form.quote, task):
        return OpinionForm(reason="the judge's quote is not in the task")
    # A random name: nothing in the change can make an exception for it in advance.
    name = f"test_{secrets.token_hex(4)}"
    also = f"Beside what you see, the change removes the old test `{name}`. Judge both together.\n"
    untrue = await _ask(model, code, f"The task, word for word:\n{task}\n\n{also}")
    if untrue is None or untrue.says == "met":
        reason = "the judge also says so of a change that the task does not ask for"
        return OpinionForm(reason=reason)
    return form


def _find_hidden(code: DiffWithoutComments) -> str:
    if not (code.added.strip() or code.removed.strip()):
        return "no code of the change can be shown"
    # What is not shown would be excused unseen.
    if LEFT_OUT in code.added + code.removed or len(code.shown) > MAX_SHOWN_LENGTH:
        return "not all of the change can be shown to the judge"
    return ""


async def _ask(model: Model, code: DiffWithoutComments, ask: str) -> OpinionForm | None:
    question = ReplyRequest(
        prompt="changed_tests",
        ask=ask,
        form=OpinionForm,
        material=(Material(CHANGE, code.shown),),
    )
    return (await ask_for_reply(model, question)).form


def is_cited_from(quote: str, task: str) -> bool:
    """Whether the quote is, word for word, in the task, and says something."""
    flat = " ".join(quote.split())
    words = re.findall(r"\w+", flat)
    return (
        len(flat) >= SHORTEST_QUOTE
        and len(words) >= FEWEST_WORDS
        and flat in " ".join(task.split())
    )
