"""What a model replies counts only as far as what it was shown says the same."""

import asyncio
from collections.abc import Mapping

import pytest

from agentproxy.events.contract import Criterion
from agentproxy.events.plan import OpinionGiven
from agentproxy.events.requests import Request
from agentproxy.events.run import Order
from agentproxy.models.scripted import ScriptedCall, ScriptedModel, Turn
from agentproxy.supervisor.llm.answers import SourcedAnswer, answer_question
from agentproxy.supervisor.llm.judge import give_opinion
from agentproxy.supervisor.llm.plans import make_plan
from agentproxy.supervisor.llm.structured_reply import Material

DIFF = """\
diff --git a/calc.py b/calc.py
--- a/calc.py
+++ b/calc.py
@@ -1,2 +1,2 @@
 def add(a, b):
-    return a - b
+    return a + b
"""


def replies(*forms: Mapping[str, object]) -> ScriptedModel:
    turns = [{"calls": [{"name": "reply", "arguments": form}]} for form in forms]
    return ScriptedModel("scripted", [Turn.model_validate(turn) for turn in turns])


def opinion(*forms: Mapping[str, object]) -> OpinionGiven:
    criterion = Criterion(id="task", text="add returns the sum of both")
    return asyncio.run(give_opinion(replies(*forms), criterion, number=1, diff=DIFF))


@pytest.mark.parametrize(
    ("says", "quote", "why"),
    [
        ("met", "return sum([a, b])", "not in the code"),
        ("met", "a", "not in the code"),
        ("met", "    return a - b", "not in the code"),
        ("not_met", "", "so it is"),
        ("cannot_tell", "", "so it is"),
    ],
)
def test_a_judge_who_cannot_cite_has_not_said_met(says: str, quote: str, why: str) -> None:
    given = opinion({"says": says, "quote": quote, "reason": "so it is"})
    assert given.says == (says if says != "met" else "cannot_tell")
    assert why in given.reason


STANDARDS = Material("standards.md", "# Standards\n\nDates are written as YYYY-MM-DD, everywhere.")
PASSAGE = "Dates are written as YYYY-MM-DD"


def answered(**given: object) -> SourcedAnswer:
    form = {"answer": "YYYY-MM-DD", "document": "standards.md", **given}
    request = Request(id="1", kind="question", text="Which date format?")
    return asyncio.run(answer_question(replies(form), request, documents=[STANDARDS]))


@pytest.mark.parametrize(
    "given",
    [
        {"quote": "Dates are written as DD.MM.YYYY", "confidence": 1.0},
        {"quote": PASSAGE, "confidence": 0.5},
        {"quote": "Dates", "confidence": 1.0},
        {"quote": PASSAGE, "confidence": 1.0, "document": "no.md"},
    ],
)
def test_an_answer_without_its_passage_or_in_doubt_is_none(given: dict[str, object]) -> None:
    assert answered(quote=PASSAGE, confidence=1.0).text == "YYYY-MM-DD"
    found = answered(**given)
    assert (found.text, bool(found.why_not)) == ("", True)


@pytest.mark.parametrize(
    "first",
    [
        {"task": "Understand add", "criteria": ["it is understood"]},
        {"task": "Make add add", "checks": ["make test"]},
    ],
)
def test_a_planned_part_that_nothing_of_its_own_proves_is_done_with_the_next(
    first: dict[str, object],
) -> None:
    second = {"task": "Note it in CHANGES", "checks": ["test -s CHANGES"]}
    order = Order(task="Do it", repository="/project", worker="w", checks=("make test",))
    model = replies({"parts": [first, second, {"task": "Tidy up"}]})
    plan = asyncio.run(make_plan(model, order, paths=(), documents=(), images=()))
    assert [part.task for part in plan.parts] == [
        f"{first['task']}\n\nNote it in CHANGES",
        "Tidy up",
    ]


@pytest.mark.parametrize(
    "turn",
    [
        Turn(text="I would rather not."),
        Turn(text='{"parts": []}'),
        Turn(calls=(ScriptedCall(name="reply", arguments={"parts": "all of it"}),)),
    ],
)
def test_a_plan_that_is_none_makes_the_task_its_one_part(turn: Turn) -> None:
    model = ScriptedModel("scripted", [turn, turn])
    order = Order(task="Fix it", repository="/project", worker="command:true")
    plan = asyncio.run(make_plan(model, order, paths=(), documents=(), images=()))
    assert [part.task for part in plan.parts] == ["Fix it"]
    assert "cannot be used" in plan.notes[0]
