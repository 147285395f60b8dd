"""Output of the supervisor's own model: a plan, opinions, and texts for a worker.

All of it was validated before it was recorded. None of it is proof.
"""

from typing import Literal

from agentproxy.events.envelope import Fact, FrozenModel

JudgeAnswer = Literal["met", "not_met", "cannot_tell"]


class Part(FrozenModel):
    """A part of the task, with its own checks and criteria. Each part builds on the one before."""

    id: str  # "part 1" and so on
    task: str
    checks: tuple[str, ...] = ()  # commands
    criteria: tuple[str, ...] = ()  # what no command can prove


class PlanMade(Fact):
    """The task in parts. A single part is the task as it was given."""

    kind: Literal["plan_made"] = "plan_made"
    parts: tuple[Part, ...] = ()
    notes: tuple[str, ...] = ()  # what was left out


class ContextUsed(FrozenModel):
    """A document that was read, with its size in tokens."""

    context: Literal["project", "guidance", "session"]
    path: str
    tokens: int


class ContextsRead(Fact):
    """The documents about the project that were found in the base."""

    kind: Literal["contexts_read"] = "contexts_read"
    documents: tuple[ContextUsed, ...] = ()
    notes: tuple[str, ...] = ()


class OpinionGiven(Fact):
    """The judge's answer about one criterion."""

    kind: Literal["opinion_given"] = "opinion_given"
    round: int
    criterion: str
    # "cannot_tell" also where the quote was not found, or where the text tried to move the judge.
    says: JudgeAnswer
    quote: str = ""  # found word for word in what the judge was shown
    where: str = ""
    reason: str = ""


class WorkerSteered(Fact):
    """The worker left its task. The supervisor sent it a hint."""

    kind: Literal["worker_steered"] = "worker_steered"
    round: int
    reason: str
    text: str
    heard: bool
