"""Reads a project folder that is not trusted: bounded, plain files only, never raises."""

import json
import posixpath
import tomllib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import cast

from agentproxy.files.safe_files import BadPath, FileKind, SafeDir, TooManyNames

MAX_READ_BYTES = 1 << 20
MAX_ENTRIES = 20_000
MAX_INCLUDE_DEPTH = 6
_NEVER_ENTERED = {"node_modules", "__pycache__", "venv", "site-packages"}


class Folder:
    """One folder of a repository; links are followed only within the repository."""

    def __init__(self, root: Path, place: str, *, largest: int = MAX_READ_BYTES) -> None:
        self.notes: list[str] = []
        self._largest = largest  # bytes of a file
        self._root = root
        self._place = place
        self._texts: dict[str, str | None] = {}

    def has(self, name: str) -> bool:
        """Whether the file exists and can be read."""
        return self._read(name) is not None

    def text(self, name: str) -> str:
        """Returns the text of a file, or "" where it cannot be read."""
        return self._read(name) or ""

    def toml(self, name: str, *keys: str) -> object:
        """Returns the value under these keys of a TOML file, or None."""
        return self._parsed(name, tomllib.loads, keys)

    def json(self, name: str, *keys: str) -> dict[str, object] | None:
        """Returns the table under these keys of a JSON file, or None."""
        value = self._parsed(name, json.loads, keys)
        return cast("dict[str, object]", value) if isinstance(value, dict) else None

    def section(self, *wanted: tuple[str, str]) -> str:
        """Returns the first (file, section) pair that exists, as `file [section]`, or ""."""
        for name, section in wanted:
            if f"\n[{section}]" in "\n" + self.text(name):
                return f"{name} [{section}]"
        return ""

    def folders(self, place: str) -> list[str]:
        """The paths of the folders in `place`, by name; hidden ones and environments are none."""
        entries = self._entries(Path(place))
        found = [name for name, kind in entries if kind == "folder" and _is_entered(name)]
        return [(Path(place) / name).as_posix() for name in sorted(found)]

    def first(self, place: str, matches: Callable[[str], bool], *, deep: bool) -> str:
        """Returns the path of the first matching file below `place`, or "".

        Searches breadth first, follows no link, and stops after MAX_ENTRIES entries.
        """
        todo, seen = [(Path(place), 0)], 0
        while todo:
            folder, depth = todo.pop(0)
            for name, kind in self._entries(folder):
                seen += 1
                if seen > MAX_ENTRIES:
                    self._note(f"{place} is only partly searched: more than {MAX_ENTRIES} entries")
                    return ""
                path = folder / name
                if kind == "folder":
                    if deep and depth < MAX_INCLUDE_DEPTH and _is_entered(name):
                        todo.append((path, depth + 1))
                elif matches(name) and kind == "file":
                    return path.as_posix()
        return ""

    def _entries(self, folder: Path) -> list[tuple[str, FileKind]]:
        try:
            with SafeDir(self._root, links=False) as root:
                return root.entries(self._below(folder.as_posix()), most=MAX_ENTRIES)
        except TooManyNames as error:
            self._note(f"{folder} is not searched: {error.why}")
        except (OSError, BadPath):
            pass
        return []

    def _below(self, name: str) -> str:
        return posixpath.normpath(posixpath.join(self._place, name))

    def _read(self, name: str) -> str | None:
        if name not in self._texts:
            self._texts[name] = self._read_once(name)
        return self._texts[name]

    def _read_once(self, name: str) -> str | None:
        try:
            with SafeDir(self._root) as root:
                content = root.read(self._below(name), limit=self._largest)
        except FileNotFoundError:
            return None
        except (OSError, BadPath) as error:
            why = error.why if isinstance(error, BadPath) else error.strerror
            self._note(f"{name} is not read: {why}")
            return None
        return content.decode(errors="replace")

    def _parsed(self, name: str, parse: Callable[[str], object], keys: tuple[str, ...]) -> object:
        try:
            value = parse(self.text(name) or "{}" if name.endswith(".json") else self.text(name))
        except (ValueError, RecursionError) as error:
            self._note(f"{name} cannot be parsed: {str(error)[:200]}")
            return None
        for key in keys:
            value = cast("dict[str, object]", value).get(key) if isinstance(value, dict) else None
        return value

    def _note(self, words: str) -> None:
        where = "" if self._place == "." else f"{self._place}/"
        if f"{where}{words}" not in self.notes:
            self.notes.append(f"{where}{words}")


def _is_entered(name: str) -> bool:
    return name not in _NEVER_ENTERED and not name.startswith(".")


def upwards(directory: str) -> Iterator[str]:
    """A directory of a tree, and those around it up to the root, ".". One that leads out is "."."""
    parts = [part for part in directory.split("/") if part not in ("", ".")]
    if directory.startswith("/") or ".." in parts:
        parts = []
    for count in range(len(parts), -1, -1):
        yield "/".join(parts[:count]) or "."
