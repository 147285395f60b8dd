"""Builds an environment from the project's own files and the tree under proof, in the sandbox.

It is kept by content: by the whole tree, the commands, and what it stands on. Code of the tree, and
of packages that the tree names, may run during a build; what one tree did is met by no other.
"""

import asyncio
import contextlib
import os
import re
import secrets
import shutil
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from agentproxy.events.check import Tree
from agentproxy.events.git_facts import EnvironmentBuilt, EnvironmentFound
from agentproxy.evidence.cannot_run import names_unreachable_host
from agentproxy.evidence.check_context import CheckContext
from agentproxy.evidence.environments.python import removal
from agentproxy.evidence.environments.recipe import Recipe, digest
from agentproxy.workspace.environment.fingerprint import fingerprint
from agentproxy.workspace.environment.job_layout import place_tree
from agentproxy.workspace.environment.poetry_and_conda import is_python
from agentproxy.workspace.sandbox.copies import copy_tree, discard
from agentproxy.workspace.sandbox.port import (
    MEGABYTE,
    Access,
    Ended,
    JobLimits,
    Mount,
    SandboxError,
)

BUILD_TIMEOUT_SECONDS = 1800.0
KEPT_DAYS = 30
MAX_SHOWN_OUTPUT_CHARACTERS = 2000
MAX_SCRIPT_CHARACTERS = 64 << 10  # characters of commands; a kernel takes 128 KiB in one argument
FOR_BUILDS = {
    "PYTHONPATH": "",
    "NODE_PATH": "",
    "CI": "1",
    "PIP_NO_CACHE_DIR": "1",
    "POETRY_VIRTUALENVS_IN_PROJECT": "true",
}
LIMITS = JobLimits(seconds=BUILD_TIMEOUT_SECONDS, tmp_size=8192 * MEGABYTE, kept_output=64 * 1024)
NOT_ALLOWED = "building environments is switched off"
ALLOW = "set AGENTPROXY_BUILD=auto, or make the environment yourself"
NOT_ISOLATED = "without isolation no environment is built"
ISOLATE = "leave --sandbox plain out, or make the environment yourself"
_ASKS_TOO_MUCH = re.compile(
    r"No matching distribution|ResolutionImpossible|Invalid requirement|conflicting dependencies"
    r"|E404|ETARGET|ERESOLVE|EUSAGE|can only install packages when"
)


@dataclass(frozen=True, slots=True)
class Site:
    """What an environment is built on: a commit, its clean checkout, and the tree's name."""

    commit: str
    tree: str
    checkout: Path
    environment: EnvironmentFound


@dataclass(frozen=True, slots=True)
class BuildRequest:
    """One environment to be built: by which recipe, and why. `before` is the recipe of the base
    where a claim changes it; then a copy of the user's own is brought up to date.
    """

    recipe: Recipe
    before: Recipe | None = None


async def build(
    requests: Sequence[BuildRequest],
    site: Site,
    *,
    on: Tree,
    checks: CheckContext,
    show: Callable[[str], None],
) -> EnvironmentBuilt:
    """Build them all, or take them from what was built before; the first that fails ends it.

    Raises:
        SandboxError: the sandbox could not be set up.
    """
    began = time.monotonic()
    built = EnvironmentBuilt(on=on)
    if not requests:
        return built
    if not checks.sandbox.isolates:
        return built.model_copy(update={"failed": NOT_ISOLATED, "cure": ISOLATE})
    if checks.registries is None:
        return built.model_copy(update={"failed": NOT_ALLOWED, "cure": ALLOW})
    folders: dict[str, str] = {}
    programs: list[str] = []
    commands: list[str] = []
    removed: list[str] = []
    strange: list[str] = []
    for request in requests:
        job = await asyncio.to_thread(_plan, request, site, checks)
        if len(job.commands) > MAX_SCRIPT_CHARACTERS:
            failed = f"it asks for more than {MAX_SCRIPT_CHARACTERS >> 10} KiB of requirements"
            return built.model_copy(update={"failed": failed, "fixable": True})
        if (
            not request.before
            and request.recipe.suffices
            and await _suffices(request, site, checks)
        ):
            continue
        commands.append(job.commands)
        removed += _gone(request)
        strange += _newly_strange(request)
        if (
            not job.target.exists()
            and (ended := await _make(job, site, checks=checks, show=show)) is not None
        ):
            return _failed(built, ended, commands=commands, seconds=time.monotonic() - began)
        await asyncio.to_thread(os.utime, job.target)
        folders[job.at] = str(job.target)
        if request.recipe.ecosystem == "python":
            programs.append(f"{job.at}/bin")
    return built.model_copy(
        update={
            "folders": folders,
            "programs": tuple(programs),
            "commands": "".join(commands),
            "removed": tuple(removed),
            "strange": tuple(text[:200] for text in strange),
            "seconds": time.monotonic() - began,
        }
    )


def with_built(
    environment: EnvironmentFound, built: Sequence[EnvironmentBuilt]
) -> EnvironmentFound:
    """The environment with what was built in its place; a later one takes an earlier one's."""
    folders = dict(environment.built)
    path = [entry for entry in environment.path.split(os.pathsep) if entry]
    for each in built:
        folders |= each.folders
        path = [*each.programs, *(entry for entry in path if entry not in each.programs)]
    return environment.model_copy(update={"built": folders, "path": os.pathsep.join(path)})


@dataclass(frozen=True, slots=True)
class _BuildJob:
    """`at` is where the environment stands inside, `target` where it is kept, `copied` the user's
    own folder that it begins as.
    """

    commands: str
    at: str
    target: Path
    directory: str
    copied: Path | None = None


def _plan(request: BuildRequest, site: Site, checks: CheckContext) -> _BuildJob:
    recipe = request.recipe
    root = checks.repository.root
    own = find_users_own(recipe, site.environment, root)
    renewing = own is not None and bool(recipe.renew)
    at = str(own) if renewing and own is not None else str(root / recipe.place)
    commands = recipe.fresh
    if renewing:
        gone = _gone(request)
        commands = (removal(gone) if gone else "") + recipe.renew
    registries = checks.registries.env.items() if checks.registries else ()
    key = digest(
        (
            site.tree,
            at,
            commands,
            site.environment.path,
            *site.environment.toolchains,
            *(_interpreter(name, site.environment.path) for name in ("python3", "node")),
            *(f"{name}={value}" for name, value in sorted(registries)),
            fingerprint(own) if renewing and own is not None else "",
        )
    )
    return _BuildJob(
        commands=commands,
        at=at,
        target=checks.environments / key,
        directory=recipe.directory,
        copied=own if renewing else None,
    )


def _gone(request: BuildRequest) -> list[str]:
    """What a claim does not ask for any more, and does not even mention in another list."""
    if request.before is None or request.recipe.ecosystem != "python":
        return []
    return sorted(set(request.before.asks) - set(request.recipe.asks) - request.recipe.named)


def _newly_strange(request: BuildRequest) -> list[str]:
    """What a claim adds that is no plain package of a registry: it may bring code of its own."""
    known = (
        set(request.before.strange) if request.before is not None else set(request.recipe.strange)
    )
    return [text for text in request.recipe.strange if text not in known]


def _interpreter(name: str, path: str) -> str:
    """Which program a name means, and which version of it as far as a file shows."""
    found = shutil.which(name, path=path)
    if found is None:
        return ""
    real = Path(found).resolve()
    return f"{real} {real.stat().st_size} {real.stat().st_mtime_ns}"


def find_users_own(recipe: Recipe, environment: EnvironmentFound, root: Path) -> Path | None:
    """The environment folder that the user's commands stand on: the active or the nearest one."""
    folders = [Path(folder) for folder in environment.folders]
    if recipe.ecosystem == "node":
        place = root / recipe.place
        return place if place in folders else None
    for entry in environment.path.split(os.pathsep):
        folder = Path(entry).parent
        if folder in folders and is_python(folder):
            return folder
    return None


async def _suffices(request: BuildRequest, site: Site, checks: CheckContext) -> bool:
    """Whether the user's own tools have all that the project asks for."""
    place = place_tree(
        checks.tree_mounts(site.checkout),
        root=checks.repository.root,
        directory=request.recipe.directory,
        environment=site.environment,
    )
    script = f"set -e\n{request.recipe.suffices}"
    ended = await checks.sandbox.run(
        place.job(("/bin/sh", "-c", script), env={}, limits=JobLimits(seconds=120.0))
    )
    return ended.exit_code == 0


async def _make(
    job: _BuildJob, site: Site, *, checks: CheckContext, show: Callable[[str], None]
) -> Ended | None:
    """Build it; how it ended where it failed. A half-built one is never met by anybody."""
    registries = checks.registries
    if registries is None:
        raise ValueError("a build was planned that is not allowed")
    await asyncio.to_thread(_sweep, checks.environments)
    part = checks.environments / f"{job.target.name}.part-{secrets.token_hex(4)}"
    part.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    try:
        if job.copied is not None:
            await copy_tree(job.copied, part)
        else:
            part.mkdir()
        # A copy is as old as what it was made of, and what looks old is swept away.
        await asyncio.to_thread(os.utime, part)
        mounts = [Mount(at=str(path), mode="ro", source=path) for path in registries.paths]
        place = place_tree(
            checks.tree_mounts(site.checkout),
            root=checks.repository.root,
            directory=job.directory,
            environment=site.environment,
            writable={job.at: part},
        )
        env = {**registries.env, **FOR_BUILDS}
        if job.copied is not None:
            env["VIRTUAL_ENV"] = job.at
        ended = await checks.sandbox.run(
            place.job(
                ("/bin/sh", "-c", f"set -e\n{job.commands}"),
                env=env,
                access=Access(mode="hosts", hosts=registries.hosts),
                limits=LIMITS,
                mounts=mounts,
            ),
            on_output=lambda chunk: show(chunk.decode(errors="replace")),
        )
        if ended.exit_code != 0 or ended.killed:
            return ended
        with contextlib.suppress(OSError):  # another run was faster
            part.rename(job.target)
        if not job.target.is_dir():
            raise SandboxError(f"the environment could not be kept in {job.target}")
    finally:
        await asyncio.to_thread(discard, part)
    return None


def _failed(
    built: EnvironmentBuilt, ended: Ended, *, commands: Sequence[str], seconds: float
) -> EnvironmentBuilt:
    said = ended.output.strip()
    refused = f"; the network was refused: {', '.join(ended.refused[:3])}" if ended.refused else ""
    how = "its time was up" if ended.killed == "time" else f"exit {ended.exit_code}"
    lonely = bool(ended.refused) or names_unreachable_host(said)
    return built.model_copy(
        update={
            "failed": f"{_complaint(said) or how}{refused}",
            "cure": "make the environment yourself, or see what the build printed (pa show)",
            "fixable": not lonely and _ASKS_TOO_MUCH.search(said) is not None,
            "commands": "".join(commands),
            "seconds": seconds,
            "output": said[-MAX_SHOWN_OUTPUT_CHARACTERS:],
        }
    )


def _complaint(said: str) -> str:
    """The line that says best why a build failed: what was asked for in vain, else an error."""
    lines = [line.strip() for line in said.splitlines()]
    vain = [line for line in lines if _ASKS_TOO_MUCH.search(line)]
    errors = [line for line in lines if re.match(r"(?:\w+ )?(?:error|ERR!)", line, re.IGNORECASE)]
    return next((line[:300] for line in [*vain, *reversed(errors)]), "")


def _sweep(folder: Path) -> None:
    """Let go of what nobody has used for a month, and of what was left half-built. Blocking."""
    oldest = time.time() - KEPT_DAYS * 86400
    for entry in folder.iterdir() if folder.is_dir() else ():
        half = ".part-" in entry.name
        if entry.lstat().st_mtime < (time.time() - 2 * BUILD_TIMEOUT_SECONDS if half else oldest):
            discard(entry)


def still_there(built: EnvironmentBuilt) -> bool:
    """Whether all that was built is still there."""
    return all(Path(folder).is_dir() for folder in built.folders.values())
