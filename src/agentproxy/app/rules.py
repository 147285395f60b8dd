"""The project's configuration as the supervisor needs it, and what is trusted of it."""

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
    """The configuration in a folder, reduced to what a person trusts of it.

    `repository` is where the person's own copy lies, which trust was given to.

    Raises:
        BadFile: it cannot be used.
        TrustError: the record of trust cannot be read.
    """
    found: dict[str, bytes] = {}
    for name in PROJECT_FILES:
        data = read_small(folder / name, limit=MAX_CONFIG_BYTES, follow=False)
        if data is not None:
            found[name] = data
        elif (folder / name).is_symlink():
            raise BadFile("a symbolic link", source=name, cure="put the file itself there")
    configured = only_project(found)
    if configured is None:
        return ProjectFile()
    name, data = next(iter(found.items()))
    trust = Trust(app.settings.home / "trust.json")
    if trust.trusted(repository / name, digest_of(data)):
        return configured
    return untrusted(configured)


def rules_reader(app: App, repository: Path) -> Callable[[Path], ProjectRules]:
    """Reads the rules from the files of the base. Blocking.

    Raises:
        RepositoryUnusable: the configuration at the base cannot be used.
    """

    def read(folder: Path) -> ProjectRules:
        try:
            project = read_project(folder, app=app, repository=repository)
        except BadFile as error:
            raise RepositoryUnusable(f"{error.source}: {error.problem}", cure=error.cure) from error
        notes: tuple[str, ...] = ()
        if project.ignored:
            names = ", ".join(project.ignored)
            notes = (f"not trusted, so left out: {names} (pa trust, then start anew)",)
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
