"""Facts about trees: the base of a run, its claims, and the delivery."""

from typing import Literal

from pydantic import Field

from agentproxy.events.check import Tree
from agentproxy.events.envelope import Fact, FrozenModel


class Change(FrozenModel):
    """One path that a claim changes."""

    path: str
    status: Literal["added", "modified", "deleted", "type_changed"]
    added: int = 0  # lines; 0 for a binary file
    removed: int = 0


class BaseRecorded(Fact):
    """The tree that the run starts from, kept under `ref` in the user's repository."""

    kind: Literal["base_recorded"] = "base_recorded"
    head: str  # the user's commit
    branch: str  # the user's branch; "" when detached
    commit: str  # differs from `head` where uncommitted work is included
    tree: str
    ref: str
    uncommitted: tuple[str, ...] = ()  # paths of that work
    left_out: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()


class EnvironmentFound(Fact):
    """The user's own tools: what is mounted beside the tree, and which variables are set."""

    kind: Literal["environment_found"] = "environment_found"
    # Environment folders (`.venv`, `node_modules`), absolute. Each gets a temporary writable layer.
    folders: tuple[str, ...] = ()
    toolchains: tuple[str, ...] = ()  # bound read-only
    # Where a job finds the cache of a tool -> the user's folder. Each gets a temporary layer.
    caches: dict[str, str] = Field(default_factory=dict)
    hidden: tuple[str, ...] = ()  # parts of the caches that jobs must not see
    # Other checkouts of the repository that environments import from: the tree stands there too.
    checkouts: tuple[str, ...] = ()
    # Copies of the project that environments import from, and at which the tree cannot stand.
    elsewhere: tuple[str, ...] = ()
    path: str
    env: dict[str, str] = Field(default_factory=dict)
    # Ignored files of the user that checks need, relative to the root of the repository.
    carried: tuple[str, ...] = ()
    prepare: str = ""
    notes: tuple[str, ...] = ()
    # What was installed in each folder, so that a later change is noticed.
    prints: dict[str, str] = Field(default_factory=dict)
    # Environments that the project needs and the user does not have, relative to the root.
    missing: tuple[str, ...] = ()
    asked: tuple[str, ...] = ()  # the files that name what the project needs
    # Where an environment that we built is mounted -> the folder where it is kept.
    built: dict[str, str] = Field(default_factory=dict)


class EnvironmentBuildStarted(Fact):
    """What a tree asks for is about to be compared with what is there, and built."""

    kind: Literal["environment_build_started"] = "environment_build_started"
    on: Tree


class EnvironmentBuilt(Fact):
    """An environment was built from the project's files, was not needed, or could not be built."""

    kind: Literal["environment_built"] = "environment_built"
    on: Tree
    why: str = ""
    # Where an environment is mounted -> the folder where it is kept.
    folders: dict[str, str] = Field(default_factory=dict)
    programs: tuple[str, ...] = ()  # folders that come first on PATH
    commands: str = ""  # the commands that built it
    removed: tuple[str, ...] = ()  # packages that a claim no longer needs
    # New requirements of a claim that are not plain packages of a registry.
    strange: tuple[str, ...] = ()
    seconds: float = 0.0
    output: str = ""
    failed: str = ""  # why it could not be built
    cure: str = ""
    fixable: bool = False


class EnvironmentLost(Fact):
    """An environment that was built is gone. It has to be built again."""

    kind: Literal["environment_lost"] = "environment_lost"
    on: Tree


class ClaimRecorded(Fact):
    """The files of a worker's claim as a tree, kept under `ref` in the user's repository."""

    kind: Literal["claim_recorded"] = "claim_recorded"
    round: int
    commit: str
    tree: str
    ref: str
    changes: tuple[Change, ...] = ()
    findings: tuple[str, ...] = ()
    refused: str = ""  # why the files were not taken; then `tree` is the tree of the base


class TestsRestored(Fact):
    """The claim of a round, with the tests and test settings of the base put back."""

    __test__ = False  # pytest would collect the class by its name

    kind: Literal["tests_restored"] = "tests_restored"
    round: int
    commit: str
    tree: str
    files: tuple[str, ...] = ()  # put back; without any, `commit` and `tree` are the claim's


class Delivered(Fact):
    """The result for the person."""

    kind: Literal["delivered"] = "delivered"
    branch: str = ""  # where the claim fits on HEAD
    commit: str = ""
    patch: str = ""  # where it does not fit
    packet: str = ""
    notes: tuple[str, ...] = ()
