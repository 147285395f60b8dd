"""Makes empty git directories of our own, with a configuration that no other program wrote."""

import tempfile
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

from agentproxy.workspace.git.command import GitLocation
from agentproxy.workspace.git.repository import Repository


def configuration(repository: Repository) -> str:
    """Returns a configuration file with the user's settings for file conversion, and no others."""
    lines = ["[core]", "\tbare = false", "\tlogAllRefUpdates = false"]
    if repository.object_format == "sha1":
        lines.append("\trepositoryFormatVersion = 0")
    else:
        # Git reads the section [extensions] only from version 1 on.
        lines.append("\trepositoryFormatVersion = 1")
    lines += [f"\t{name} = {value}" for name, value in repository.settings.conversions]
    if repository.object_format != "sha1":
        lines += ["[extensions]", f"\tobjectFormat = {repository.object_format}"]
    return "\n".join([*lines, ""])


def make_git_dir(at: Path, repository: Repository, *, more: str = "") -> Path:
    """Writes an empty git directory. `more` is added to its configuration."""
    for folder in ("objects/info", "objects/pack", "refs/heads", "info"):
        (at / folder).mkdir(parents=True, exist_ok=True)
    _write(at, repository, more=more)
    (at / "info/attributes").write_bytes(repository.settings.attributes)
    return at


def _write(at: Path, repository: Repository, *, more: str = "") -> None:
    # Not by `git init`, which copies the user's templates, hooks included.
    (at / "HEAD").write_text("ref: refs/heads/unborn\n")
    (at / "config").write_text(configuration(repository) + more)


@contextmanager
def own_git(
    repository: Repository,
    *,
    work_tree: Path | None = None,
    objects: Path | None = None,
) -> Generator[GitLocation]:
    """Makes a temporary git directory with an empty index.

    Git reads and writes objects in `objects`, by default in the user's store.
    """
    with tempfile.TemporaryDirectory(prefix="agentproxy-git-", dir=repository.scratch) as folder:
        at = Path(folder)
        # A run makes dozens. What git asks for is there, and the objects are elsewhere.
        (at / "refs").mkdir()
        _write(at, repository)
        if repository.settings.attributes:
            (at / "info").mkdir()
            (at / "info/attributes").write_bytes(repository.settings.attributes)
        yield GitLocation(
            git_dir=at,
            work_tree=work_tree,
            index=at / "index",
            objects=objects or repository.objects,
            cwd=work_tree or at,
        )
