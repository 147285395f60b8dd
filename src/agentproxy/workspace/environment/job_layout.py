"""Lays out a job: the tree at the user's path, with the user's tools."""

import os
import stat
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import MappingProxyType
from typing import Literal

from agentproxy.events.git_facts import EnvironmentFound
from agentproxy.workspace.environment.toolchains import INSIDE_HOME as INSIDE_HOME
from agentproxy.workspace.sandbox.port import Access, Job, JobLimits, Mount

OURS = "/run/agentproxy"


@dataclass(frozen=True, slots=True)
class JobLayout:
    """The mounts, variables and directory of a job. Without isolation there are no mounts."""

    root: str
    cwd: str
    env: Mapping[str, str]
    mounts: tuple[Mount, ...] = ()
    ours: str = OURS
    folders: Mapping[str, Path] = field(default_factory=dict[str, Path])

    @property
    def tree(self) -> Path:
        """The tree's folder on the host."""
        found = (mount.source for mount in self.mounts if mount.at == self.root)
        return next((source for source in found if source is not None), Path(self.root))

    @property
    def directory(self) -> str:
        return os.path.relpath(self.cwd, self.root)

    def with_folder(
        self, name: str, source: Path, *, mode: Literal["ro", "rw"] = "rw"
    ) -> "JobLayout":
        """Adds a folder, which the job finds at `inside(name)`."""
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
        """Makes a job. The layout's mounts cover those in `mounts`."""
        return Job(
            argv=tuple(argv),
            cwd=self.cwd,
            env={**self.env, **env},
            # Later mounts cover earlier ones: nothing may hide a part of the tree.
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
    """Lays out an isolated job.

    A built environment replaces the user's at the same path. `writable` maps paths to folders that
    keep the job's writes.
    """
    tools = [Mount(at=path, mode="ro", source=Path(path)) for path in environment.toolchains]
    tools += _caches(environment, root)
    own = next((mount for mount in tree_mounts if mount.at == str(root)), None)
    before, after = _at_checkouts(own, environment.checkouts) if own else ((), ())
    places = [root, *(Path(mount.at) for mount in (*before, *after))]
    sources = {path: Path(path) for path in environment.folders}
    sources |= {at: path for at, path in _cached(environment) if Path(at).is_relative_to(root)}
    sources |= {at: Path(source) for at, source in environment.built.items()}
    sources |= writable
    # An overlay, not a read-only mount: vitest 4 and `uv run` write into their environment.
    layers = [
        Mount(at=path, mode=_mode(path, source, writable), source=source)
        for path, source in sources.items()
        if own is None
        or own.source is None
        or _is_free_at(own.source, path, places)
        or _replaces_carried(path, environment, root)
    ]
    return JobLayout(
        root=str(root),
        cwd=os.path.normpath(root / directory),
        env={**environment.env, "PATH": environment.path},
        # Later mounts cover earlier ones: a toolchain folder may hold the user's repository.
        mounts=(*tools, *before, *tree_mounts, *after, *layers),
    )


def _replaces_carried(path: str, environment: EnvironmentFound, root: Path) -> bool:
    """Whether a built file stands for one that the user has, such as `.pnp.cjs`."""
    return path in environment.built and os.path.relpath(path, root) in environment.carried


def _mode(path: str, source: Path, writable: Mapping[str, Path]) -> Literal["ro", "rw", "overlay"]:
    if path in writable:
        return "rw"
    # Only a folder has a layer.
    return "ro" if source.is_file() else "overlay"


def missing_checkouts(layout: JobLayout, checkouts: Sequence[str]) -> tuple[str, ...]:
    """Returns the other checkouts at whose place the tree cannot stand: its own files are in the
    way.
    """
    mounted = {mount.at for mount in layout.mounts}
    return tuple(at for at in checkouts if layout.mounts and at not in mounted)


def _cached(environment: EnvironmentFound) -> Iterator[tuple[str, Path]]:
    yield from ((at, Path(source)) for at, source in environment.caches.items())


def _caches(environment: EnvironmentFound, root: Path) -> Iterator[Mount]:
    for at, source in _cached(environment):
        # A cache in the tree is shown after the tree.
        if not Path(at).is_relative_to(root):
            yield Mount(at=at, mode="overlay", source=source, may_copy=False)
    for path in map(Path, environment.hidden):
        if not path.is_relative_to(root):
            yield Mount(at=str(path), mode="hidden", source=path)


def place_plainly(tree: Path, *, directory: str, environment: EnvironmentFound) -> JobLayout:
    """Lays out a job without isolation: the tree stays where it is (decision 5)."""
    return JobLayout(
        root=str(tree),
        cwd=os.path.normpath(tree / directory),
        env={**environment.env, "PATH": environment.path},
    )


def _at_checkouts(
    own: Mount, checkouts: Sequence[str]
) -> tuple[tuple[Mount, ...], tuple[Mount, ...]]:
    """Mounts the tree at other checkouts: those around its own place, and those after it."""
    before: list[Mount] = []
    after: list[Mount] = []
    places = [Path(own.at)]
    for at in sorted(checkouts):
        around = Path(own.at).is_relative_to(at)
        # What the tree has at a mount point must not lead the mount elsewhere.
        free = own.source is not None and _is_free_at(own.source, at, places)
        if free and own.source is not None and _is_free_at(own.source, own.at, [Path(at)]):
            (before if around else after).append(replace(own, at=at))
            places.append(Path(at))
    return tuple(before), tuple(after)


def _is_free_at(tree: Path, path: str, places: Sequence[Path]) -> bool:
    """Whether a path is a possible mount point where the tree stands at all of these places."""
    return all(_is_free(tree, os.path.relpath(path, place)) for place in places)


def _is_free(tree: Path, path: str) -> bool:
    # A link of the tree must not decide where a mount goes, and a file cannot be a mount point.
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
