"""Builds an environment in the sandbox, from the files of a project and the tree under test."""

import asyncio
import contextlib
import os
import re
import secrets
import shlex
import shutil
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from agentproxy.events.check import Tree
from agentproxy.events.git_facts import EnvironmentBuilt, EnvironmentFound
from agentproxy.evidence.check_context import CheckContext
from agentproxy.evidence.environments.beside import find_beside
from agentproxy.evidence.environments.python import removal
from agentproxy.evidence.environments.recipe import Recipe, digest
from agentproxy.evidence.obstacles.cannot_run import names_unreachable_host
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
MAX_SCRIPT_CHARACTERS = 64 << 10  # Linux takes at most 128 KiB in one argument
FOR_BUILDS = {
    "PYTHONPATH": "",
    "NODE_PATH": "",
    "CI": "1",
    # A cache that builds share would let one claim spoil the build of another.
    "PIP_NO_CACHE_DIR": "1",
    "POETRY_VIRTUALENVS_IN_PROJECT": "true",
}
LIMITS = JobLimits(seconds=BUILD_TIMEOUT_SECONDS, tmp_size=8192 * MEGABYTE, kept_output=64 * 1024)
NOT_ALLOWED = "building environments is turned off"
ALLOW = "set AGENTPROXY_BUILD=auto, or create the environment yourself"
NOT_ISOLATED = "without isolation no environment is built"
ISOLATE = "omit --sandbox plain, or create the environment yourself"
# pip and npm print these where the requirements are wrong. Only then can a worker fix the build.
_ASKS_TOO_MUCH = re.compile(
    r"No matching distribution|ResolutionImpossible|Invalid requirement|conflicting dependencies"
    r"|E404|ETARGET|ERESOLVE|EUSAGE|can only install packages when"
    r"|ERR_PNPM_(?:OUTDATED_LOCKFILE|NO_MATCHING_VERSION|FETCH_404|NO_LOCKFILE)"
    r"|\bYN00(?:28|35|82):"
)
_ERROR_LINE = re.compile(
    r"(?:\w+ )?(?:error|ERR!)|ERR_PNPM_|\S YN\d+: .*(?:Error:|cannot|can't|couldn't)", re.IGNORECASE
)


@dataclass(frozen=True, slots=True)
class Site:
    """What an environment is built for: a commit, its tree and its clean checkout."""

    commit: str
    tree: str
    checkout: Path
    environment: EnvironmentFound


@dataclass(frozen=True, slots=True)
class BuildRequest:
    """One environment to build."""

    recipe: Recipe
    # The base's recipe, where the claim changes it. A copy of the user's environment is then
    # brought up to date.
    before: Recipe | None = None


async def build(
    requests: Sequence[BuildRequest],
    site: Site,
    *,
    on: Tree,
    checks: CheckContext,
    show: Callable[[str], None],
) -> EnvironmentBuilt:
    """Builds the environments, or reuses earlier builds. The first failure ends it.

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
            failed = f"its requirements are longer than {MAX_SCRIPT_CHARACTERS >> 10} KiB"
            return built.model_copy(update={"failed": failed, "fixable": True})
        if (
            not request.before
            and request.recipe.suffices
            and await _suffices(request, site, checks)
        ):
            continue
        commands.append(job.commands)
        removed += _dropped_packages(request)
        strange += _new_unusual_requirements(request)
        if (
            not job.target.exists()
            and (ended := await _build_one(job, site, checks=checks, show=show)) is not None
        ):
            failed = _failed(built, ended, commands=commands, seconds=time.monotonic() - began)
            return failed.model_copy(update={"cure": _cure(request)})
        # `_sweep` goes by this time, so it must say when a build was last used.
        await asyncio.to_thread(os.utime, job.target)
        folders[job.at] = str(job.target)
        around = checks.repository.root / request.recipe.directory
        folders |= await asyncio.to_thread(find_beside, job.target, around)
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
    """Returns the environment with the builds in place; a later build replaces an earlier one."""
    folders = dict(environment.built)
    elsewhere = environment.elsewhere
    path = [entry for entry in environment.path.split(os.pathsep) if entry]
    for each in built:
        folders |= each.folders
        path = [*each.programs, *(entry for entry in path if entry not in each.programs)]
        # The first environment on PATH is ours now. A renewed one keeps what the user's installed.
        own = {f"{folder}/bin" for folder in environment.folders}
        elsewhere = () if each.programs and each.programs[0] not in own else elsewhere
    placed = {"built": folders, "path": os.pathsep.join(path), "elsewhere": elsewhere}
    return environment.model_copy(update=placed)


@dataclass(frozen=True, slots=True)
class _BuildJob:
    commands: str
    at: str  # the path inside the sandbox
    target: Path  # where it is kept
    directory: str
    copied: Path | None = None  # the user's own folder that it starts from


def _plan(request: BuildRequest, site: Site, checks: CheckContext) -> _BuildJob:
    recipe = request.recipe
    root = checks.repository.root
    own = find_users_own(recipe, site.environment, root)
    renewing = own is not None and bool(recipe.renew)
    at = str(own) if renewing and own is not None else str(root / recipe.place)
    commands = recipe.fresh
    if renewing:
        dropped = _dropped_packages(request)
        commands = (removal(dropped) if dropped else "") + recipe.renew
    registries = checks.registries.env.items() if checks.registries else ()
    # The key holds the whole tree, and not only the requirements. A claim can run its own code in
    # a build, so another tree must never reuse what this tree built.
    key = digest(
        (
            site.tree,
            at,
            commands,
            site.environment.path,
            *site.environment.toolchains,
            *(_interpreter(name, site.environment.path) for name in ("python3", "node")),
            *(f"{name}={value}" for name, value in sorted(registries)),
            *(checks.registries.npm_lines if checks.registries else ()),
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


def _dropped_packages(request: BuildRequest) -> list[str]:
    if request.before is None or request.recipe.ecosystem != "python":
        return []
    # A package that another list still names may only have moved there.
    return sorted(set(request.before.asks) - set(request.recipe.asks) - request.recipe.named)


def _new_unusual_requirements(request: BuildRequest) -> list[str]:
    known = (
        set(request.before.strange) if request.before is not None else set(request.recipe.strange)
    )
    return [text for text in request.recipe.strange if text not in known]


def _interpreter(name: str, path: str) -> str:
    found = shutil.which(name, path=path)
    if found is None:
        return ""
    # Size and time show a new version without running the program.
    real = Path(found).resolve()
    return f"{real} {real.stat().st_size} {real.stat().st_mtime_ns}"


def find_users_own(recipe: Recipe, environment: EnvironmentFound, root: Path) -> Path | None:
    """Returns the environment folder that the user's commands use: the active or nearest one."""
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


async def _build_one(
    job: _BuildJob, site: Site, *, checks: CheckContext, show: Callable[[str], None]
) -> Ended | None:
    registries = checks.registries
    if registries is None:
        raise ValueError("a build was planned although builds are not allowed")
    await asyncio.to_thread(_sweep, checks.environments)
    # Built beside its target and renamed, so that no check ever sees a half-built environment.
    part = checks.environments / f"{job.target.name}.part-{secrets.token_hex(4)}"
    part.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    try:
        if job.copied is not None:
            await copy_tree(job.copied, part)
        else:
            part.mkdir()
        # A copy has the time of its original, and `_sweep` deletes folders that look old.
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
                ("/bin/sh", "-c", f"set -e\n{_npmrc(registries.npm_lines)}{job.commands}"),
                env=env,
                access=Access(mode="hosts", hosts=registries.hosts, private=registries.named),
                limits=LIMITS,
                mounts=mounts,
            ),
            on_output=lambda chunk: show(chunk.decode(errors="replace")),
        )
        if ended.exit_code != 0 or ended.killed:
            return ended
        with contextlib.suppress(OSError):  # another run may have finished the same build first
            part.rename(job.target)
        if not job.target.is_dir():
            raise SandboxError(f"the environment could not be moved to {job.target}")
    finally:
        await asyncio.to_thread(discard, part)
    return None


def _npmrc(lines: Sequence[str]) -> str:
    # In the HOME of the build, which ends with it.
    return f"printf '%s\\n' {shlex.join(lines)} >~/.npmrc\n" if lines else ""


def _failed(
    built: EnvironmentBuilt, ended: Ended, *, commands: Sequence[str], seconds: float
) -> EnvironmentBuilt:
    output = ended.output.strip()
    refused = (
        f"; connections were refused to {', '.join(ended.refused[:3])}" if ended.refused else ""
    )
    how = "it reached its time limit" if ended.killed == "time" else f"exit {ended.exit_code}"
    unreachable = bool(ended.refused) or names_unreachable_host(output)
    return built.model_copy(
        update={
            "failed": f"{_find_error_line(output) or how}{refused}",
            "fixable": not unreachable and _ASKS_TOO_MUCH.search(output) is not None,
            "commands": "".join(commands),
            "seconds": seconds,
            "output": output[-MAX_SHOWN_OUTPUT_CHARACTERS:],
        }
    )


def _cure(request: BuildRequest) -> str:
    recipe = request.recipe
    # The words of a claim are no advice for a person's shell.
    by_hand = recipe.by_hand if request.before is None else ""
    where = "" if recipe.directory == "." else f" in {recipe.directory}"
    make = f"run {by_hand}{where}" if by_hand else "create the environment yourself"
    return f"{make}, or read the output of the build with pa show"


def _find_error_line(output: str) -> str:
    # A requirement that cannot be satisfied explains more than the error that follows from it.
    lines = [line.strip() for line in output.splitlines()]
    unsatisfied = [line for line in lines if _ASKS_TOO_MUCH.search(line)]
    errors = [line for line in lines if _ERROR_LINE.match(line)]
    return next((line[:300] for line in [*unsatisfied, *reversed(errors)]), "")


def _sweep(folder: Path) -> None:
    oldest = time.time() - KEPT_DAYS * 86400
    for entry in folder.iterdir() if folder.is_dir() else ():
        # No build runs this long, so a crash left the half-built folder.
        half = ".part-" in entry.name
        if entry.lstat().st_mtime < (time.time() - 2 * BUILD_TIMEOUT_SECONDS if half else oldest):
            discard(entry)


def still_there(built: EnvironmentBuilt) -> bool:
    """Whether all that was built still exists."""
    return all(Path(kept).exists() for kept in built.folders.values())
