"""Runs a check: a clean checkout of the exact tree, at the user's path, in the sandbox."""

import asyncio
import os
import secrets
from collections.abc import Callable
from pathlib import Path

from agentproxy.events.check import CheckResult
from agentproxy.events.contract import Check
from agentproxy.events.git_facts import EnvironmentFound
from agentproxy.evidence.check_context import CheckContext
from agentproxy.evidence.instrumentation import Instrumentation, instrument, interpret
from agentproxy.workspace.environment.job_layout import JobLayout
from agentproxy.workspace.files.list_below import list_below
from agentproxy.workspace.files.remove_tree import remove_tree
from agentproxy.workspace.files.safe_files import BadPath, SafeDir
from agentproxy.workspace.sandbox.port import Access, JobLimits

REPORT_LIMIT = 64 << 20
PACKAGE_LIMIT = 1 << 20
LISTED_FILES = 200_000
FOR_CHECKS = {"CI": "1", "UV_NO_SYNC": "1", "UV_OFFLINE": "1", "NO_COLOR": "1"}
PREPARE_FAILED = "prepare-failed"
PREPARED = f"""\
if ! ( eval "$AGENTPROXY_PREPARE" ); then
  touch "$AGENTPROXY_REPORT/{PREPARE_FAILED}"; exit 125
fi
unset AGENTPROXY_PREPARE AGENTPROXY_REPORT
eval "$1"
"""


async def run_check(
    check: Check,
    *,
    commit: str,
    environment: EnvironmentFound,
    ground: CheckContext,
    on_output: Callable[[str], None],
) -> CheckResult:
    """Run a check on a commit, once. What it writes is thrown away with its layers.

    Raises:
        SandboxError: the sandbox could not be set up.
        NotClean: the checkout is not the tree.
    """
    if obstacle := ground.obstacle(environment):
        return CheckResult(exit_code=None, ending="not_started", seconds=0.0, cannot_run=obstacle)
    tree = await ground.checkout(commit, environment)
    place = await ground.place(tree, check.directory, environment)
    report = ground.folder / "reports" / secrets.token_hex(8)
    await asyncio.to_thread(report.mkdir, parents=True)
    try:
        wanted = instrument(
            check.command,
            {**environment.env, **check.env},
            package_json=await asyncio.to_thread(_package, tree, check.directory),
        )
        job_place = place.with_folder("report", report)
        ended = await ground.sandbox.run(
            job_place.job(
                _argv(check, environment),
                env=_env(check, environment, place=job_place, wanted=wanted),
                access=Access(mode="host") if check.network == "host" else Access(),
                limits=JobLimits(seconds=check.timeout),
            ),
            on_output=lambda chunk: on_output(chunk.decode(errors="replace")),
        )
        reports = await asyncio.to_thread(_read_reports, report, wanted)
        prepare_failed = (report / PREPARE_FAILED).exists()
        files = await asyncio.to_thread(list_below, tree, most=LISTED_FILES)
    finally:
        await asyncio.to_thread(remove_tree, report)
        await ground.release(tree)
    result = await asyncio.to_thread(
        interpret, ended, reports, command=check.command, tree=files, root=place.root
    )
    if prepare_failed:
        reason = f"prepare failed: {environment.prepare}"
        return result.model_copy(update={"cannot_run": reason})
    return result


def _argv(check: Check, environment: EnvironmentFound) -> tuple[str, ...]:
    if environment.prepare:
        return ("/bin/sh", "-c", PREPARED, "sh", check.command)
    return ("/bin/sh", "-c", check.command)


def _env(
    check: Check, environment: EnvironmentFound, *, place: JobLayout, wanted: Instrumentation
) -> dict[str, str]:
    env = {**FOR_CHECKS, **check.env, **wanted.env}
    if environment.prepare:
        env["AGENTPROXY_PREPARE"] = environment.prepare
        env["AGENTPROXY_REPORT"] = place.inside("report")
    inside = place.inside("report")
    return {name: text.replace("/run/agentproxy/report", inside) for name, text in env.items()}


def _package(tree: Path, directory: str) -> str:
    """The package.json beside the check, or none."""
    with SafeDir(tree) as root:
        try:
            path = os.path.normpath(f"{directory}/package.json")
            return root.read(path, limit=PACKAGE_LIMIT).decode(errors="replace")
        except (OSError, BadPath):
            return ""


def _read_reports(folder: Path, wanted: Instrumentation) -> dict[str, bytes]:
    """The reports that were written; a stranger's file may be anything, and is opened so."""
    found: dict[str, bytes] = {}
    with SafeDir(folder) as root:
        for name in wanted.reports:
            try:
                found[name] = root.read(name, limit=REPORT_LIMIT)
            except (OSError, BadPath):
                continue
    return found
