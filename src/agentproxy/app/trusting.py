"""Trusting a repository's configuration files, as they are now."""

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
UNLINK = "a link may lead anywhere: replace the link by a file"


def change_trust(
    directory: Path, environ: Mapping[str, str], *, revoke: bool
) -> list[tuple[str, str]]:
    """Trust the files of the repository around a directory, or no longer; what was done to each.

    Raises:
        RepositoryUnusable: there is no repository here.
        ConfigError: a file or the record of trust cannot be used.
    """
    settings = read_settings(environ, directory, read_user())
    root = asyncio.run(open_repository(directory)).root
    trust = Trust(settings.home / "trust.json")
    done: list[tuple[str, str]] = []
    for file in sorted({root / name for name in (*PROJECT_FILES, ENV)} | {directory / ENV}):
        data = _contents(file)
        if data is None:
            if file.is_symlink() and not revoke:
                done.append((str(file), f"not trusted; {UNLINK}"))
            continue
        if revoke:
            done.append((str(file), "no longer trusted" if trust.revoke(file) else "not trusted"))
        else:
            trust.trust(file, digest_of(data))
            done.append((str(file), f"trusted as it is now ({digest_of(data)[:12]})"))
    return done


def _contents(file: Path) -> bytes | None:
    if file.name == ENV:
        return read_env(file, follow=False)
    return read_small(file, limit=MAX_CONFIG_BYTES, follow=False)
