"""What the supervisor's own model thought: a plan, opinions, and words to a worker. All of it is
data that was validated before it was recorded, and none of it is proof.
"""

from typing import Literal

from agentproxy.events.envelope import Fact, FrozenModel

JudgeAnswer = Literal["met", "not_met", "cannot_tell"]


class Part(FrozenModel):
    """A part of the task with criteria of its own: commands that prove it, and what no command can.

    `id` is "part 1" and so on; parts are done in their order, each on what the one before left.
    """

    id: str
    task: str
    checks: tuple[str, ...] = ()
    criteria: tuple[str, ...] = ()


class PlanMade(Fact):
    """The task in parts; one part is the task as it was given. `notes` say what was left out."""

    kind: Literal["plan_made"] = "plan_made"
    parts: tuple[Part, ...] = ()
    notes: tuple[str, ...] = ()


class ContextUsed(FrozenModel):
    """A document that was read, and how many tokens it takes."""

    context: Literal["project", "guidance", "session"]
    path: str
    tokens: int


class ContextsRead(Fact):
    """Which documents about the project were found, in the files of the base."""

    kind: Literal["contexts_read"] = "contexts_read"
    documents: tuple[ContextUsed, ...] = ()
    notes: tuple[str, ...] = ()


class OpinionGiven(Fact):
    """What the judge said of one criterion. It counts only where `quote` was found word for word in
    what the judge was shown, and where the judge was not moved by it; else it says "cannot_tell".
    """

    kind: Literal["opinion_given"] = "opinion_given"
    round: int
    criterion: str
    says: JudgeAnswer
    quote: str = ""
    where: str = ""
    reason: str = ""


class WorkerSteered(Fact):
    """The worker went astray, and was told so."""

    kind: Literal["worker_steered"] = "worker_steered"
    round: int
    reason: str
    text: str
    heard: bool
