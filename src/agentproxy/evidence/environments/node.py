"""What a Node.js project requires, by package.json and the locks of npm, pnpm and yarn."""

import json
import re
import shutil
from typing import cast

from agentproxy.evidence.environments.recipe import Recipe, digest
from agentproxy.evidence.environments.untrusted_folder import Folder

_KEYS = (
    "dependencies", "devDependencies", "optionalDependencies", "peerDependencies", "overrides",
    "resolutions", "workspaces", "packageManager",
)  # fmt: skip
_VERSION = re.compile(r"(?:npm:[@\w./-]+@)?[\w.*^~<>=|+ -]*")
_LOCKED_PATH = re.compile(r'"link"\s*:\s*true|"resolved"\s*:\s*"(?!https?://)|\b(?:file|link):')
_QUIET = "--no-audit --no-fund --loglevel=error"
# Install scripts of packages run, and those of the project do not.
_NPM_CI = f"npm ci --ignore-scripts {_QUIET}\nnpm rebuild --loglevel=error\n"
_NPM = f"npm install --no-package-lock --ignore-scripts {_QUIET}\nnpm rebuild --loglevel=error\n"
_LOCKS = (
    ("package-lock.json", "npm", _NPM_CI),
    ("npm-shrinkwrap.json", "npm", _NPM_CI),
    ("pnpm-lock.yaml", "pnpm", "pnpm install --frozen-lockfile --reporter=silent\n"),
    ("yarn.lock", "yarn", "yarn install --frozen-lockfile --silent\n"),
)


def node_recipe(folder: Folder, place: str, *, path: str) -> Recipe | None:
    """Returns the recipe of a folder, or None where it requires nothing."""
    package = folder.json("package.json")
    # Yarn's Plug'n'Play needs no node_modules.
    if package is None or folder.has(".pnp.cjs"):
        return None
    required = {key: package[key] for key in _KEYS if package.get(key)}
    names = sorted(
        name for key in _KEYS[:3] for name in _table(required.get(key)) if name.isprintable()
    )
    if not names and "workspaces" not in required:
        return None
    lock, tool, fresh = next((row for row in _LOCKS if folder.has(row[0])), ("", "npm", _NPM))
    text = folder.text(lock) if lock else ""
    if shutil.which(tool, path=path or None) is None:
        fresh = f"echo '{tool} is not on PATH' >&2; exit 127\n"
    return Recipe(
        ecosystem="node",
        directory=place,
        folder="node_modules",
        files=tuple(name for name in ("package.json", lock) if name),
        asks=tuple(names),
        statement=digest((json.dumps(required, sort_keys=True), text)),
        fresh=fresh,
        # Under a lock, node_modules is always made anew (decision 6).
        renew="" if lock else fresh,
        strange=tuple(_find_unusual(required, text)),
    )


def has_workspaces(folder: Folder) -> bool:
    return bool((folder.json("package.json") or {}).get("workspaces"))


def _find_unusual(required: dict[str, object], lock: str) -> list[str]:
    found = [
        f"{name} {wanted}"
        for key in _KEYS[:3]
        for name, wanted in _table(required.get(key)).items()
        if not isinstance(wanted, str) or not _VERSION.fullmatch(wanted)
    ]
    return [*found, *(["a link or a local file in the lock"] if _LOCKED_PATH.search(lock) else [])]


def _table(value: object) -> dict[str, object]:
    return cast("dict[str, object]", value) if isinstance(value, dict) else {}
