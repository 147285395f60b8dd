"""What checks need around them: repository, environment, sandbox and clean checkouts."""

import asyncio
import errno
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from agentproxy.events.check import CannotRun
from agentproxy.events.git_facts import EnvironmentFound
from agentproxy.files.remove_tree import remove_tree
from agentproxy.files.safe_files import BadPath, SafeDir
from agentproxy.workspace.environment.discover import CARRIED_LIMIT
from agentproxy.workspace.environment.editable_installs import linked_folders
from agentproxy.workspace.environment.job_layout import (
    JobLayout,
    missing_checkouts,
    place_plainly,
    place_tree,
)
from agentproxy.workspace.environment.registries import Registries
from agentproxy.workspace.git.repository import Repository
from agentproxy.workspace.sandbox.port import Mount, Sandbox
from agentproxy.workspace.trees.clone import clone_mounts, make_clone, matches


class NotClean(Exception):
    """A checkout differs from the commit that it was made from; `paths` names where."""

    def __init__(self, paths: list[str]) -> None:
        shown = ", ".join(paths[:5]) + (" ..." if len(paths) > 5 else "")
        super().__init__(f"the clean checkout differs from its commit at {shown}")
        self.paths = paths


@dataclass
class CheckContext:
    """What all checks of one run share. Only `environments` outlives the run."""

    repository: Repository
    sandbox: Sandbox
    folder: Path
    environ: Mapping[str, str]
    environments: Path
    # What a build may reach; None where builds are not allowed.
    registries: Registries | None = None
    # Whether jobs get copies of checkouts in place of overlays.
    copies_trees: bool = False
    locks: dict[str, asyncio.Lock] = field(default_factory=dict[str, asyncio.Lock])

    async def checkout(self, commit: str, environment: EnvironmentFound) -> Path:
        """Returns a clean clone at a commit, with the user's carried files in it.

        Raises:
            NotClean: the clone differs from the commit.
        """
        isolates = self.sandbox.isolates
        # With isolation a job writes into a layer that is thrown away, so that jobs share a clone.
        # Without it a job writes into the clone itself, so that each job needs its own.
        name = commit if isolates else f"{commit}-{secrets.token_hex(4)}"
        async with self.locks.setdefault(name, asyncio.Lock()):
            ready = self.folder / "checkouts" / name
            if ready.exists():
                return ready
            # An interrupted run may have left a half-made clone.
            making = ready.with_name(f"{name}.part")
            await asyncio.to_thread(remove_tree, making)
            making.parent.mkdir(parents=True, exist_ok=True)
            await make_clone(self.repository, commit, making, branch="agentproxy", inside=isolates)
            differing = await matches(self.repository, making, commit)
            if differing:
                raise NotClean(differing)
            # Carried files are not in the commit, so they come after the comparison with it.
            await asyncio.to_thread(self.carry, making, environment)
            making.rename(ready)
            return ready

    async def place(self, tree: Path, directory: str, environment: EnvironmentFound) -> JobLayout:
        """Returns where a job sees this tree: at the user's path, if the sandbox isolates."""
        if not self.sandbox.isolates:
            return place_plainly(tree, directory=directory, environment=environment)
        return place_tree(
            self.tree_mounts(tree),
            root=self.repository.root,
            directory=directory,
            environment=environment,
        )

    def tree_mounts(self, tree: Path) -> list[Mount]:
        """Returns the mounts of a checkout. Writes go into a layer that is thrown away."""
        return [
            replace(mount, mode="copy" if self.copies_trees else "overlay", is_ours=True)
            if mount.source == tree
            else mount
            for mount in clone_mounts(self.repository, tree)
        ]

    async def release(self, tree: Path) -> None:
        if not self.sandbox.isolates:
            await asyncio.to_thread(remove_tree, tree)

    def why_not_isolated(self, environment: EnvironmentFound) -> CannotRun | None:
        """Returns why checks cannot test the given tree in this environment, or None."""
        for copy in environment.elsewhere:
            text = f"the environment imports this project from {copy}, not from the claim's tree"
            return CannotRun(kind="other_checkout", subject=copy, text=text)
        if self.sandbox.isolates:
            return None
        # Without isolation the tree is not at the user's path. An editable install then imports
        # the user's repository, so a check would test the base in place of the claim.
        places = (self.repository.root, *environment.checkouts)
        for folder in map(Path, environment.folders):
            linked = linked_folders(folder)
            if any(path.is_relative_to(place) for path in linked for place in places):
                text = (
                    f"without isolation {folder} links to the repository, so the check would not "
                    "test the claim's tree"
                )
                return CannotRun(kind="not_isolated", subject=str(folder), text=text)
        return None

    def why_not_at_checkouts(
        self, place: JobLayout, environment: EnvironmentFound
    ) -> CannotRun | None:
        """Returns why a job would import this project from another checkout, or None."""
        for copy in missing_checkouts(place, environment.checkouts):
            text = (
                f"the environment imports this project from {copy}, and files of the tree are in "
                "the way of showing it there"
            )
            return CannotRun(kind="other_checkout", subject=copy, text=text)
        return None

    def carry(self, tree: Path, environment: EnvironmentFound) -> None:
        """Copies the user's carried files into a checkout. Blocking.

        Raises:
            OSError: a file cannot be read any more, or the checkout has no place for it.
        """
        with SafeDir(self.repository.root) as theirs, SafeDir(tree) as ours:
            for path in environment.carried:
                try:
                    ours.write(path, theirs.read(path, limit=CARRIED_LIMIT))
                except BadPath as error:
                    why = f"a carried file cannot be copied: {error.why}"
                    raise OSError(errno.EINVAL, why, path) from error
