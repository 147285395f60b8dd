"""Trees: the base that a run starts from, the claims of its worker, and what is delivered."""

from typing import Literal

from pydantic import Field

from agentproxy.events.check import Tree
from agentproxy.events.envelope import Fact, FrozenModel


class Change(FrozenModel):
    """One path that a claim changes; `added` and `removed` count lines (0 for binary files)."""

    path: str
    status: Literal["added", "modified", "deleted", "type_changed"]
    added: int = 0
    removed: int = 0


class BaseRecorded(Fact):
    """The tree that the run starts from, kept under `ref` in the user's repository.

    `head` is the commit that the user stood on and `branch` its branch ("" when detached);
    `commit` differs from `head` where uncommitted work came along (`uncommitted` names it).
    """

    kind: Literal["base_recorded"] = "base_recorded"
    head: str
    branch: str
    commit: str
    tree: str
    ref: str
    uncommitted: tuple[str, ...] = ()
    left_out: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()


class EnvironmentFound(Fact):
    """Where the user's own tools are: what is mounted beside the tree, and what is set.

    `folders` are environment folders (`.venv`, `node_modules`), absolute; they get a throw-away
    writable layer. `toolchains` are bound read-only. `carried` are ignored files of the user's,
    relative to the root of the repository, that checks need. `prints` says for each of the
    folders what was installed in it, so that a change under way is noticed. `missing` are the
    environments that the project asks for and the user does not have, relative to the root, and
    `asked` the files that say what it asks for;
    `built` maps places of environments that we built to the folders where they are kept.
    """

    kind: Literal["environment_found"] = "environment_found"
    folders: tuple[str, ...] = ()
    toolchains: tuple[str, ...] = ()
    path: str
    env: dict[str, str] = Field(default_factory=dict)
    carried: tuple[str, ...] = ()
    prepare: str = ""
    notes: tuple[str, ...] = ()
    prints: dict[str, str] = Field(default_factory=dict)
    missing: tuple[str, ...] = ()
    asked: tuple[str, ...] = ()
    built: dict[str, str] = Field(default_factory=dict)


class EnvironmentBuilt(Fact):
    """An environment was built from the project's own files, or there was none to build, or it
    could not be built (then `failed` says why, and `cure` what helps).

    `on` is the base or a claim. `folders` maps where an environment is mounted to where it is
    kept; `programs` are folders that come first on PATH; `commands` what was run for it; `removed`
    what a claim does not ask for any more, `strange` what it newly asks for that is no plain
    package of a registry.
    """

    kind: Literal["environment_built"] = "environment_built"
    on: Tree
    why: str = ""
    folders: dict[str, str] = Field(default_factory=dict)
    programs: tuple[str, ...] = ()
    commands: str = ""
    removed: tuple[str, ...] = ()
    strange: tuple[str, ...] = ()
    seconds: float = 0.0
    output: str = ""
    failed: str = ""
    cure: str = ""
    fixable: bool = False


class EnvironmentLost(Fact):
    """An environment that was built is not there any more: it has to be built again."""

    kind: Literal["environment_lost"] = "environment_lost"
    on: Tree


class ClaimRecorded(Fact):
    """The files that a worker left, as a tree, kept under `ref` in the user's repository."""

    kind: Literal["claim_recorded"] = "claim_recorded"
    round: int
    commit: str
    tree: str
    ref: str
    changes: tuple[Change, ...] = ()
    findings: tuple[str, ...] = ()


class TestsRestored(Fact):
    """The claim of a round, with the base's own in place of the tests and the settings of their
    runners that it changes; `files` names these. Without any, `commit` and `tree` are the claim's.
    """

    __test__ = False  # pytest would collect the class by its name

    kind: Literal["tests_restored"] = "tests_restored"
    round: int
    commit: str
    tree: str
    files: tuple[str, ...] = ()


class Delivered(Fact):
    """What the person gets: a branch where the claim fits on HEAD, else a patch; and the packet."""

    kind: Literal["delivered"] = "delivered"
    branch: str = ""
    commit: str = ""
    patch: str = ""
    packet: str = ""
    notes: tuple[str, ...] = ()
