"""Writes the starter files of a project."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path

from agentproxy.config.project import PROJECT_FILES
from agentproxy.config.tables import MAX_CONFIG_BYTES
from agentproxy.files.safe_files import BadPath, SafeDir
from agentproxy.supervisor.contexts.reading import HOME
from agentproxy.workspace.git.repository import open_repository

CONFIGURATION = PROJECT_FILES[0]
IGNORED = f"{HOME}/.gitignore"
# The path in the repository, and the package's file with the first content.
START = {
    f"{HOME}/project/mission.md": "mission.md",
    f"{HOME}/project/okrs.md": "okrs.md",
    f"{HOME}/project/competitive-analysis.md": "competitive-analysis.md",
    f"{HOME}/project/mockups/README.md": "mockups.md",
    f"{HOME}/guidance/standards.md": "standards.md",
    f"{HOME}/guidance/qa-checklist.md": "qa-checklist.md",
    f"{HOME}/guidance/preferences.md": "preferences.md",
    f"{HOME}/session/tasks.md": "tasks.md",
    IGNORED: "gitignore.txt",
    CONFIGURATION: "agentproxy.toml",
}


class NotStarted(Exception):
    """The starter files cannot be written."""

    def __init__(self, message: str, *, cure: str) -> None:
        super().__init__(message)
        self.cure = cure


@dataclass(frozen=True, slots=True)
class Started:
    """The written and the existing files, relative to the root.

    `session_ignored` says whether the folder's `.gitignore` names the session.
    """

    root: str
    written: tuple[str, ...]
    kept: tuple[str, ...]
    session_ignored: bool = True


async def start_project(directory: Path) -> Started:
    """Writes the missing starter files. Raises RepositoryUnusable, NotStarted."""
    root = (await open_repository(directory)).root
    return await asyncio.to_thread(_start, root)


def _start(root: Path) -> Started:
    try:
        with SafeDir(root, links=False) as opened:
            missing, kept = _missing(opened)
            for path, text in missing.items():
                opened.write(path, text.encode())
            ignored = b"session/" in opened.read(IGNORED, limit=MAX_CONFIG_BYTES).split()
    except BadPath as error:
        raise NotStarted(
            f"{error.path}: {error.why}", cure="move it away, then run pa init again"
        ) from error
    return Started(str(root), written=tuple(missing), kept=kept, session_ignored=ignored)


def _missing(root: SafeDir) -> tuple[Mapping[str, str], tuple[str, ...]]:
    there = {path for path in (*START, *PROJECT_FILES) if root.exists(path)}
    # Two configuration files are an error, so the other name counts too.
    if there.intersection(PROJECT_FILES):
        wanted = [path for path in START if path != CONFIGURATION]
    else:
        wanted = list(START)
    texts = files("agentproxy.app") / "start"
    missing = {path: (texts / START[path]).read_text() for path in wanted if path not in there}
    return missing, tuple(sorted(there))
