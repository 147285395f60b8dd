"""Lays out the workspace of a conversation, with the user's tools."""

import asyncio
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from agentproxy.app.context import App
from agentproxy.tools.port import Bench
from agentproxy.workspace.environment.discover import Wanted, find_environment
from agentproxy.workspace.environment.job_layout import JobLayout, place_plainly, place_tree
from agentproxy.workspace.sandbox.port import IDENTITY, Mount, Sandbox


async def open_bench(
    app: App, workspace: Path, *, sandbox: Sandbox, home: Path, show: Callable[[str], None]
) -> Bench:
    """Returns where the tools of a conversation work. Creates the workspace and the HOME."""
    place = await asyncio.to_thread(_lay_out, app, workspace, sandbox=sandbox, home=home)
    return Bench(tree=workspace, place=place, sandbox=sandbox, home=home, show=show)


def with_limits(bench: Bench, *, bash_seconds: float) -> Bench:
    return replace(bench, bash_seconds=bash_seconds)


def _lay_out(app: App, workspace: Path, *, sandbox: Sandbox, home: Path) -> JobLayout:
    workspace.mkdir(parents=True, exist_ok=True, mode=0o700)
    if not home.exists():
        home.mkdir(parents=True, mode=0o700)
        (home / ".gitconfig").write_text(IDENTITY)
    # The interpreters that an agent usually calls.
    wanted = Wanted(commands=("bash", "git", "python3", "node", "npm"))
    found = find_environment(workspace, ".", environ=app.environ, wanted=wanted)
    if not sandbox.isolates:
        return place_plainly(workspace, directory=".", environment=found)
    own = Mount(at=str(workspace), mode="rw", source=workspace)
    return place_tree([own], root=workspace, directory=".", environment=found)
