"""Lists the known agents on this machine, and adds one to the user's configuration."""

import asyncio
import difflib
import fcntl
import os
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from agentproxy.app.context import App
from agentproxy.config.files import as_text, read_small
from agentproxy.config.mistakes import BadFile
from agentproxy.config.tables import MAX_CONFIG_BYTES
from agentproxy.config.user import load_user, user_file
from agentproxy.files.pathnames import BadPath
from agentproxy.files.safe_files import SafeDir
from agentproxy.workers.known.installed import (
    Installation,
    asked_version,
    find_installation,
    packaged_version,
)
from agentproxy.workers.known.table import KnownAgent, known_agents
from agentproxy.workspace.sandbox.port import SandboxError


class AgentRefused(Exception):
    """An agent cannot be shown or added. `cure` says what a person can do."""

    def __init__(self, message: str, *, cure: str) -> None:
        super().__init__(message)
        self.cure = cure


@dataclass(frozen=True, slots=True)
class AgentRow:
    """A known agent as this machine has it. `program` and `version` are "" where it is not."""

    name: str
    title: str
    installed: bool
    program: str
    version: str
    configured: bool
    can: tuple[str, ...]
    wire: str
    model: str
    tried: str
    on: str
    by: str
    install: str


@dataclass(frozen=True, slots=True)
class AgentTable:
    """The `[worker.NAME]` of an agent, with its program on this machine if it is there."""

    name: str
    table: str
    installed: bool
    install: str
    notes: tuple[str, ...]


async def list_agents(app: App) -> Sequence[AgentRow]:
    """Returns all known agents, in the order of the table."""
    return await asyncio.gather(*(_row(app, name) for name in known_agents()))


async def _row(app: App, name: str) -> AgentRow:
    agent = known_agents()[name]
    at = await asyncio.to_thread(find_installation, agent, app.environ)
    return AgentRow(
        name=name,
        title=agent.title,
        installed=at is not None,
        program=str(at.program) if at else "",
        version=await _version(app, agent, at) if at else "",
        configured=name in app.user.workers,
        can=agent.can,
        wire=agent.wire,
        model=agent.model,
        tried=agent.tried,
        on=agent.on.isoformat(),
        by=agent.by,
        install=agent.install,
    )


async def _version(app: App, agent: KnownAgent, at: Installation) -> str:
    told = await asyncio.to_thread(packaged_version, agent, at.program)
    if told:
        return told
    try:
        sandbox = await app.sandbox("auto")
    except SandboxError:
        return ""
    return await asked_version(agent, at, sandbox=sandbox, environ=app.environ)


def agent_table(app: App, name: str) -> AgentTable:
    """Returns an agent's table for this machine. Blocking. Raises AgentRefused."""
    agent = known_agents().get(name)
    if agent is None:
        raise _unknown(name)
    at = find_installation(agent, app.environ)
    program = str(at.program) if at else agent.program
    table = agent.worker_table(name, program=program, paths=at.paths if at else ())
    return AgentTable(name, table, at is not None, agent.install, agent.notes)


def add_agent(app: App, name: str) -> tuple[AgentTable, Path]:
    """Writes an agent's table at the end of the user's configuration, and returns its file.

    The file is written as a whole or not at all. Blocking. Raises AgentRefused, BadFile.
    """
    found = agent_table(app, name)
    if not found.installed:
        raise AgentRefused(f"{name} is not installed", cure=found.install)
    # A link to the file stays a link: many people keep their configuration elsewhere.
    file = user_file().resolve()
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        with _alone(file.parent), SafeDir(file.parent) as folder:
            folder.write(file.name, _with_table(found, file).encode())
    except (OSError, BadPath) as error:
        raise AgentRefused(f"{file} cannot be written: {error}", cure=_by_hand(name)) from error
    return found, file


def _with_table(found: AgentTable, file: Path) -> str:
    data = read_small(file, limit=MAX_CONFIG_BYTES)
    before = as_text(data, source=str(file)) if data else ""
    if found.name in load_user(before, source=str(file)).workers:
        raise AgentRefused(
            f"[worker.{found.name}] is already in {file}",
            cure=f"remove it there, or compare: pa agents show {found.name}",
        )
    text = f"{before.rstrip()}\n\n{found.table}".lstrip()
    try:
        load_user(text, source=str(file))
    except BadFile as error:
        message = f"[worker.{found.name}] cannot stand at the end of {file}: {error}"
        raise AgentRefused(message, cure=_by_hand(found.name)) from error
    return text


@contextmanager
def _alone(folder: Path) -> Generator[None]:
    # Two calls at the same time write one after the other.
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)


def _by_hand(name: str) -> str:
    return f"add it by hand: pa agents show {name}"


def _unknown(name: str) -> AgentRefused:
    near = difflib.get_close_matches(name[:64], known_agents(), n=3, cutoff=0.4)
    cure = f"did you mean {' or '.join(near)}?" if near else f"known: {', '.join(known_agents())}"
    return AgentRefused(f"no known agent has the name {name[:64]!r}", cure=cure)
