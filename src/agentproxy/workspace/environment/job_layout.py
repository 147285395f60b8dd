"""Where a job stands: a tree at the path of the user's repository, with the user's tools around."""

import os
import stat
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import Literal

from agentproxy.events.git_facts import EnvironmentFound
from agentproxy.workspace.sandbox.port import Access, Job, JobLimits, Mount

OURS = "/run/agentproxy"


@dataclass(frozen=True, slots=True)
class JobLayout:
    """The mounts and variables of a job. `ours` is the folder of our own files inside."""

    root: str
    cwd: str
    env: Mapping[str, str]
    mounts: tuple[Mount, ...] = ()
    ours: str = OURS
    folders: Mapping[str, Path] = field(default_factory=dict[str, Path])

    @property
    def tree(self) -> Path:
        """Where the tree is outside."""
        found = (mount.source for mount in self.mounts if mount.at == self.root)
        return next((source for source in found if source is not None), Path(self.root))

    @property
    def directory(self) -> str:
        """Where the job stands, relative to the tree."""
        return os.path.relpath(self.cwd, self.root)

    def with_folder(
        self, name: str, source: Path, *, mode: Literal["ro", "rw"] = "rw"
    ) -> "JobLayout":
        """The same place with a folder of ours in it, named `ours`/NAME."""
        if not self.mounts:
            return JobLayout(
                root=self.root,
                cwd=self.cwd,
                env=self.env,
                ours=self.ours,
                folders={**self.folders, name: source},
            )
        mount = Mount(at=f"{OURS}/{name}", mode=mode, source=source)
        return JobLayout(root=self.root, cwd=self.cwd, env=self.env, mounts=(*self.mounts, mount))

    def inside(self, name: str) -> str:
        """The path inside of a folder that `with_folder` put there."""
        return str(self.folders[name]) if name in self.folders else f"{OURS}/{name}"

    def job(
        self,
        argv: Sequence[str],
        *,
        env: Mapping[str, str],
        home: Path | None = None,
        stdin: bytes = b"",
        access: Access = Access(),  # noqa: B008 - frozen
        limits: JobLimits = JobLimits(),  # noqa: B008 - frozen
        mounts: Sequence[Mount] = (),
    ) -> Job:
        """A job that stands here. Its own mounts come first: the tree covers what they hold."""
        return Job(
            argv=tuple(argv),
            cwd=self.cwd,
            env={**self.env, **env},
            mounts=(*mounts, *self.mounts),
            home=home,
            stdin=stdin,
            access=access,
            limits=limits,
        )


def place_tree(
    tree_mounts: Sequence[Mount],
    *,
    root: Path,
    directory: str,
    environment: EnvironmentFound,
    writable: Mapping[str, Path] = MappingProxyType({}),
) -> JobLayout:
    """The tree at the user's path; toolchains come first, so that it covers what they hold.

    An environment folder that the tree puts a link or a file in the way of is not mounted. What
    was built stands in the place of the user's; `writable` maps places to folders that are kept.
    """
    tools = [Mount(at=path, mode="ro", source=Path(path)) for path in environment.toolchains]
    tree = next((mount.source for mount in tree_mounts if mount.at == str(root)), None)
    sources = {path: Path(path) for path in environment.folders}
    sources |= {at: Path(source) for at, source in environment.built.items()}
    sources |= writable
    layers = [
        Mount(at=path, mode="rw" if path in writable else "overlay", source=source)
        for path, source in sources.items()
        if tree is None or _is_free(tree, os.path.relpath(path, root))
    ]
    return JobLayout(
        root=str(root),
        cwd=os.path.normpath(root / directory),
        env={**environment.env, "PATH": environment.path},
        mounts=(*tools, *tree_mounts, *layers),
    )


def place_plainly(tree: Path, *, directory: str, environment: EnvironmentFound) -> JobLayout:
    """Without isolation nothing can be mounted: the tree stands where it is."""
    return JobLayout(
        root=str(tree),
        cwd=os.path.normpath(tree / directory),
        env={**environment.env, "PATH": environment.path},
    )


def _is_free(tree: Path, path: str) -> bool:
    """Whether a mount point can be made at a path of the tree: only folders are in the way."""
    if path.startswith(".."):
        return True
    place = tree
    for part in path.split("/"):
        place = place / part
        try:
            mode = place.lstat().st_mode
        except OSError:
            return True
        if not stat.S_ISDIR(mode):
            return False
    return True
