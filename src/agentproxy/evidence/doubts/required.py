"""Which packages the files of a Python project say are to be installed. Pure.

The name of the project itself and those of its own modules are in the same files.
"""

import configparser
import re
import tomllib
from collections.abc import Iterator, Mapping
from typing import cast

_NAME = re.compile(r"\s*([A-Za-z0-9][\w.-]*)")
_STRING = re.compile(r"(['\"])([A-Za-z0-9][\w.-]*)\s*(?:\[[^\]'\"]*\]|[<>=!~;@][^'\"]*)?\1")
# Arguments of setup() that have names of the project itself.
_OWN = re.compile(
    r"\b(?:name|packages|py_modules|package_dir|package_data|entry_points|keywords|author|test_suite)"
    r"\s*=\s*(?:\[[^\]]*\]|\{[^}]*\}|\"[^\"]*\"|'[^']*')"
)
_LISTS = re.compile(r"(?:.*[-_])?(?:dependencies|requires|dependency-groups)")
_OF_A_PIPFILE = ("packages", "dev-packages")
_TOML = re.compile(r"pyproject\.toml|Pipfile|(?:uv|poetry|pdm|pylock)\.(?:lock|toml)")
_LINES = re.compile(
    r"(?:.*/)?(?:[^/]*requirements[^/]*|constraints[^/]*|requirements/[^/]*)\.(?:txt|in)"
)


def find_required(lists: Mapping[str, str]) -> frozenset[str]:
    """The names that files have, by their paths, as `spelled` makes them. What cannot be understood
    has none. A part of a project may require another part: that is not installed from elsewhere.
    """
    own: set[str] = set()
    found: set[str] = set()
    for path, text in lists.items():
        try:
            root = tomllib.loads(text) if _TOML.fullmatch(path.rpartition("/")[2]) else {}
            own.update(_own_names(root))
            found.update(_in_tables(root) if root else _in_lines(path, text))
        except (ValueError, RecursionError, configparser.Error):
            continue
    return frozenset(map(spelled, found)) - frozenset(map(spelled, own))


def spelled(name: str) -> str:
    """The one spelling of a package's name."""
    return re.sub(r"[-_.]+", "-", name).lower()


def _names(texts: object) -> Iterator[str]:
    for text in cast("list[object]", texts) if isinstance(texts, list) else ():
        match = _NAME.match(text) if isinstance(text, str) else None
        if match:
            yield match[1]


def _in_lines(path: str, text: str) -> Iterator[str]:
    name = path.rpartition("/")[2]
    if name == "setup.cfg":
        yield from _in_options(text)
    elif name == "setup.py":
        yield from (match[2] for match in _STRING.finditer(_OWN.sub("", text)))
    elif name in ("environment.yml", "environment.yaml"):
        yield from _names(re.findall(r"(?m)^\s*-\s*(.*)", text))
    elif _LINES.fullmatch(path):
        yield from _names(text.splitlines())


def _own_names(root: Mapping[str, object]) -> Iterator[str]:
    for table in (_table(root.get("project")), _table(_table(root.get("tool")).get("poetry"))):
        if isinstance(name := table.get("name"), str):
            yield name
    # A lock has the project beside what it needs.
    for package in _locked(root):
        source = _table(package.get("source"))
        if {"editable", "virtual", "directory"} & source.keys():
            yield str(package.get("name"))


def _locked(root: Mapping[str, object]) -> Iterator[Mapping[str, object]]:
    packages = root.get("package")
    for each in cast("list[object]", packages) if isinstance(packages, list) else ():
        yield _table(each)


def _in_tables(table: Mapping[str, object], *, depth: int = 0) -> Iterator[str]:
    for package in _locked(table):
        yield str(package.get("name"))
    for key, value in table.items():
        if _LISTS.fullmatch(key) or (not depth and key in _OF_A_PIPFILE):
            yield from _in_list(value)
        else:
            yield from _in_tables(_table(value), depth=depth + 1)


def _in_list(value: object) -> Iterator[str]:
    """The names of a list, of the keys of a table, or of the lists in a table of groups."""
    yield from _names(value)
    for key, inner in _table(value).items():
        texts = cast("list[object]", inner) if isinstance(inner, list) else ()
        is_group = inner == [] or any(isinstance(each, str) for each in texts)
        yield from _names(cast("object", inner)) if is_group else (key,)


def _in_options(text: str) -> Iterator[str]:
    parser = configparser.RawConfigParser(strict=False)
    parser.read_string(text)
    for section in parser.sections():
        for key, value in parser.items(section):
            if section == "options.extras_require" or key.endswith(("_require", "_requires")):
                yield from _names(value.splitlines())


def _table(value: object) -> Mapping[str, object]:
    return cast("dict[str, object]", value) if isinstance(value, dict) else {}
