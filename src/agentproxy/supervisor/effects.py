"""What the supervisor may set out to do. Each has a module of its own that does it."""

from dataclasses import dataclass

from agentproxy.events.contract import Check
from agentproxy.events.run import ParkedFor

EffectId = str


@dataclass(frozen=True, slots=True)
class RecordBase:
    """Keep the tree that the run starts from."""


@dataclass(frozen=True, slots=True)
class FindEnvironment:
    """Look where the user's own tools are."""


@dataclass(frozen=True, slots=True)
class BuildEnvironment:
    """Build what the tree under proof asks for: the base ("base"), or a claim ("claim:N")."""

    on: str


@dataclass(frozen=True, slots=True)
class ReadContexts:
    """Read what the project says about itself."""


@dataclass(frozen=True, slots=True)
class MakePlan:
    """Have the task broken down into parts."""


@dataclass(frozen=True, slots=True)
class AgreeContract:
    """Say what must become true, and how it will be checked."""


@dataclass(frozen=True, slots=True)
class RunCheck:
    """Run one check on the base ("base"), on a claim ("claim:N"), or on what of it
    `RestoreTests` left.
    """

    check: Check
    on: str
    attempt: int


@dataclass(frozen=True, slots=True)
class Work:
    """Put the worker to work on a round."""

    round: int


@dataclass(frozen=True, slots=True)
class RecordClaim:
    """Keep the files that the worker left, as a tree."""

    round: int


@dataclass(frozen=True, slots=True)
class RestoreTests:
    """Put the base's tests and settings in place of those that a claim changes."""

    round: int
    paths: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class AskJudge:
    """Ask the judge about a criterion that no check speaks for."""

    round: int
    criterion: str


@dataclass(frozen=True, slots=True)
class JudgeRound:
    """Give the verdict on a claim, with its evidence."""

    round: int


@dataclass(frozen=True, slots=True)
class Decide:
    """Decide what follows from a verdict: another round, delivery, or the end."""

    round: int


@dataclass(frozen=True, slots=True)
class Deliver:
    """Give the person what there is: branch or patch, evidence, packet."""


@dataclass(frozen=True, slots=True)
class Park:
    """Stop here for now."""

    why: ParkedFor
    reason: str


@dataclass(frozen=True, slots=True)
class End:
    """Say the final verdict."""


Effect = (
    RecordBase
    | FindEnvironment
    | BuildEnvironment
    | ReadContexts
    | MakePlan
    | AgreeContract
    | RunCheck
    | Work
    | RecordClaim
    | RestoreTests
    | AskJudge
    | JudgeRound
    | Decide
    | Deliver
    | Park
    | End
)
