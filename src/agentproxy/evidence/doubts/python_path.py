"""The folders that settings and commands have Python search for modules. Pure."""

import configparser
import posixpath
import re
import tomllib
from collections.abc import Iterable, Iterator, Mapping
from typing import cast

SETTINGS = re.compile(r"(?:.*/)?(?:\.?pytest\.(?:ini|toml)|pyproject\.toml|tox\.ini|setup\.cfg)")

_VARIABLE = re.compile(r"""PYTHONPATH['"]?\s*[:+?]?=\s*(?:"([^"\n]*)"|'([^'\n]*)'|([^\s;&|]*))""")
# What tools call the folder that they run in, or the root of the project.
_ROOT = re.compile(
    r"\$\{?PWD\}?|\$\(pwd\)|`pwd`|\$\(CURDIR\)|\$\(PWD\)|\{toxinidir\}|\{tox_root\}|\$\{?PROJECT_ROOT\}?"
)


def find_in_commands(commands: Iterable[tuple[str, str]]) -> frozenset[str]:
    """The folders that texts of commands give Python in PYTHONPATH, relative to the root of the
    project, "" itself; each text comes with the folder that it runs in.
    """
    found = {
        posixpath.normpath(posixpath.join(folder, part))
        for folder, text in commands
        for match in _VARIABLE.finditer(text)
        for part in _ROOT.sub(".", "".join(filter(None, match.groups()))).split(":")
        if part and not set("${}") & set(part)
    }
    return frozenset("" if each == "." else each for each in found if not _is_outside(each))


def _is_outside(path: str) -> bool:
    return path.startswith(("/", "../")) or path == ".."


def find_python_path(settings: Mapping[str, str]) -> frozenset[str]:
    """The folders that files of settings name, relative to the root of the project."""
    found: set[str] = set()
    for path, text in settings.items():
        try:
            names = list(_in_toml(text) if path.endswith(".toml") else _in_sections(text))
        except (ValueError, RecursionError, configparser.Error):
            continue
        beside = posixpath.dirname(path)
        found.update(posixpath.normpath(posixpath.join(beside, name)) for name in names)
    return frozenset("" if each == "." else each for each in found)


def _in_sections(text: str) -> Iterator[str]:
    parser = configparser.RawConfigParser(strict=False)
    parser.read_string(text)
    for section in ("pytest", "tool:pytest"):
        yield from parser.get(section, "pythonpath", fallback="").split()


def _in_toml(text: str) -> Iterator[str]:
    root = tomllib.loads(text)
    tables = [root.get("pytest"), _inner(root.get("tool"), "pytest")]
    for table in (*tables, _inner(tables[1], "ini_options")):
        value = _inner(table, "pythonpath")
        if isinstance(value, str):
            yield from value.split()
        elif isinstance(value, list):
            yield from (each for each in cast("list[object]", value) if isinstance(each, str))


def _inner(table: object, key: str) -> object:
    return cast("dict[str, object]", table).get(key) if isinstance(table, dict) else None
