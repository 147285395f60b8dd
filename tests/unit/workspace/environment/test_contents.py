"""The digest of what a check may read outside of the tree."""

import os
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from agentproxy.events.git_facts import EnvironmentFound
from agentproxy.workspace.environment import contents
from agentproxy.workspace.environment.contents import digest_at_hand, unchanged_since


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A repository with an environment, a toolchain and an ignored file."""
    for name in (
        "project/.venv/lib/python3.11/site-packages/dep/deep/code.py",
        "project/.venv/bin/python",
        "project/.env.test",
        "tools/bin/tool",
        "tools/lib/python3.11/site-packages/other.py",
    ):
        file = tmp_path / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text("1")
    (tmp_path / "project" / SITE / "dep/deep/link").symlink_to("/there")
    return tmp_path / "project"


def found(root: Path, **more: object) -> EnvironmentFound:
    seen = EnvironmentFound(
        folders=(str(root / ".venv"),),
        path=str(root.parent / "tools/bin"),
        carried=(".env.test",),
    )
    return seen.model_copy(update=more)


@dataclass
class Looked:
    """What was seen of an environment at one moment."""

    root: Path
    environment: EnvironmentFound
    at_hand: str | None
    moment: float

    def is_unchanged(self) -> bool:
        """Whether nothing that a check may read has changed since."""
        now = digest_at_hand(self.environment, self.root)
        still = unchanged_since(self.environment, self.root, self.moment)
        return self.at_hand is not None and now == self.at_hand and still


def look(root: Path, **more: object) -> Looked:
    time.sleep(2 * contents.TICK)
    environment = found(root, **more)
    return Looked(root, environment, digest_at_hand(environment, root), time.time())


def rewrite(name: str, text: str = "22") -> Callable[[Path], object]:
    return lambda root: (root / name).write_text(text)


def lead_elsewhere(link: Path) -> None:
    """A link to a path of the same length, with the times of the one before."""
    times = link.lstat()
    link.unlink()
    link.symlink_to("/other")
    os.utime(link, ns=(times.st_atime_ns, times.st_mtime_ns), follow_symlinks=False)


SITE = ".venv/lib/python3.11/site-packages"


CHANGES: list[Callable[[Path], object]] = [
    rewrite(f"{SITE}/dep/deep/code.py"),
    rewrite(f"{SITE}/dep/deep/code.py", "1"),
    rewrite(f"{SITE}/dep/deep/new.py"),
    rewrite(".venv/bin/python"),
    rewrite(".env.test"),
    rewrite("../tools/bin/tool"),
    rewrite("../tools/lib/python3.11/site-packages/other.py"),
    lambda root: (root / f"{SITE}/dep/deep/code.py").unlink(),
    lambda root: os.utime(root / f"{SITE}/dep/deep/code.py", (1, 1)),
    lambda root: (root / f"{SITE}/link").symlink_to("/elsewhere"),
    lambda root: lead_elsewhere(root / f"{SITE}/dep/deep/link"),
]


@pytest.mark.parametrize("change", CHANGES)
def test_a_change_of_what_a_check_reads_changes_it(
    root: Path, change: Callable[[Path], object]
) -> None:
    before = look(root)
    assert before.is_unchanged()
    change(root)
    assert not before.is_unchanged()


def test_a_carried_file_counts_by_its_content(root: Path) -> None:
    before = look(root)
    file = root / ".env.test"
    times = file.stat()
    file.write_text("2")
    os.utime(file, ns=(times.st_atime_ns, times.st_mtime_ns))
    assert not before.is_unchanged()
    file.write_text("1")
    assert before.is_unchanged()


def test_caches_of_bytecode_and_files_of_the_tree_do_not_change_it(root: Path) -> None:
    cache = root / f"{SITE}/dep/__pycache__"
    cache.mkdir()
    before = look(root)
    (cache / "code.pyc").write_text("x")
    (root / "code.py").write_text("x")
    assert before.is_unchanged()


def test_what_an_editable_install_leads_to_counts(root: Path) -> None:
    library = root.parent / "library"
    library.mkdir()
    (library / "lib.py").write_text("1")
    (root / f"{SITE}/library.pth").write_text(f"{library}\n{root}\n")
    before = look(root)
    assert before.is_unchanged()
    (library / "lib.py").write_text("22")
    assert not before.is_unchanged()


@pytest.mark.parametrize(
    "more",
    [
        {"env": {"PYTHONPATH": "/somewhere"}},
        {"env": {"NODE_PATH": "/somewhere"}},
        {"carried": ("gone",)},
        {"carried": ("../outside",)},
    ],
)
def test_where_a_change_could_go_unnoticed_there_is_none(
    root: Path, more: dict[str, object]
) -> None:
    assert not look(root, **more).is_unchanged()


def test_an_environment_with_too_many_files_has_none(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = look(root)
    assert before.is_unchanged()
    monkeypatch.setattr(contents, "MAX_ENTRIES", 3)
    assert not before.is_unchanged()


def test_a_folder_that_stands_elsewhere_changes_what_is_at_hand(root: Path) -> None:
    tools = root.parent / "current"
    tools.symlink_to(root.parent / "tools")
    environment = found(root, path="", toolchains=(str(tools),))
    before = digest_at_hand(environment, root)
    tools.unlink()
    (root.parent / "tools").rename(root.parent / "moved")
    tools.symlink_to(root.parent / "moved")
    assert before is not None
    assert digest_at_hand(environment, root) != before


def test_another_environment_with_older_files_at_the_same_place_is_another(root: Path) -> None:
    # As where a container of another image has the same folders.
    other = root / "other"
    (other / "lib/python3.11/site-packages").mkdir(parents=True)
    before = look(root)
    (root / ".venv").rename(root / "was")
    other.rename(root / ".venv")
    moved = look(root).moment
    assert not unchanged_since(before.environment, root, before.moment)
    assert unchanged_since(before.environment, root, moved)
    assert digest_at_hand(before.environment, root) != before.at_hand
