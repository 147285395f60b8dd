"""Folders that change while a path is followed: others are beaten, ours never."""

import subprocess
import sys
import time
from collections.abc import Callable, Generator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

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
        return {path.name: path.read_bytes() for path in self.outside.iterdir()} == {
            "secret": SECRET
        }


@pytest.fixture
def place(tmp_path: Path) -> Place:
    found = Place(tmp_path / "tree", tmp_path / "outside")
    found.outside.mkdir()
    (found.outside / "secret").write_bytes(SECRET)
    (found.tree / "d").mkdir(parents=True)
    return found


def outcome(act: Callable[[], object]) -> object:
    try:
        return act()
    except (OSError, BadPath) as error:
        return error


RACER = """
import ctypes, os, sys
library = ctypes.CDLL(None, use_errno=True)
one, other = (os.fsencode(name) for name in sys.argv[1:])
print("ready", flush=True)
while True:
    if library.renameat2(-100, one, -100, other, 2) != 0:
        sys.exit(1)
"""


@contextmanager
def racing(place: Place) -> Generator[None]:
    """The folder `d` and a link to the outside exchange their names as fast as they can."""
    (place.tree / "other").symlink_to(place.outside)
    (place.tree / "d" / "secret").write_bytes(INSIDE)
    command = [
        sys.executable,
        "-I",
        "-S",
        "-c",
        RACER,
        str(place.tree / "d"),
        str(place.tree / "other"),
    ]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as racer:
        assert racer.stdout is not None
        assert racer.stdout.readline() == b"ready\n"
        try:
            yield
            assert racer.poll() is None
        finally:
            racer.kill()


def test_a_racer_beats_resolve_and_is_relative_to(place: Place) -> None:
    escapes = 0
    end = time.monotonic() + SECONDS * 4
    with racing(place):
        while not escapes and time.monotonic() < end:
            try:
                full = (place.tree / "d" / "secret").resolve()
            except OSError:
                continue  # the racer took the link away while it was read
            if full.is_relative_to(place.tree):
                escapes += outcome(full.read_bytes) == SECRET
    assert escapes


@WAYS
def test_a_racer_never_beats_our_read(place: Place, walk: bool) -> None:
    seen: dict[object, int] = {}
    end = time.monotonic() + SECONDS
    with racing(place), SafeDir(place.tree, walk=walk) as root:
        while time.monotonic() < end:
            found = outcome(lambda: root.read("d/secret", limit=64))
            kind = found if isinstance(found, bytes) else type(found)
            seen[kind] = seen.get(kind, 0) + 1
    assert set(seen) <= {INSIDE, BadPath, FileNotFoundError}
    assert seen[INSIDE] > 10
    assert seen[BadPath] > 10


@WAYS
def test_a_racer_never_beats_our_write(place: Place, walk: bool) -> None:
    written = 0
    end = time.monotonic() + SECONDS
    with racing(place), SafeDir(place.tree, walk=walk) as root:
        while time.monotonic() < end:
            result = outcome(lambda: root.write("d/new/secret", b"written"))
            written += result is None
            outcome(lambda: root.write("d/secret", b"written"))
            outcome(lambda: root.delete("d/secret"))
    assert written > 5
    assert place.untouched()
