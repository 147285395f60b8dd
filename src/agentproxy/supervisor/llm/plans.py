"""The plan: the task in parts, as the supervisor's model has it and as far as it can be used."""

from collections.abc import Sequence
from typing import Annotated

from pydantic import BaseModel, Field

from agentproxy.events.conversation import Image
from agentproxy.events.plan import Part, PlanMade
from agentproxy.events.run import Order
from agentproxy.models.port import Model
from agentproxy.supervisor.llm.prompt_injection import speaks_to_a_model
from agentproxy.supervisor.llm.structured_reply import Material, Question, ask_for_reply

MAX_PARTS = 8
MAX_CHECKS = 5
MAX_CRITERIA = 8
MAX_COMMAND_LENGTH = 500
LISTED = 400


class PlannedPart(BaseModel):
    """A part: the task as an instruction to a coding agent, and how it is seen to be done."""

    task: Annotated[str, Field(min_length=1, max_length=4000)]
    checks: Annotated[list[str], Field(max_length=20)] = Field(
        default_factory=list, description="commands that fail now and succeed when it is done"
    )
    criteria: Annotated[list[str], Field(max_length=20)] = Field(
        default_factory=list, description="what must become true and no command can show"
    )


class PlanForm(BaseModel):
    """The reply of the planner."""

    parts: Annotated[list[PlannedPart], Field(min_length=1, max_length=30)]


async def make_plan(
    model: Model,
    order: Order,
    *,
    paths: Sequence[str],
    documents: Sequence[Material],
    images: Sequence[Image],
) -> PlanMade:
    """Ask for a plan; where none can be had, the task is its one part.

    Raises:
        ModelError: the model does not answer.
    """
    documents = [each for each in documents if not speaks_to_a_model([each.name, each.text])]
    paths = [path for path in paths if not speaks_to_a_model([path])]
    more = f"\n... and {len(paths) - LISTED} more" if len(paths) > LISTED else ""
    listing = Material("The files of the repository", "\n".join(paths[:LISTED]) + more)
    named = "\n".join(f"- {command}" for command in order.checks) or "none"
    question = Question(
        prompt="plan",
        ask=f"The task, in the person's words:\n{order.task}\n\nChecks that they named:\n{named}\n",
        form=PlanForm,
        material=(listing, *documents),
        images=images,
    )
    reply = await ask_for_reply(model, question)
    if reply.form is None:
        note = f"the plan of {model.name} cannot be used ({reply.problem}): the task is one part"
        return PlanMade(parts=(Part(id="part 1", task=order.task),), notes=(note,))
    return usable(reply.form, order)


def usable(form: PlanForm, order: Order) -> PlanMade:
    """The plan as far as it can be used. What the person named decides over what was planned, and
    where no command ends it, it is judged by the person's task as well: a plan can ask for less.
    """
    notes: list[str] = []
    if len(form.parts) > MAX_PARTS:
        notes.append(f"{len(form.parts)} parts were planned: the last {MAX_PARTS} became one")
    planned = _few(form.parts)
    if len(planned) == 1:
        planned = [planned[0].model_copy(update={"task": order.task})]
        if order.checks:
            return PlanMade(parts=(Part(id="part 1", task=order.task),), notes=tuple(notes))
    parts: list[Part] = []
    for number, each in enumerate(planned, start=1):
        checks = [command.strip() for command in each.checks]
        good = [command for command in checks if _is_command(command)][:MAX_CHECKS]
        if len(good) < len(checks):
            notes.append(f"part {number}: {len(checks) - len(good)} planned checks are no commands")
        criteria = _criteria(each)
        if number == len(planned) and not good and (criteria or number > 1):
            criteria = [order.task, *criteria]
        parts.append(
            Part(
                id=f"part {number}",
                task=each.task.strip(),
                checks=tuple(dict.fromkeys(each for each in good if each not in order.checks)),
                criteria=() if order.checks else tuple(criteria[:MAX_CRITERIA]),
            )
        )
    provable = _provable(parts, order)
    if len(provable) < len(parts):
        notes.append("parts that nothing can prove are done together with the next")
    return PlanMade(parts=tuple(provable), notes=tuple(notes))


def _provable(parts: Sequence[Part], order: Order) -> list[Part]:
    """The parts, each that has neither command nor criterion together with the one after it."""
    found: list[Part] = []
    tasks: list[str] = []
    for part in parts:
        tasks.append(part.task)
        if part.checks or part.criteria or part is parts[-1]:
            task = "\n\n".join(tasks)
            found.append(part.model_copy(update={"id": f"part {len(found) + 1}", "task": task}))
            tasks = []
    if len(found) == 1 < len(parts):
        return [found[0].model_copy(update={"task": order.task})]
    return found


def _criteria(part: PlannedPart) -> list[str]:
    """What a judge is asked of a part."""
    said = [" ".join(text.split()) for text in part.criteria if text.strip()]
    return [text for text in said if not speaks_to_a_model([text])]


def _few(parts: Sequence[PlannedPart]) -> list[PlannedPart]:
    """At most `MAX_PARTS`: those beyond are done together with the last."""
    kept, rest = list(parts[: MAX_PARTS - 1]), parts[MAX_PARTS - 1 :]
    if not rest:
        return kept
    last = PlannedPart(
        task="\n\n".join(part.task for part in rest),
        checks=[command for part in rest for command in part.checks],
        criteria=[text for part in rest for text in part.criteria],
    )
    return [*kept, last]


def _is_command(text: str) -> bool:
    return 0 < len(text) <= MAX_COMMAND_LENGTH and text.isprintable()
