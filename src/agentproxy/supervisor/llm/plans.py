"""The plan: the task in parts, as far as the model's reply can be used."""

from collections.abc import Sequence
from typing import Annotated

from pydantic import BaseModel, Field

from agentproxy.events.conversation import Image
from agentproxy.events.plan import Part, PlanMade
from agentproxy.events.run import Order
from agentproxy.models.port import Model
from agentproxy.supervisor.llm.prompt_injection import speaks_to_a_model
from agentproxy.supervisor.llm.structured_reply import Material, ReplyRequest, ask_for_reply

# prompts/plan.md names these three limits.
MAX_PARTS = 8
MAX_CHECKS = 5
MAX_CRITERIA = 8
MAX_COMMAND_LENGTH = 500
MAX_LISTED_PATHS = 400


class PlannedPart(BaseModel):
    task: Annotated[str, Field(min_length=1, max_length=4000)]
    checks: Annotated[list[str], Field(max_length=20)] = Field(
        default_factory=list, description="commands that fail now and succeed when it is done"
    )
    criteria: Annotated[list[str], Field(max_length=20)] = Field(
        default_factory=list, description="what must become true and no command can show"
    )


class PlanForm(BaseModel):
    parts: Annotated[list[PlannedPart], Field(min_length=1, max_length=30)]


async def make_plan(
    model: Model,
    order: Order,
    *,
    paths: Sequence[str],
    documents: Sequence[Material],
    images: Sequence[Image],
) -> PlanMade:
    """Asks for a plan. Without a usable reply, the task is one part.

    Raises:
        ModelError: the model does not answer.
    """
    documents = [each for each in documents if not speaks_to_a_model([each.name, each.text])]
    paths = [path for path in paths if not speaks_to_a_model([path])]
    unlisted = len(paths) - MAX_LISTED_PATHS
    more = f"\n... and {unlisted} more" if unlisted > 0 else ""
    listing = Material("The files of the repository", "\n".join(paths[:MAX_LISTED_PATHS]) + more)
    named = "\n".join(f"- {command}" for command in order.checks) or "none"
    question = ReplyRequest(
        prompt="plan",
        ask=f"The task, in the person's words:\n{order.task}\n\n"
        f"The checks that the person named:\n{named}\n",
        form=PlanForm,
        material=(listing, *documents),
        images=images,
    )
    reply = await ask_for_reply(model, question)
    if reply.form is None:
        note = f"the plan of {model.name} cannot be used ({reply.problem}); the task is one part"
        return PlanMade(parts=(Part(id="part 1", task=order.task),), notes=(note,))
    return usable(reply.form, order)


def usable(form: PlanForm, order: Order) -> PlanMade:
    """Returns the plan, as far as it can be used."""
    notes: list[str] = []
    if len(form.parts) > MAX_PARTS:
        notes.append(
            f"{len(form.parts)} parts were planned; the parts from {MAX_PARTS} on are now one part"
        )
    planned = _join_excess(form.parts)
    if len(planned) == 1:
        planned = [planned[0].model_copy(update={"task": order.task})]
        # Checks that the person named decide alone over a plan of one part.
        if order.checks:
            return PlanMade(parts=(Part(id="part 1", task=order.task),), notes=tuple(notes))
    parts: list[Part] = []
    for number, each in enumerate(planned, start=1):
        checks = [command.strip() for command in each.checks]
        good = [command for command in checks if _is_command(command)][:MAX_CHECKS]
        if len(good) < len(checks):
            notes.append(
                f"part {number}: {len(checks) - len(good)} planned checks are not commands"
            )
        criteria = _criteria(each)
        if number == len(planned) and not good and (criteria or number > 1):
            # A plan can ask for less than the person did, so the task itself is judged too.
            criteria = [order.task, *criteria]
        parts.append(
            Part(
                id=f"part {number}",
                task=each.task.strip(),
                checks=tuple(dict.fromkeys(each for each in good if each not in order.checks)),
                criteria=() if order.checks else tuple(criteria[:MAX_CRITERIA]),
            )
        )
    provable = _join_unprovable(parts, order)
    if len(provable) < len(parts):
        notes.append("a part that nothing can prove was joined with the next part")
    return PlanMade(parts=tuple(provable), notes=tuple(notes))


def _join_unprovable(parts: Sequence[Part], order: Order) -> list[Part]:
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
    said = [" ".join(text.split()) for text in part.criteria if text.strip()]
    return [text for text in said if not speaks_to_a_model([text])]


def _join_excess(parts: Sequence[PlannedPart]) -> list[PlannedPart]:
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
