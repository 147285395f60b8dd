"""Reads the trusted part of the project's configuration."""

from collections.abc import Callable
from pathlib import Path

from agentproxy.app.context import App
from agentproxy.config.files import read_small
from agentproxy.config.mistakes import BadFile
from agentproxy.config.project import PROJECT_FILES, ProjectFile, only_project, untrusted
from agentproxy.config.tables import MAX_CONFIG_BYTES
from agentproxy.config.trust import Trust, digest_of
from agentproxy.events.contract import THIRTY_MINUTES, Check
from agentproxy.supervisor.planning import ProjectRules
from agentproxy.workspace.git.repository import RepositoryUnusable


def read_project(folder: Path, *, app: App, repository: Path) -> ProjectFile:
    """`repository` is the person's own copy, to which the trust belongs.

    Raises BadFile, TrustError.
    """
    found: dict[str, bytes] = {}
    for name in PROJECT_FILES:
        data = read_small(folder / name, limit=MAX_CONFIG_BYTES, follow=False)
        if data is not None:
            found[name] = data
        elif (folder / name).is_symlink():
            raise BadFile("it is a symbolic link", source=name, cure="replace the link by the file")
    configured = only_project(found)
    if configured is None:
        return ProjectFile()
    name, data = next(iter(found.items()))
    trust = Trust(app.settings.home / "trust.json")
    # Only exactly these bytes are trusted: a worker that edits the file gains nothing (decision 2).
    if trust.trusted(repository / name, digest_of(data)):
        return configured
    return untrusted(configured)


def rules_reader(app: App, repository: Path) -> Callable[[Path], ProjectRules]:
    """Returns a blocking reader for the base's files. It raises RepositoryUnusable."""

    def read(folder: Path) -> ProjectRules:
        try:
            project = read_project(folder, app=app, repository=repository)
        except BadFile as error:
            raise RepositoryUnusable(f"{error.source}: {error.problem}", cure=error.cure) from error
        notes: tuple[str, ...] = ()
        if project.ignored:
            names = ", ".join(project.ignored)
            notes = (f"ignored, because not trusted: {names}; run pa trust, then start again",)
        return ProjectRules(
            checks=tuple(
                Check(
                    name=name,
                    command=table.command,
                    role=table.role,
                    source=f"agentproxy.toml [checks.{name}]",
                    directory=table.directory,
                    network=table.network,
                    env=table.env,
                    timeout=table.timeout or THIRTY_MINUTES,
                )
                for name, table in project.checks.items()
            ),
            discovered=project.discovered,
            known_red=project.known_red,
            prepare=project.prepare or "",
            carry=project.carry,
            folders=project.environment,
            left_out=tuple(name for name in project.ignored if _is_of_checks(name)),
            notes=notes,
        )

    return read


def _is_of_checks(key: str) -> bool:
    return key in ("prepare", "carry", "environment") or key.startswith("checks.")
