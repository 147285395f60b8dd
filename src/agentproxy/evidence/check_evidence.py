"""What a verdict on a check is made from: what was run and seen, and what counts beside it."""

from collections.abc import Sequence
from dataclasses import dataclass

from agentproxy.events.check import CheckResult
from agentproxy.events.contract import Check
from agentproxy.events.git_facts import Change, EnvironmentBuilt


@dataclass(frozen=True, slots=True)
class Rules:
    """What counts beside the results of a check, the same for all checks of a claim.

    `known_red` are names of tests, `path::` or globs; `changes` those of the claim; `built` what
    was built for the base and for the claim; `left_out` the keys of the configuration that nobody
    has trusted.
    """

    task: str = ""
    known_red: Sequence[str] = ()
    changes: Sequence[Change] = ()
    has_acceptance_check: bool = True
    built: Sequence[EnvironmentBuilt] = ()
    left_out: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class CheckEvidence:
    """Every run of one check that speaks for or against a claim, oldest attempt first.

    `restored` ran on the claim with the base's own version of `restored_files`, which are tests
    and settings that the claim changes; both are empty where nothing was restored.
    """

    check: Check
    base: Sequence[CheckResult]
    claim: Sequence[CheckResult]
    restored: Sequence[CheckResult] = ()
    restored_files: Sequence[str] = ()
