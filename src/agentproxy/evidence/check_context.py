"""What checks stand on: the repository, the environment, the sandbox, and clean checkouts."""

import asyncio
import errno
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from agentproxy.events.check import CannotRun
from agentproxy.events.git_facts import EnvironmentFound
from agentproxy.files.remove_tree import remove_tree
from agentproxy.files.safe_files import BadPath, SafeDir
from agentproxy.workspace.environment.discover import CARRIED_LIMIT
from agentproxy.workspace.environment.editable_installs import linked_folders
from agentproxy.workspace.environment.job_layout import JobLayout, place_plainly, place_tree
from agentproxy.workspace.environment.registries import Registries
from agentproxy.workspace.git.repository import Repository
from agentproxy.workspace.sandbox.port import Mount, Sandbox
from agentproxy.workspace.trees.clone import clone_mounts, make_clone, matches


class NotClean(Exception):
    """A checkout does not equal the tree that it was made from; `paths` names where."""

    def __init__(self, paths: list[str]) -> None:
        shown = ", ".join(paths[:5]) + (" ..." if len(paths) > 5 else "")
        super().__init__(f"the clean checkout differs from its tree at {shown}")
        self.paths = paths


@dataclass
class CheckContext:
    """Everything around a check that is not the check. `folder` is the run's own.

    `environments` is where built ones are kept for all runs; `registries` what a build may reach,
    None where none is allowed.
    """

    repository: Repository
    sandbox: Sandbox
    folder: Path
    environ: Mapping[str, str]
    environments: Path
    registries: Registries | None = None
    locks: dict[str, asyncio.Lock] = field(default_factory=dict[str, asyncio.Lock])

    async def checkout(self, commit: str, environment: EnvironmentFound) -> Path:
        """A clean clone at a commit, with the carried files in it.

        It is made once where jobs write into throw-away layers, and anew for each job elsewhere.

        Raises:
            NotClean: what came out is not what is in the commit.
        """
        isolates = self.sandbox.isolates
        name = commit if isolates else f"{commit}-{secrets.token_hex(4)}"
        async with self.locks.setdefault(name, asyncio.Lock()):
            ready = self.folder / "checkouts" / name
            if ready.exists():
                return ready
            making = ready.with_name(f"{name}.part")
            await asyncio.to_thread(remove_tree, making)
            making.parent.mkdir(parents=True, exist_ok=True)
            await make_clone(self.repository, commit, making, branch="agentproxy", inside=isolates)
            differing = await matches(self.repository, making, commit)
            if differing:
                raise NotClean(differing)
            await asyncio.to_thread(self.carry, making, environment)
            making.rename(ready)
            return ready

    async def place(self, tree: Path, directory: str, environment: EnvironmentFound) -> JobLayout:
        """The user's path with this tree under it; what a job writes there is thrown away."""
        if not self.sandbox.isolates:
            return place_plainly(tree, directory=directory, environment=environment)
        return place_tree(
            self.tree_mounts(tree),
            root=self.repository.root,
            directory=directory,
            environment=environment,
        )

    def tree_mounts(self, tree: Path) -> list[Mount]:
        """The mounts of a checkout at the user's path, under a layer that is thrown away."""
        return [
            Mount(at=mount.at, mode="overlay", source=mount.source)
            if mount.source == tree
            else mount
            for mount in clone_mounts(self.repository, tree)
        ]

    async def release(self, tree: Path) -> None:
        """A job is done with a checkout: one that jobs write into is thrown away."""
        if not self.sandbox.isolates:
            await asyncio.to_thread(remove_tree, tree)

    def why_not_isolated(self, environment: EnvironmentFound) -> CannotRun | None:
        """Why the tree under proof cannot be tested at all: without isolation, an environment whose
        packages lead into the user's repository would have the base tested in its place.
        """
        if self.sandbox.isolates:
            return None
        for folder in map(Path, environment.folders):
            if any(path.is_relative_to(self.repository.root) for path in linked_folders(folder)):
                text = (
                    f"without isolation {folder} leads into the repository, and not into the tree "
                    "under proof"
                )
                return CannotRun(kind="not_isolated", subject=str(folder), text=text)
        return None

    def carry(self, tree: Path, environment: EnvironmentFound) -> None:
        """Copy the carried files of the user into a tree of ours. Blocking.

        Raises:
            OSError: one cannot be read any more, or the tree has no place for it.
        """
        with SafeDir(self.repository.root) as theirs, SafeDir(tree) as ours:
            for path in environment.carried:
                try:
                    ours.write(path, theirs.read(path, limit=CARRIED_LIMIT))
                except BadPath as error:
                    raise OSError(errno.EINVAL, f"carry: {error.why}", path) from error
