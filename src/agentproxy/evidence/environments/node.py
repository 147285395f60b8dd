"""What a Node.js project requires, by package.json and the locks of npm, pnpm and yarn."""

import json
import posixpath
import re
import shutil
from collections.abc import Collection
from dataclasses import dataclass
from typing import cast

from agentproxy.evidence.environments.beside import NESTED_MODULES, PLUG_N_PLAY, PNP, keep_beside
from agentproxy.evidence.environments.recipe import Recipe, digest
from agentproxy.evidence.environments.untrusted_folder import Folder
from agentproxy.evidence.package_scripts import PNPM_WORKSPACE

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
_PNPM = "pnpm install --reporter=append-only"
# Yarn reads no other variable for a proxy.
_YARN = """\
export YARN_HTTP_PROXY="$HTTP_PROXY" YARN_HTTPS_PROXY="$HTTPS_PROXY" YARN_ENABLE_TELEMETRY=0
yarn install --immutable
"""
_YARN_CLASSIC = "yarn install --frozen-lockfile --silent\n"
_LOCKS = {
    "package-lock.json": "npm",
    "npm-shrinkwrap.json": "npm",
    "pnpm-lock.yaml": "pnpm",
    "yarn.lock": "yarn",
}
_YARN_SETTINGS = ".yarnrc.yml"
_LINKER = re.compile(r"^nodeLinker:\s*[\"']?([\w-]+)", re.MULTILINE)
_SETTINGS = (PNPM_WORKSPACE, _YARN_SETTINGS)  # they say what is installed, and how


@dataclass(frozen=True, slots=True)
class _Installation:
    """How the project's own tool installs, and where it puts what it installs."""

    commands: str
    by_hand: str
    folder: str = "node_modules"
    beside: str = NESTED_MODULES


def node_recipe(
    folder: Folder, place: str, *, path: str, carried: Collection[str] = ()
) -> Recipe | None:
    """Returns the recipe of a folder, or None where it requires nothing."""
    package = folder.json("package.json")
    # A commit that has an installed Plug'n'Play needs no other.
    is_installed = folder.has(PNP) and posixpath.normpath(f"{place}/{PNP}") not in carried
    if package is None or is_installed:
        return None
    required = {key: package[key] for key in _KEYS if package.get(key)}
    names = sorted(
        name for key in _KEYS[:3] for name in _table(required.get(key)) if name.isprintable()
    )
    if not names and not has_workspaces(folder):
        return None
    lock = next((name for name in _LOCKS if folder.has(name)), "")
    text = folder.text(lock) if lock else ""
    tool = _LOCKS.get(lock) or _tool_without_lock(folder, package)
    installation = _installation(tool, folder, lock=lock)
    fresh = installation.commands
    if shutil.which(tool, path=path or None) is None:
        fresh = f"echo '{tool} is not on PATH' >&2; exit 127\n"
    settings = (f"{name} {folder.text(name)}" for name in _SETTINGS if folder.has(name))
    return Recipe(
        ecosystem="node",
        directory=place,
        folder=installation.folder,
        files=("package.json", *([lock] if lock else []), *filter(folder.has, _SETTINGS)),
        asks=tuple(names),
        needs=tuple(name for key in _KEYS[:2] for name in _table(required.get(key))),
        statement=digest((json.dumps(required, sort_keys=True), text, *settings)),
        fresh=fresh + keep_beside(installation.folder, installation.beside),
        # Under a lock, node_modules is always made anew (decision 6).
        renew="" if lock else fresh,
        by_hand=installation.by_hand,
        strange=tuple(_find_unusual(required, text)),
    )


def _tool_without_lock(folder: Folder, package: dict[str, object]) -> str:
    named = str(package.get("packageManager", "")).partition("@")[0]
    if named in _LOCKS.values():
        return named
    return "pnpm" if folder.has(PNPM_WORKSPACE) else "npm"


def _installation(tool: str, folder: Folder, *, lock: str) -> _Installation:
    if tool == "pnpm":
        frozen = "--frozen-lockfile" if lock else "--no-frozen-lockfile"
        return _Installation(f"{_PNPM} {frozen}\n", "pnpm install")
    if tool == "npm":
        return _Installation(_NPM_CI, "npm ci") if lock else _Installation(_NPM, "npm install")
    text = folder.text("yarn.lock")
    if "yarn lockfile v1" in text and not folder.has(_YARN_SETTINGS):
        return _Installation(_YARN_CLASSIC, "yarn install")
    commands = _YARN if lock else _YARN.replace("--immutable", "--no-immutable")
    linker = _LINKER.search(folder.text(_YARN_SETTINGS))
    if linker is not None and linker[1] != "pnp":
        return _Installation(commands, "yarn install")
    # Plug'n'Play: the packages stay archives, which `.pnp.cjs` names relative to itself.
    commands = f"export YARN_ENABLE_GLOBAL_CACHE=false YARN_CACHE_FOLDER=.yarn/cache\n{commands}"
    return _Installation(commands, "yarn install", folder=".yarn/cache", beside=PLUG_N_PLAY)


def has_workspaces(folder: Folder) -> bool:
    """Whether the packages below a folder are installed with it."""
    return bool((folder.json("package.json") or {}).get("workspaces")) or folder.has(PNPM_WORKSPACE)


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
