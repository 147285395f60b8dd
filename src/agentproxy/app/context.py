"""Builds the objects of a process (`App`) and of a directory (`Project`)."""

import asyncio
from collections.abc import AsyncGenerator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

from agentproxy.app.following import NOBODY, Follower, Say, close_follower, open_follower
from agentproxy.app.hub import Hub
from agentproxy.app.scratch import scratch_below
from agentproxy.config.envfile import read_env
from agentproxy.config.files import as_text, read_small
from agentproxy.config.mistakes import BadFile
from agentproxy.config.settings import Settings, load_settings
from agentproxy.config.tables import MAX_CONFIG_BYTES
from agentproxy.config.trust import Trust, digest_of
from agentproxy.config.user import User, load_user, user_file
from agentproxy.engine.cancellation import finish_though_cancelled
from agentproxy.evidence.kept_results import KeptResults
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
    """The objects of a process, for all its projects.

    `settings` belong to the start directory. `scratch` None is the system's temporary folder.
    `abandoned` are leases that this process could not release.
    """

    environ: dict[str, str]
    settings: Settings
    user: User
    journal: Journal
    redact: Redactor
    scratch: Path | None
    hub: Hub
    abandoned: set[Holder] = field(default_factory=set[Holder])
    follower: Follower = NOBODY

    @property
    def environments(self) -> Path:
        return self.settings.home / "environments"

    @property
    def kept_results(self) -> KeptResults:
        return KeptResults(self.settings.home / "bases")

    async def registries(self) -> Registries | None:
        """Returns the registries for builds; None when building is off."""
        if self.settings.build == "never":
            return None
        return await asyncio.to_thread(find_registries, self.environ)

    def folder(self, run: str) -> Path:
        return self.settings.home / "runs" / run

    async def repository(self, directory: Path) -> Repository:
        """Returns the repository around a directory. Raises RepositoryUnusable."""
        return await open_repository(directory, scratch=self.scratch)

    async def sandbox(self, level: SandboxLevel) -> Sandbox:
        """Returns the sandbox of a level. Raises SandboxError."""
        return await choose_sandbox(level, scratch=self.scratch)

    async def project(self, directory: Path, *, forgive: Forgive | None = None) -> "Project":
        """Reads the current configuration. Raises BadSetting, BadFile unless forgiven."""
        settings = await asyncio.to_thread(
            read_settings, self.environ, directory, self.user, forgive=forgive
        )
        # From now on all runs of this process redact the project's keys (decision 14).
        self.redact.learn(settings.secrets)
        return Project(self, directory, settings)


@dataclass(frozen=True, slots=True)
class Project:
    """A directory with its trusted `.env`. A run reads `agentproxy.toml` from its base."""

    app: App
    directory: Path
    settings: Settings


def read_user() -> User:
    """Reads the user's own configuration. Raises BadFile."""
    file = user_file()
    data = read_small(file, limit=MAX_CONFIG_BYTES)
    return User() if data is None else load_user(as_text(data, source=str(file)), source=str(file))


def read_settings(
    environ: Mapping[str, str],
    directory: Path,
    user: User,
    *,
    forgive: Forgive | None = None,
    serves: bool = False,
) -> Settings:
    """Reads the settings for a directory; only a trusted `.env` counts whole.

    `forgive` receives the error of a `.env`, which is then ignored. Raises BadSetting, BadFile.
    """
    try:
        return _settings(environ, directory, user, serves=serves)
    except BadFile as error:
        if forgive is None:
            raise
        forgive(error)
        return load_settings(None, environ, trusted=False, defaults=user.defaults, serves=serves)


def _settings(environ: Mapping[str, str], directory: Path, user: User, *, serves: bool) -> Settings:
    settings = load_settings(
        directory, environ, trusted=False, defaults=user.defaults, serves=serves
    )
    if not settings.ignored:
        return settings
    file = directory / ".env"
    data = read_env(file, follow=False)
    trust = Trust(settings.home / "trust.json")
    if data is None or not trust.trusted(file, digest_of(data)):
        return settings
    return load_settings(directory, environ, trusted=True, defaults=user.defaults, serves=serves)


def _follower(settings: Settings, redact: Redactor, say: Say | None) -> Follower:
    if say is None or not settings.telemetry.enabled:
        return NOBODY
    return open_follower(settings.telemetry.variables, say=lambda text: say(redact(text)))


class HomeUnusable(Exception):
    """The folder for runs cannot be made."""

    cure = "set AGENTPROXY_HOME to a folder that you may write"


def _make_home(home: Path) -> None:
    try:
        home.mkdir(parents=True, exist_ok=True, mode=0o700)
    except OSError as error:
        raise HomeUnusable(f"runs cannot be kept in {home}: {error.strerror}") from error


@asynccontextmanager
async def open_app(
    environ: Mapping[str, str],
    directory: Path,
    *,
    forgive: Forgive | None = None,
    home: Path | None = None,
    serves: bool = False,
    say: Say | None = None,
    before_sending: Callable[[], None] | None = None,
) -> AsyncGenerator[App]:
    """Opens the objects of a process, and closes them at the end.

    `home` overrides the home of the settings; `serves` reads those of a server too. A process that
    works on runs gives `say`, which is told what is wrong with telemetry, and `before_sending`,
    which is called before the end waits for a collector. Raises BadSetting, BadFile, HomeUnusable,
    JournalUnusable.
    """
    user = read_user()
    settings = read_settings(environ, directory, user, forgive=forgive, serves=serves)
    # The run was already found there, whatever the settings of its own directory say.
    if home is not None:
        settings = settings.model_copy(update={"home": home})
    await asyncio.to_thread(_make_home, settings.home)
    redact = Redactor(settings.secrets)
    named = settings.chat.journal
    place = directory / named if named else settings.home / "journal.sqlite3"
    journal = SqliteJournal(place, redact=redact)
    follower = _follower(settings, redact, say)
    try:
        async with scratch_below(settings.home) as scratch:
            yield App(
                environ=dict(environ),
                settings=settings,
                user=user,
                journal=journal,
                redact=redact,
                scratch=scratch,
                hub=Hub(redact),
                follower=follower,
            )
    finally:
        # The journal first: sending what is left may take seconds, and a person may end that.
        await finish_though_cancelled(journal.close())
        if say is not None and follower is not NOBODY:
            if before_sending is not None:
                before_sending()
            await close_follower(follower, say=say)
