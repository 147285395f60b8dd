"""A folder of a project that nobody trusts: bounded reads of plain files, never an exception."""

import json
import os
import stat
import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import cast

MAX_READ_BYTES = 1 << 20
MAX_ENTRIES = 20_000
MAX_INCLUDE_DEPTH = 6
_NEVER_ENTERED = {"node_modules", "__pycache__", "venv", "site-packages"}


class Folder:
    """One folder below the root of a repository. Links are followed only within the root.

    A file of more than `largest` bytes is not read.
    """

    def __init__(self, root: Path, place: str, *, largest: int = MAX_READ_BYTES) -> None:
        self.notes: list[str] = []
        self._largest = largest
        self._root = os.path.realpath(root)
        self._path = Path(self._root, place)
        self._place = place
        self._texts: dict[str, str | None] = {}

    def has(self, name: str) -> bool:
        """Whether there is a readable file of that name."""
        return self._read(name) is not None

    def text(self, name: str) -> str:
        """The file's text, or "" where there is none that can be used."""
        return self._read(name) or ""

    def toml(self, name: str, *keys: str) -> object:
        """The value under these keys of a TOML file, or None."""
        return self._parsed(name, tomllib.loads, keys)

    def json(self, name: str, *keys: str) -> dict[str, object] | None:
        """The table under these keys of a JSON file, or None."""
        value = self._parsed(name, json.loads, keys)
        return cast("dict[str, object]", value) if isinstance(value, dict) else None

    def section(self, *wanted: tuple[str, str]) -> str:
        """The first of these (file, section) pairs that exists, written `file [section]`, or ""."""
        for name, section in wanted:
            if f"\n[{section}]" in "\n" + self.text(name):
                return f"{name} [{section}]"
        return ""

    def first(self, place: str, matches: Callable[[str], bool], *, deep: bool) -> str:
        """The path of the first file below a place whose name matches, or "".

        Looks at a bounded number of entries, breadth first, and follows no link.
        """
        todo, seen = [(Path(place), 0)], 0
        while todo:
            folder, depth = todo.pop(0)
            for entry in self._entries(folder):
                seen += 1
                if seen > MAX_ENTRIES:
                    self._note(f"{place} has more than {MAX_ENTRIES} entries: not searched whole")
                    return ""
                path = folder / entry.name
                if entry.is_dir(follow_symlinks=False):
                    if deep and depth < MAX_INCLUDE_DEPTH and _is_entered(entry.name):
                        todo.append((path, depth + 1))
                elif matches(entry.name) and entry.is_file(follow_symlinks=False):
                    return path.as_posix()
        return ""

    def _entries(self, folder: Path) -> list[os.DirEntry[str]]:
        try:
            path = self._path / folder
            if path.is_symlink() or not self._is_within(path):
                return []
            found: list[os.DirEntry[str]] = []
            with os.scandir(path) as entries:
                for entry in entries:
                    found.append(entry)
                    if len(found) > MAX_ENTRIES:
                        break
            return sorted(found, key=lambda entry: entry.name)
        except (OSError, ValueError):
            return []

    def _is_within(self, path: Path) -> bool:
        real = os.path.realpath(path)
        return real == self._root or real.startswith(self._root.rstrip("/") + "/")

    def _read(self, name: str) -> str | None:
        if name not in self._texts:
            self._texts[name] = self._read_once(name)
        return self._texts[name]

    def _read_once(self, name: str) -> str | None:
        path = self._path / name
        try:
            if not self._is_within(path):
                return None
            # Without O_NONBLOCK a named pipe would wait for a writer for ever.
            descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
            with os.fdopen(descriptor, "rb") as file:
                if not stat.S_ISREG(os.fstat(descriptor).st_mode):
                    self._note(f"{name} is not a plain file: not read")
                    return None
                content = file.read(self._largest + 1)
        except FileNotFoundError:
            return None
        except (OSError, ValueError) as error:
            self._note(f"{name} cannot be read: {error}")
            return None
        if len(content) > self._largest:
            self._note(f"{name} is larger than {self._largest >> 20} MB: not read")
            return None
        return content.decode(errors="replace")

    def _parsed(self, name: str, parse: Callable[[str], object], keys: tuple[str, ...]) -> object:
        try:
            value = parse(self.text(name) or "{}" if name.endswith(".json") else self.text(name))
        except (ValueError, RecursionError) as error:
            self._note(f"{name} cannot be understood: {str(error)[:200]}")
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
