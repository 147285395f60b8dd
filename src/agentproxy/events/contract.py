"""What must become true: criteria, each with a check."""

from typing import Literal

from pydantic import Field

from agentproxy.events.envelope import Fact, FrozenModel
from agentproxy.events.plan import Part

Role = Literal["acceptance", "regression", "discovered"]
Network = Literal["none", "host"]

THIRTY_MINUTES = 30 * 60.0


class Check(FrozenModel):
    """A command that the supervisor runs itself.

    `role`: an "acceptance" check says that the task is done (`--check`, the plan); a "regression"
    check must not get worse (`--keep`); "discovered" checks are the project's own, found or
    configured, and count like regression checks.
    `directory` is relative to the root of the repository; `timeout` is in seconds.
    """

    name: str
    command: str
    role: Role
    source: str
    directory: str = "."
    network: Network = "none"
    env: dict[str, str] = Field(default_factory=dict)
    timeout: float = THIRTY_MINUTES


class Criterion(FrozenModel):
    """One thing that must become true. Without checks only a judge who cites can say that it is.

    `part` is the part of the plan that it belongs to; "" is the whole task.
    """

    id: str
    text: str
    checks: tuple[str, ...] = ()
    part: str = ""


class Contract(FrozenModel):
    """The task in criteria, every check by its name, and what the project needs to be checked.

    `known_red` names tests that may stay red; `prepare` is a command that runs in every clean tree
    before a check; `carry` are globs of the user's ignored files; `folders` environment folders.
    `left_out` names what checks would need of the configuration, and nobody has trusted. `parts`
    are those of the plan, in their order; a task that is not broken down has one or none.
    """

    task: str
    criteria: tuple[Criterion, ...]
    checks: tuple[Check, ...]
    known_red: tuple[str, ...] = ()
    prepare: str = ""
    carry: tuple[str, ...] = ()
    folders: tuple[str, ...] = ()
    left_out: tuple[str, ...] = ()
    parts: tuple[Part, ...] = ()

    @property
    def anything_named(self) -> bool:
        """Whether some check says that the task is done."""
        return any(check.role == "acceptance" for check in self.checks)

    def until(self, part: int) -> "Contract":
        """What must be true after a part, counted from 0: all but what later parts must bring."""
        if part >= len(self.parts) - 1:
            return self
        later = {each.id for each in self.parts[part + 1 :]} | {""}
        criteria = tuple(each for each in self.criteria if each.part not in later)
        wanted = {name for each in criteria for name in each.checks}
        checks = tuple(c for c in self.checks if c.role != "acceptance" or c.name in wanted)
        return self.model_copy(update={"criteria": criteria, "checks": checks})

    def check(self, name: str) -> Check:
        """The check of that name.

        Raises:
            KeyError: there is none.
        """
        for check in self.checks:
            if check.name == name:
                return check
        raise KeyError(name)


class ContractAgreed(Fact):
    """The contract stands; from here on nobody adds or drops a criterion."""

    kind: Literal["contract_agreed"] = "contract_agreed"
    contract: Contract
    notes: tuple[str, ...] = ()
