"""What must become true: criteria, each with a check."""

from typing import Literal

from pydantic import Field

from agentproxy.events.envelope import Fact, Value

Role = Literal["named", "keep", "standing"]
Network = Literal["none", "host"]

THIRTY_MINUTES = 30 * 60.0


class Check(Value):
    """A command that the supervisor runs itself.

    `role`: "named" checks say that the task is done (`--check`, the plan); "keep" must not get
    worse (`--keep`); "standing" are the project's own, found or configured, and weigh like "keep".
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


class Criterion(Value):
    """One thing that must become true. Without checks it can only be unverified, and says so."""

    id: str
    text: str
    checks: tuple[str, ...] = ()


class Contract(Value):
    """The task in criteria, every check by its name, and what the project needs to be checked.

    `known_red` names tests that may stay red; `prepare` is a command that runs in every clean tree
    before a check; `carry` are globs of the user's ignored files; `folders` environment folders.
    `left_out` names what checks would need of the configuration, and nobody has trusted.
    """

    task: str
    criteria: tuple[Criterion, ...]
    checks: tuple[Check, ...]
    known_red: tuple[str, ...] = ()
    prepare: str = ""
    carry: tuple[str, ...] = ()
    folders: tuple[str, ...] = ()
    left_out: tuple[str, ...] = ()

    @property
    def anything_named(self) -> bool:
        """Whether some check says that the task is done."""
        return any(check.role == "named" for check in self.checks)

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
