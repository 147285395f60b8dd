"""The inputs of a verdict on a check: the results, and the rules that apply to them."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field

from agentproxy.events.asked import AskedRead
from agentproxy.events.check import CheckResult, TrialKind
from agentproxy.events.contract import Check
from agentproxy.events.git_facts import Change, EnvironmentBuilt
from agentproxy.events.mutants import Mutant
from agentproxy.events.trials import Doubt


@dataclass(frozen=True, slots=True)
class Rules:
    """What counts beside the results of a check. All checks of a claim share it."""

    task: str = ""
    known_red: Sequence[str] = ()  # names of tests, `path::` or globs
    changes: Sequence[Change] = ()
    has_acceptance_check: bool = True
    later_part: bool = False  # its change holds the work of earlier parts as well
    built: Sequence[EnvironmentBuilt] = ()  # for the base and for the claim
    asked: AskedRead | None = None  # which changes of old tests the task asks for
    doubts: Sequence[Doubt] = ()  # what speaks against the claim
    mutants_of_changes: bool = False  # whether what is proven by trials runs on mutants as well
    # Keys of agentproxy.toml that did not apply, because nobody has trusted them.
    left_out: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class Trials:
    """The variants of a claim that there are, and what one check said of them.

    `tests` are the test files that the claim adds or changes, `code` the other paths.
    """

    tests: Sequence[str]
    code: Sequence[str]
    variants: Collection[TrialKind]
    results: Mapping[TrialKind, CheckResult] = field(default_factory=dict[TrialKind, CheckResult])
    resigned: Sequence[str] = ()  # functions that had another signature at the base
    unparsed: Sequence[str] = ()  # files of a known language that could not be stubbed
    reads: bool = False  # a new line of a test reads files or starts programs


@dataclass(frozen=True, slots=True)
class Mutants:
    """The mutants of a claim, and what one check said of those that it ran on, by number.

    `tests` are the test functions that the claim changes, as `file::function`.
    """

    all: Sequence[Mutant]
    results: Mapping[int, CheckResult]
    tests: Sequence[str] = ()
    unread: str = ""


@dataclass(frozen=True, slots=True)
class Merge:
    """What one check said of a claim merged with where its branch stands, and of that alone."""

    merged: Sequence[CheckResult] = ()
    target: Sequence[CheckResult] = ()


@dataclass(frozen=True, slots=True)
class CheckEvidence:
    """All runs of one check for one claim, oldest attempt first."""

    check: Check
    base: Sequence[CheckResult]
    claim: Sequence[CheckResult]
    # Runs on the claim with the base's version of `restored_files`: tests and settings that the
    # claim changes. They show whether the claim is proven without its own tests.
    restored: Sequence[CheckResult] = ()
    restored_files: Sequence[str] = ()
    trials: Trials | None = None
    merge: Merge | None = None
    mutants: Mutants | None = None
    later: Sequence[CheckResult] = ()  # on the claim, at another date
