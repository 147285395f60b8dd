"""Changes a person's trust in a repository's configuration."""

import asyncio
from collections.abc import Mapping
from pathlib import Path

from agentproxy.app.context import read_settings, read_user
from agentproxy.config.envfile import read_env
from agentproxy.config.files import read_small
from agentproxy.config.project import PROJECT_FILES
from agentproxy.config.tables import MAX_CONFIG_BYTES
from agentproxy.config.trust import Trust, digest_of
from agentproxy.workspace.git.repository import open_repository

ENV = ".env"
UNLINK = "replace the link by the file"


def change_trust(
    directory: Path, environ: Mapping[str, str], *, revoke: bool
) -> list[tuple[str, str]]:
    """Trusts the configuration files, or withdraws the trust.

    Returns each file with what was done. Raises RepositoryUnusable, ConfigError.
    """
    settings = read_settings(environ, directory, read_user())
    root = asyncio.run(open_repository(directory)).root
    trust = Trust(settings.home / "trust.json")
    done: list[tuple[str, str]] = []
    for file in sorted({root / name for name in (*PROJECT_FILES, ENV)} | {directory / ENV}):
        data = _contents(file)
        if data is None:
            # A link may lead to any file, so it is never trusted.
            if file.is_symlink() and not revoke:
                done.append((str(file), f"not trusted, because it is a link; {UNLINK}"))
            continue
        if revoke:
            done.append((str(file), "no longer trusted" if trust.revoke(file) else "not trusted"))
        else:
            trust.trust(file, digest_of(data))
            done.append((str(file), f"trusted with its current content ({digest_of(data)[:12]})"))
    return done


def _contents(file: Path) -> bytes | None:
    if file.name == ENV:
        return read_env(file, follow=False)
    return read_small(file, limit=MAX_CONFIG_BYTES, follow=False)
