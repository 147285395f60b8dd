"""Hostile paths: each first shown to work against a naive twin, none against ours."""

import os
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from agentproxy.files.safe_files import BadPath, SafeDir

SECRET = b"the user's secret"
INSIDE = b"a file of the tree"
WAYS = pytest.mark.parametrize("walk", [False, True], ids=["openat2", "walk"])
SECONDS = 1.5


@dataclass(frozen=True)
class Place:
    """A tree, and beside it what nobody may read or change."""

    tree: Path
    outside: Path

    def untouched(self) -> bool:
        """Whether everything outside is as it was laid out."""
        found = {path.name: path.read_bytes() for path in self.outside.iterdir()}
        beside = {path.name for path in self.tree.parent.iterdir()}
        return found == {"secret": SECRET} and beside == {"tree", "tree-sibling", "outside"}


def lay_out(folder: Path) -> Place:
    place = Place(folder / "tree", folder / "outside")
    place.outside.mkdir()
    (place.outside / "secret").write_bytes(SECRET)
    (folder / "tree-sibling").symlink_to("outside")
    tree = place.tree
    (tree / "d").mkdir(parents=True)
    (tree / "d" / "file").write_bytes(INSIDE)
    (tree / "file").write_bytes(INSIDE)
    (tree / ".git").mkdir()
    (tree / ".git" / "config").write_bytes(SECRET)
    (tree / "link-folder").symlink_to(place.outside)
    (tree / "link-relative").symlink_to("../outside")
    (tree / "link-file").symlink_to(place.outside / "secret")
    (tree / "link-deep").symlink_to("d/../link-relative/secret")
    (tree / "link-loop").symlink_to("link-loop")
    (tree / "link-magic").symlink_to(f"/proc/self/root{place.outside}")
    (tree / "link-cwd").symlink_to("/proc/self/cwd")
    (tree / "link-dangling").symlink_to(place.outside / "created")
    (tree / "link-zero").symlink_to("/dev/zero")
    (tree / "link-absolute-inside").symlink_to(tree / "file")
    os.mkfifo(tree / "pipe")
    return place


@pytest.fixture
def place(tmp_path: Path) -> Place:
    return lay_out(tmp_path)


# How naive code reads and writes: the path joined, and nothing else.
def naive_read(place: Place, path: str) -> bytes:
    with open(os.path.join(place.tree, path), "rb") as file:  # noqa: PTH118, PTH123
        return file.read(64)


def naive_write(place: Place, path: str) -> None:
    with open(os.path.join(place.tree, path), "wb") as file:  # noqa: PTH118, PTH123
        file.write(b"written")


# How more careful code checks first: by the text of the absolute path, and by the resolved path.
def by_text(place: Place, path: str) -> bytes:
    full = os.path.abspath(os.path.join(place.tree, path))  # noqa: PTH100, PTH118
    if not full.startswith(str(place.tree)):
        raise PermissionError(path)
    return Path(full).read_bytes()


def by_resolving(place: Place, path: str) -> bytes:
    full = (place.tree / path).resolve()
    if not str(full).startswith(str(place.tree)):
        raise PermissionError(path)
    return full.read_bytes()


# Reading each of these naively brings the secret; the words are the reason that we give.
READS_SECRETS = {
    "parent": ("../outside/secret", "upwards"),
    "parent in the middle": ("d/../../outside/secret", "upwards"),
    "sibling with the same prefix": ("../tree-sibling/secret", "upwards"),
    "absolute": ("{outside}/secret", "absolute"),
    "two slashes": ("/{outside}/secret", "absolute"),
    "link to a folder": ("link-folder/secret", "leads out"),
    "relative link": ("link-relative/secret", "leads out"),
    "link to a file": ("link-file", "leads out"),
    "chain of links": ("link-deep", "leads out"),
    "magic link": ("link-magic/secret", "leads out"),
    "magic link to where the process is": ("link-cwd/secret", "leads out"),
    "magic root": ("/proc/self/root{outside}/secret", "absolute"),
    "git's configuration": (".git/config", "git's own"),
}

# Naively these bring something that is no file of the tree, or an error that no caller expects.
MISBEHAVES = {
    "device": ("/dev/zero", "absolute"),
    "link to a device": ("link-zero", "leads out"),
    "environment": ("/proc/self/environ", "absolute"),
    "passwords": ("/etc/passwd", "absolute"),
    "passwords by two slashes": ("//etc/passwd", "absolute"),
    "NUL": ("file\0.txt", "cannot be seen"),
    "lone surrogate": ("\ud800", "cannot be seen"),
    "None": (None, "not text"),
    "int": (3, "not text"),
    "list": (["file"], "not text"),
}

# By the type or the meaning alone, these bring no other file than they say.
ODD_TYPES = {"bytes": (b"file", "not text")}

# Vacuous on this system, even against naive code: here they are names like any other, or do not
# open. Another file system, system or reader takes them for more, so they are refused all the same.
VACUOUS = {
    "the folder itself": (".", "names no file"),
    "the folder above": ("..", "upwards"),
    "empty": ("", "empty"),
    "home": ("~/.ssh/id_rsa", "home"),
    "another's home": ("~root/x", "home"),
    "newline": ("a\nb", "cannot be seen"),
    "escape": ("\x1b[2J", "cannot be seen"),
    "backslash": ("..\\outside\\secret", "backslash"),
    "drive": ("C:\\x", "drive"),
    "bare drive": ("C:", "drive"),
    "UNC": ("\\\\server\\share", "backslash"),
    "full-width dots": ("\uff0e\uff0e/outside/secret", "upwards"),
    "one-dot leaders": ("\u2024\u2024/outside/secret", "upwards"),
    "two-dot leader": ("\u2025/outside/secret", "upwards"),
    "division slash": ("..\u2215outside\u2215secret", "look-alike"),
    "full-width slash": ("..\uff0foutside", "look-alike"),
    "right-to-left": ("a\u202etxt.exe", "cannot be seen"),
    "zero width": ("a\u200bb", "cannot be seen"),
    "name of 256 bytes": ("a" * 256, "too long"),
    "name of 256 bytes in few signs": ("\U0001f600" * 64, "too long"),
    "5000 characters": ("a/" * 2500 + "b", "too long"),
    "very deep": ("a/" * 2000 + "b", "too deep"),
    ".GIT": (".GIT/config", "git's own"),
    ".git and a space": (".git /config", "git's own"),
    ".git and a dot": (".git./config", "git's own"),
    ".git stream": (".git::$INDEX_ALLOCATION/config", "git's own"),
    "short name of .git": ("GIT~1/config", "git's own"),
    ".git with a joiner": (".g\u200dit/config", "cannot be seen"),
    "full-width .git": ("\uff0egit/config", "git's own"),
    ".git below": ("d/.Git/hooks/x", "git's own"),
    "file URL": ("file:///etc/passwd", "URL"),
    "file URL of one slash": ("file:/etc/passwd", "URL"),
    "encoded dots": ("%2e%2e/outside/secret", "encoded"),
    "encoded slash": ("..%2Foutside%2Fsecret", "encoded"),
    "four dots": ("....//outside/secret", "upwards"),
    "loop": ("link-loop", "link"),
    "through a loop": ("link-loop/x", "link"),
    "folder": ("d", "regular file"),
    "trailing slash": ("file/", "names a folder"),
    "file as folder": ("file/x", "goes through a file"),
}
EVERY = READS_SECRETS | MISBEHAVES | ODD_TYPES | VACUOUS


def spelt(place: Place, path: object) -> object:
    return path.replace("{outside}", str(place.outside)) if isinstance(path, str) else path


def ids(cases: dict[str, tuple[object, str]]) -> pytest.MarkDecorator:
    return pytest.mark.parametrize("name", cases, ids=list(cases))


def outcome(act: Callable[[], object]) -> object:
    try:
        return act()
    except (OSError, BadPath) as error:
        return error


@ids({**READS_SECRETS})
def test_naively_the_secret_comes_out(
    place: Place, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(place.outside)
    path = spelt(place, READS_SECRETS[name][0])
    assert isinstance(path, str)
    assert naive_read(place, path) == SECRET


@ids({**MISBEHAVES})
def test_naively_it_misbehaves(place: Place, name: str) -> None:
    path = MISBEHAVES[name][0]
    found = unexpected(lambda: naive_read(place, path))  # type: ignore[arg-type]
    assert isinstance(found, TypeError | ValueError) or found not in (b"", INSIDE)


def unexpected(act: Callable[[], object]) -> object:
    try:
        return act()
    except (TypeError, ValueError) as error:
        return error


@ids({**VACUOUS})
def test_the_vacuous_ones_bring_no_secret_even_naively(place: Place, name: str) -> None:
    path = VACUOUS[name][0]
    assert isinstance(outcome(lambda: naive_read(place, path)), OSError)


def test_a_check_by_text_falls_for_links_and_siblings(place: Place) -> None:
    escapes = {
        name
        for name, (path, _) in READS_SECRETS.items()
        if outcome(lambda path=path: by_text(place, str(spelt(place, path)))) == SECRET
    }
    assert {"sibling with the same prefix", "link to a folder", "link to a file"} <= escapes


def test_a_check_of_the_resolved_text_falls_for_a_sibling_with_the_prefix(place: Place) -> None:
    (place.tree.parent / "tree-sibling").unlink()
    (place.tree.parent / "tree-sibling").mkdir()
    (place.tree.parent / "tree-sibling" / "secret").write_bytes(SECRET)
    assert by_resolving(place, "../tree-sibling/secret") == SECRET
    assert by_resolving(place, ".git/config") == SECRET


def test_naively_a_write_changes_and_creates_files_outside(place: Place) -> None:
    naive_write(place, "link-dangling")
    assert (place.outside / "created").read_bytes() == b"written"
    for path in ("../outside/secret", "link-folder/secret", "link-file", "link-deep"):
        (place.outside / "secret").write_bytes(SECRET)
        naive_write(place, path)
        assert (place.outside / "secret").read_bytes() == b"written"


def test_naively_a_hard_link_is_written_through(place: Place) -> None:
    (place.tree / "hard").hardlink_to(place.outside / "secret")
    naive_write(place, "hard")
    assert (place.outside / "secret").read_bytes() == b"written"


def test_naively_a_pipe_is_waited_for(place: Place) -> None:
    with pytest.raises(subprocess.TimeoutExpired):
        subprocess.run(
            [sys.executable, "-I", "-S", "-c", f"open({str(place.tree / 'pipe')!r}).read()"],
            check=False,
            timeout=0.5,
        )


@WAYS
@ids({**EVERY})
def test_ours_refuses_it_and_says_why(
    place: Place, name: str, walk: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(place.outside)
    wrong, why = EVERY[name]
    path: str = spelt(place, wrong)  # type: ignore[assignment]
    with SafeDir(place.tree, walk=walk) as root:
        with pytest.raises(BadPath, match=why) as error:
            root.read(path, limit=64)
        assert error.value.path.isprintable()
        assert len(str(error.value)) < 200
        with pytest.raises(BadPath):
            root.write(path, b"written")
        if name != "loop" and not name.startswith("link to") and name != "chain of links":
            with pytest.raises(BadPath):
                root.delete(path)
    assert place.untouched()


@WAYS
def test_ours_never_follows_the_last_link_of_a_write(place: Place, walk: bool) -> None:
    with SafeDir(place.tree, walk=walk) as root:
        for link in sorted(place.tree.glob("link-*")):
            with pytest.raises(BadPath):
                root.write(link.name, b"written")
            with pytest.raises(BadPath):
                root.read(link.name, limit=64) if link.name != "link-dangling" else root.write(
                    f"{link.name}/x", b""
                )
            assert root.exists(link.name)
            root.delete(link.name)
    assert place.untouched()


@WAYS
def test_ours_never_waits_for_a_pipe_or_a_device(place: Place, walk: bool) -> None:
    os.mkfifo(place.tree / "d" / "pipe")
    names = ["pipe", "d/pipe"]
    if os.geteuid() == 0:
        os.mknod(place.tree / "zero", 0o20666, os.makedev(1, 5))
        names.append("zero")
    begin = time.monotonic()
    with SafeDir(place.tree, walk=walk) as root:
        for name in names:
            with pytest.raises(BadPath, match="regular file"):
                root.read(name, limit=64)
            with pytest.raises(BadPath, match="regular file"):
                root.write(name, b"x")
    assert time.monotonic() - begin < 1


@WAYS
def test_ours_writes_through_no_hard_link(place: Place, walk: bool) -> None:
    (place.tree / "hard").hardlink_to(place.outside / "secret")
    with SafeDir(place.tree, walk=walk) as root:
        root.write("hard", b"written")
    assert place.untouched()


@WAYS
def test_a_maze_of_links_comes_to_an_end(place: Place, walk: bool) -> None:
    maze = place.tree / "maze"
    maze.mkdir()
    for number in range(1, 30):
        (maze / str(number)).symlink_to(
            "/".join([f"{number - 1}"] * 300) if number % 2 else f"{number - 1}/{number - 1}"
        )
    (maze / "0").symlink_to(".")
    begin = time.monotonic()
    with SafeDir(place.tree, walk=walk) as root, pytest.raises(BadPath):
        root.read("maze/29/x", limit=1)
    assert time.monotonic() - begin < 2


PIECES = st.sampled_from(
    (
        *("..", ".", "", "d", "file", "new", "secret", "outside", "tree", "pipe", "-", " ", "~"),
        *("link-folder", "link-relative", "link-deep", "link-loop", "link-magic", "link-cwd"),
        *("link-absolute-inside", ".git", "config", "proc", "self", "root"),
        *("\uff0e\uff0e", "\u2215", "\ud800", "\0", "\U0001f600"),
    )
)
PATHS = st.one_of(
    st.lists(PIECES, max_size=6).map("/".join),
    st.lists(PIECES, max_size=4).map("".join),
    st.text(max_size=20),
)


@WAYS
@settings(
    max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(path=PATHS)
def test_no_path_reads_or_changes_anything_outside(
    tmp_path_factory: pytest.TempPathFactory, shared: Place, walk: bool, path: str
) -> None:
    with SafeDir(shared.tree, walk=walk) as root:
        found = outcome(lambda: root.read(path, limit=64))
        assert found in (INSIDE, b"mine") or isinstance(found, BadPath | FileNotFoundError)
        wrote = outcome(lambda: root.write(path, b"mine"))
        if wrote is None:
            assert root.read(path, limit=64) == b"mine"
            root.delete(path)
            assert not root.exists(path)
        else:
            assert isinstance(wrote, BadPath)
    assert shared.untouched()


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Place:
    return lay_out(tmp_path_factory.mktemp("fuzz"))
