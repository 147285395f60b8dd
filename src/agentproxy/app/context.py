"""What a process has, built once (`App`), and what each directory adds to it (`Project`)."""

import asyncio
from collections.abc import AsyncGenerator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

from agentproxy.app.hub import Hub
from agentproxy.app.scratch import scratch_below
from agentproxy.config.envfile import read_env
from agentproxy.config.files import as_text, read_small
from agentproxy.config.mistakes import BadFile
from agentproxy.config.settings import Settings, load_settings
from agentproxy.config.tables import MAX_CONFIG_BYTES
from agentproxy.config.trust import Trust, digest_of
from agentproxy.config.user import User, load_user, user_file
from agentproxy.journal.port import Holder, Journal
from agentproxy.journal.redact import Redactor
from agentproxy.journal.sqlite.journal import SqliteJournal
from agentproxy.workspace.environment.registries import Registries, find_registries
from agentproxy.workspace.git.repository import Repository, open_repository
from agentproxy.workspace.sandbox.detect import SandboxLevel, choose_sandbox
from agentproxy.workspace.sandbox.port import Sandbox

Forgive = Callable[[BadFile], None]


@dataclass(frozen=True)
class App:
    """The process: what is open while it runs, whatever projects its runs are in.

    `settings` are those of where it was started; `scratch` is its folder for temporary files, None
    for the system's; `hub` has what its runs show. `abandoned` is what it holds in the journal and
    does not work on: it failed to let go of it.
    """

    environ: dict[str, str]
    settings: Settings
    user: User
    journal: Journal
    redact: Redactor
    scratch: Path | None
    hub: Hub = field(default_factory=Hub)
    abandoned: set[Holder] = field(default_factory=set[Holder])

    @property
    def environments(self) -> Path:
        """Where environments that we build are kept."""
        return self.settings.home / "environments"

    async def registries(self) -> Registries | None:
        """What a build may reach; None where building is switched off."""
        if self.settings.build == "never":
            return None
        return await asyncio.to_thread(find_registries, self.environ)

    def folder(self, run: str) -> Path:
        """The folder of a run."""
        return self.settings.home / "runs" / run

    async def repository(self, directory: Path) -> Repository:
        """The repository around a directory. Raises RepositoryUnusable."""
        return await open_repository(directory, scratch=self.scratch)

    async def sandbox(self, level: SandboxLevel) -> Sandbox:
        """The sandbox of a level. Raises SandboxError."""
        return await choose_sandbox(level, scratch=self.scratch)

    async def project(self, directory: Path, *, forgive: Forgive | None = None) -> "Project":
        """The project at a directory, as it is configured now. `forgive` as in `read_settings`.

        Raises:
            BadSetting, BadFile: a setting cannot be used.
        """
        settings = await asyncio.to_thread(
            read_settings, self.environ, directory, self.user, forgive=forgive
        )
        self.redact.learn(settings.secrets)
        return Project(self, directory, settings)


@dataclass(frozen=True, slots=True)
class Project:
    """A directory that tasks are worked on in, with what its `.env` sets as far as it is trusted.

    Its `agentproxy.toml` is read where it is needed, at the base of a run (`app/rules.py`).
    """

    app: App
    directory: Path
    settings: Settings


def read_user() -> User:
    """The user's own configuration.

    Raises:
        BadFile: it cannot be used.
    """
    file = user_file()
    data = read_small(file, limit=MAX_CONFIG_BYTES)
    return User() if data is None else load_user(as_text(data, source=str(file)), source=str(file))


def read_settings(
    environ: Mapping[str, str], directory: Path, user: User, *, forgive: Forgive | None = None
) -> Settings:
    """The settings of a start in a directory; its `.env` counts whole only when it is trusted.

    One that cannot be read is told to `forgive`, where that is given, and then counts as none.

    Raises:
        BadSetting, BadFile: a setting cannot be used.
    """
    try:
        return _settings(environ, directory, user)
    except BadFile as error:
        if forgive is None:
            raise
        forgive(error)
        return load_settings(None, environ, trusted=False, defaults=user.defaults)


def _settings(environ: Mapping[str, str], directory: Path, user: User) -> Settings:
    settings = load_settings(directory, environ, trusted=False, defaults=user.defaults)
    if not settings.ignored:
        return settings
    file = directory / ".env"
    data = read_env(file, follow=False)
    trust = Trust(settings.home / "trust.json")
    if data is None or not trust.trusted(file, digest_of(data)):
        return settings
    return load_settings(directory, environ, trusted=True, defaults=user.defaults)


@asynccontextmanager
async def open_app(
    environ: Mapping[str, str],
    directory: Path,
    *,
    forgive: Forgive | None = None,
    home: Path | None = None,
) -> AsyncGenerator[App]:
    """The process in a directory: settings read, journal open; closed again whatever happens.
    `forgive` as in `read_settings`.

    `home` is where a run was found already, whatever the directory's own settings say.

    Raises:
        BadSetting, BadFile: a setting cannot be used.
        JournalUnusable: the journal cannot be opened.
    """
    user = read_user()
    settings = read_settings(environ, directory, user, forgive=forgive)
    if home is not None:
        settings = settings.model_copy(update={"home": home})
    await asyncio.to_thread(settings.home.mkdir, parents=True, exist_ok=True, mode=0o700)
    redact = Redactor(settings.secrets)
    journal = SqliteJournal(settings.home / "journal.sqlite3", redact=redact)
    try:
        async with scratch_below(settings.home) as scratch:
            yield App(
                environ=dict(environ),
                settings=settings,
                user=user,
                journal=journal,
                redact=redact,
                scratch=scratch,
            )
    finally:
        await journal.close()
