"""The task as criteria, each with its checks."""

from typing import Literal

from pydantic import Field

from agentproxy.events.envelope import Fact, FrozenModel
from agentproxy.events.plan import Part

Role = Literal["acceptance", "regression", "discovered"]
Network = Literal["none", "host"]

THIRTY_MINUTES = 30 * 60.0


class Check(FrozenModel):
    """A command that the supervisor runs itself."""

    name: str
    command: str
    # "acceptance" says that the task is done (`--check`, the plan). "regression" must not get worse
    # (`--keep`). "discovered" comes from the project itself, and counts like "regression".
    role: Role
    source: str
    directory: str = "."  # relative to the root of the repository
    network: Network = "none"
    env: dict[str, str] = Field(default_factory=dict)
    timeout: float = THIRTY_MINUTES  # seconds


class Criterion(FrozenModel):
    """One condition of the task. Without checks, only a judge who cites evidence can confirm it."""

    id: str
    text: str
    checks: tuple[str, ...] = ()
    part: str = ""  # the id of the part of the plan; "" is the whole task


class Contract(FrozenModel):
    """The task in criteria, all checks, and what the project needs to run them."""

    task: str
    criteria: tuple[Criterion, ...]
    checks: tuple[Check, ...]
    known_red: tuple[str, ...] = ()  # tests that may keep failing
    prepare: str = ""  # a command that runs in every clean tree before a check
    carry: tuple[str, ...] = ()  # globs of the user's ignored files
    folders: tuple[str, ...] = ()  # environment folders
    left_out: tuple[str, ...] = ()  # settings that checks would need, but that are not trusted
    parts: tuple[Part, ...] = ()  # of the plan, in order; without a plan at most one

    @property
    def anything_named(self) -> bool:
        return any(check.role == "acceptance" for check in self.checks)

    def until(self, part: int) -> "Contract":
        """Returns the contract for the end of a part, counted from 0."""
        if part >= len(self.parts) - 1:
            return self
        # Criteria of the whole task have no part. They hold only after the last part.
        later = {each.id for each in self.parts[part + 1 :]} | {""}
        criteria = tuple(each for each in self.criteria if each.part not in later)
        wanted = {name for each in criteria for name in each.checks}
        checks = tuple(c for c in self.checks if c.role != "acceptance" or c.name in wanted)
        return self.model_copy(update={"criteria": criteria, "checks": checks})

    def check(self, name: str) -> Check:
        """Returns the check with that name. Raises KeyError."""
        for check in self.checks:
            if check.name == name:
                return check
        raise KeyError(name)


class ContractAgreed(Fact):
    """The contract is fixed: no criterion is added or dropped after this."""

    kind: Literal["contract_agreed"] = "contract_agreed"
    contract: Contract
    notes: tuple[str, ...] = ()
