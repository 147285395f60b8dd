"""Lays out the workspaces of conversations, with the user's tools."""

import errno
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from agentproxy.events.git_facts import EnvironmentFound
from agentproxy.tools.own_folders import OWN_FOLDERS
from agentproxy.tools.port import Bench
from agentproxy.tools.skills.library import SkillLibrary
from agentproxy.tools.skills.tools import show_skills
from agentproxy.workspace.environment.discover import WantedEnvironment, find_environment
from agentproxy.workspace.environment.job_layout import JobLayout, place_plainly, place_tree
from agentproxy.workspace.sandbox.port import IDENTITY, Mount, Sandbox

# The interpreters that an agent usually calls.
WANTED = WantedEnvironment(commands=("bash", "git", "python3", "node", "npm"))


@dataclass
class ToolPlaces:
    """Where the tools of conversations work. What an empty folder finds is found once."""

    environ: Mapping[str, str]
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _bare: EnvironmentFound | None = None

    def open_bench(
        self,
        workspace: Path,
        *,
        sandbox: Sandbox,
        home: Path,
        skills: SkillLibrary,
        show: Callable[[str], None],
        bash_seconds: float,
        read_only: bool = False,
    ) -> Bench:
        """Returns the bench of a conversation. Creates its HOME and our folders. Blocking.

        Raises OSError, SandboxError.
        """
        place = self._lay_out(workspace, sandbox=sandbox, home=home, read_only=read_only)
        return Bench(
            tree=workspace,
            place=show_skills(place, skills),
            sandbox=sandbox,
            home=home,
            show=show,
            bash_seconds=bash_seconds,
            own_folders=OWN_FOLDERS,
        )

    def _lay_out(
        self, workspace: Path, *, sandbox: Sandbox, home: Path, read_only: bool
    ) -> JobLayout:
        workspace.mkdir(parents=True, exist_ok=True, mode=0o700)
        if not home.exists():
            home.mkdir(parents=True, mode=0o700)
            (home / ".gitconfig").write_text(IDENTITY)
        found = self._find(workspace)
        if not sandbox.isolates:
            return place_plainly(workspace, directory=".", environment=found)
        mode: Literal["ro", "rw"] = "ro" if read_only else "rw"
        own = Mount(at=str(workspace), mode=mode, source=workspace)
        mounts = [own, *_guarded(workspace)]
        return place_tree(mounts, root=workspace, directory=".", environment=found)

    def _find(self, workspace: Path) -> EnvironmentFound:
        if any(entry.name not in OWN_FOLDERS for entry in workspace.iterdir()):
            return find_environment(workspace, ".", environ=self.environ, wanted=WANTED)
        with self._lock:
            if self._bare is None:
                self._bare = find_environment(workspace, ".", environ=self.environ, wanted=WANTED)
            return self._bare


def _guarded(workspace: Path) -> Sequence[Mount]:
    """Makes the folders of our own, which commands read and do not change. Raises OSError."""
    mounts: list[Mount] = []
    for name in sorted(OWN_FOLDERS):
        # Made here: a command could make one that is missing, or a link in its place.
        folder = workspace / name
        folder.mkdir(exist_ok=True, mode=0o700)
        if folder.is_symlink():
            raise NotADirectoryError(errno.ENOTDIR, "a link, not a folder", str(folder))
        mounts.append(Mount(at=str(folder), mode="ro", source=folder))
    return mounts
