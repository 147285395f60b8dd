"""Which scripts of package.json a command runs, as far as its words say it. Pure."""

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import cast

PNPM_WORKSPACE = "pnpm-workspace.yaml"
_NAMES_SCRIPT = re.compile(
    r"(?<![\w/.-])(?:npm|pnpm|yarn|bun)\s+(?:-\S+\s+)*(?:run(?:-script)?\s+(?:-\S+\s+)*)?([\w:.-]+)"
)
# In a workspace the name may come after options with values, as in `pnpm --filter a test`.
_RUNS_SCRIPTS = re.compile(r"(?<![\w/.-])(?:npm|pnpm|yarn|bun)\s([^|;&\n]*)")
_WORD = re.compile(r"[\w:.-]+")
# A script may name another one, or itself.
_DEEPEST_SCRIPT = 5
_LONGEST_SCRIPT = 4_000
_SHORT_FOR_TEST = {"t": "test", "tst": "test"}


def named_scripts(
    command: str, package_json: str, *, of_workspace: Sequence[str] = ()
) -> tuple[str, ...]:
    """Returns the scripts that a command names, and those that they name, of all packages."""
    packages = [_scripts(text) for text in (package_json, *of_workspace)]
    found, todo = [command], [command]
    for _ in range(_DEEPEST_SCRIPT):
        names = sorted(_names(todo, in_workspace=bool(of_workspace)))
        todo = [each[name] for name in names for each in packages if name in each]
        found += [text for text in dict.fromkeys(todo) if text not in found]
    return tuple(found[1:])


def has_workspace(package_json: str) -> bool:
    """Whether a package.json names packages below it."""
    return bool(_parsed(package_json).get("workspaces"))


def _names(texts: Iterable[str], *, in_workspace: bool) -> set[str]:
    words: list[str] = []
    for text in texts:
        words += [match[1] for match in _NAMES_SCRIPT.finditer(text)]
        if in_workspace:
            words += [each for run in _RUNS_SCRIPTS.findall(text) for each in _WORD.findall(run)]
    return {_SHORT_FOR_TEST.get(word, word) for word in words}


def _scripts(package_json: str) -> Mapping[str, str]:
    scripts = _table(_parsed(package_json).get("scripts"))
    pairs = ((name, text) for name, text in scripts.items() if isinstance(text, str))
    return {name: text for name, text in pairs if len(text) <= _LONGEST_SCRIPT}


def _parsed(package_json: str) -> Mapping[str, object]:
    try:
        return _table(json.loads(package_json))
    except (ValueError, RecursionError):
        return {}


def _table(value: object) -> Mapping[str, object]:
    return cast("dict[str, object]", value) if isinstance(value, dict) else {}
