"""Git directories of our own: an empty one, whose configuration nobody else wrote."""

import tempfile
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

from agentproxy.workspace.git.command import GitLocation
from agentproxy.workspace.git.repository import Repository


def configuration(repository: Repository) -> str:
    """A configuration that says how files are converted, as the user's does, and nothing else."""
    lines = ["[core]", "\tbare = false", "\tlogAllRefUpdates = false"]
    if repository.object_format == "sha1":
        lines.append("\trepositoryFormatVersion = 0")
    else:
        lines.append("\trepositoryFormatVersion = 1")
    lines += [f"\t{name} = {value}" for name, value in repository.settings.conversions]
    if repository.object_format != "sha1":
        lines += ["[extensions]", f"\tobjectFormat = {repository.object_format}"]
    return "\n".join([*lines, ""])


def make_git_dir(at: Path, repository: Repository, *, more: str = "") -> Path:
    """Write an empty git directory without running git: there is no template to be copied."""
    for folder in ("objects/info", "objects/pack", "refs/heads", "info"):
        (at / folder).mkdir(parents=True, exist_ok=True)
    (at / "HEAD").write_text("ref: refs/heads/unborn\n")
    (at / "config").write_text(configuration(repository) + more)
    (at / "info/attributes").write_bytes(repository.settings.attributes)
    return at


@contextmanager
def own_git(
    repository: Repository,
    *,
    work_tree: Path | None = None,
    objects: Path | None = None,
) -> Generator[GitLocation]:
    """A git directory that is gone afterwards, over the objects of the user (or of a submodule).

    Its index is empty; what git writes goes to those objects.
    """
    with tempfile.TemporaryDirectory(prefix="agentproxy-git-", dir=repository.scratch) as folder:
        at = make_git_dir(Path(folder, "own"), repository)
        yield GitLocation(
            git_dir=at,
            work_tree=work_tree,
            index=at / "index",
            objects=objects or repository.objects,
            cwd=work_tree or at,
        )
