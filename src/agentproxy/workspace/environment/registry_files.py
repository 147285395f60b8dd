"""The registries in the user's own files of uv, npm and Yarn. Nothing else is taken from them."""

import re
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import cast

_NPM_REGISTRY = re.compile(r"^\s*registry\s*=\s*(https?://[^\s#;$]+)\s*$", re.MULTILINE)
_NPM_SCOPE = re.compile(r"^\s*(@[\w.-]+:registry)\s*=\s*(https?://[^\s#;$'\"]+)\s*$", re.MULTILINE)
_YARN_REGISTRY = re.compile(
    r"^npmRegistryServer:\s*[\"']?(https?://[^\s#\"'$]+)[\"']?\s*$", re.MULTILINE
)
_UV_KEYS = {
    "index-url": "UV_INDEX_URL",
    "extra-index-url": "UV_EXTRA_INDEX_URL",
    "find-links": "UV_FIND_LINKS",
}


def registry_variables(environ: Mapping[str, str]) -> dict[str, str]:
    """Returns what the files of uv, npm and Yarn name, as the variables of these tools."""
    home = Path(environ.get("HOME") or "/nonexistent")
    found: dict[str, str] = {}
    if match := _NPM_REGISTRY.search(_text(home / ".npmrc")):
        found["NPM_CONFIG_REGISTRY"] = match[1]
    if match := _YARN_REGISTRY.search(_text(home / ".yarnrc.yml")):
        found["YARN_NPM_REGISTRY_SERVER"] = match[1]
    settings = Path(environ.get("XDG_CONFIG_HOME") or home / ".config", "uv/uv.toml")
    # In uv's order: a later file overrides an earlier one, and the variable replaces both.
    named = environ.get("UV_CONFIG_FILE", "")
    for file in [Path(named)] if named else [Path("/etc/uv/uv.toml"), settings]:
        found |= _of_uv(_text(file))
    known = {name.upper() for name in environ}
    return {name: value for name, value in found.items() if name not in known}


def npm_scopes(environ: Mapping[str, str]) -> dict[str, str]:
    """Returns the registries of scopes in ~/.npmrc, by npm's key: it has no variable for them."""
    text = _text(Path(environ.get("HOME") or "/nonexistent", ".npmrc"))
    return {match[1]: match[2] for match in _NPM_SCOPE.finditer(text)}


def _of_uv(text: str) -> dict[str, str]:
    try:
        settings: Mapping[str, object] = tomllib.loads(text)
    # Also for a number of thousands of digits, and for deep arrays.
    except (ValueError, RecursionError):
        return {}
    found = {
        variable: words
        for key, variable in _UV_KEYS.items()
        if (words := " ".join(_texts(settings.get(key))))
    }
    listed = settings.get("index")
    more: list[str] = []
    for each in cast("list[object]", listed) if isinstance(listed, list) else []:
        index = cast("dict[str, object]", each) if isinstance(each, dict) else {}
        url, name = index.get("url"), index.get("name")
        if not isinstance(url, str):
            continue
        if index.get("default") is True:
            found["UV_DEFAULT_INDEX"] = url
        else:
            more.append(f"{name}={url}" if isinstance(name, str) else url)
    return {**found, **({"UV_INDEX": " ".join(more)} if more else {})}


def _texts(value: object) -> list[str]:
    items = cast("list[object]", value) if isinstance(value, list) else [value]
    return [each for each in items if isinstance(each, str)]


def _text(file: Path) -> str:
    try:
        return file.read_text() if file.is_file() else ""
    except (OSError, UnicodeDecodeError):
        return ""
