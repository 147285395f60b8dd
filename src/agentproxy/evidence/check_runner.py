"""Runs a check in the sandbox, in a clean checkout of the exact tree at the user's path."""

import asyncio
import os
import secrets
from collections.abc import Awaitable, Callable, Collection, Sequence
from dataclasses import dataclass
from pathlib import Path

from agentproxy.events.check import CannotRun, CheckResult
from agentproxy.events.contract import Check
from agentproxy.events.git_facts import EnvironmentFound
from agentproxy.evidence.check_context import CheckContext
from agentproxy.evidence.instrumentation import Instrumentation, instrument, interpret
from agentproxy.evidence.obstacles.cannot_run import (
    crosses_file_systems,
    failed_preparation,
    invalid_syntax,
)
from agentproxy.evidence.obstacles.ignored_files import (
    cannot_run_without,
    find_candidates,
    missing_in,
    reason_at_base,
)
from agentproxy.evidence.obstacles.unseen_programs import find_unseen_program
from agentproxy.evidence.package_scripts import PNPM_WORKSPACE, has_workspace
from agentproxy.evidence.reports.go_files import read_go_files, with_go_files
from agentproxy.evidence.reports.runners import COLLECT, REPORT_FOLDER, START_FOLDERS, TREE
from agentproxy.files.list_below import list_below
from agentproxy.files.remove_tree import remove_tree
from agentproxy.files.safe_files import BadPath, SafeDir, TooManyNames
from agentproxy.workspace.environment.job_layout import JobLayout
from agentproxy.workspace.sandbox.port import Access, JobLimits
from agentproxy.workspace.trees.ignored import ignored_files

REPORT_LIMIT = 64 << 20
MAX_REPORTS = 64
TIMEOUT_FACTOR = 3.0  # a check elsewhere may take this many times its time at the base
START_FILES = Path(__file__).parent / "reports"
PACKAGE_LIMIT = 1 << 20
MAX_PACKAGES = 200  # of a workspace
LISTED_FILES = 200_000
# A check has no network by default, so uv must neither sync nor download.
FOR_CHECKS = {"CI": "1", "UV_NO_SYNC": "1", "UV_OFFLINE": "1", "NO_COLOR": "1"}
# pnpm and corepack would try for minutes to fetch the version that package.json names.
OFFLINE = {
    "COREPACK_ENABLE_NETWORK": "0",
    "npm_config_manage_package_manager_versions": "false",
    "pnpm_config_manage_package_manager_versions": "false",
}
SYNTAX_ERROR = "syntax-error"
PREPARE_FAILED = "prepare-failed"
# $1 is the command of the check, $2 the folder for reports, $3 the `prepare` command or "".
# The syntax is checked first: a shell runs the lines before the one that it cannot read.
# A marker file says which step failed, since the command may exit with 125 itself. What `prepare`
# reports is not of the check.
RUN_CHECK = f"""\
/bin/sh -n -c "$1" || {{ : >"$2/{SYNTAX_ERROR}"; exit 125; }}
if [ -n "$3" ] && ! ( eval "$3" ); then
  : >"$2/{PREPARE_FAILED}"; exit 125
fi
rm -f "$2"/*.xml "$2"/*.jsonl "$2"/*.trx
[ -n "${COLLECT}" ] || exec /bin/sh -c "$1"
: >"$2/started"
/bin/sh -c "$1"
code=$?
/bin/sh "${COLLECT}" "$2"
exit $code
"""


@dataclass(frozen=True, slots=True)
class Baseline:
    """What the same check did at the base."""

    commit: str
    # Awaited where the check fails elsewhere, or takes longer than its limit: it may run at the
    # base at the same time.
    results: Callable[[], Awaitable[Sequence[CheckResult]]]
    extends: bool = True  # whether a check that took long there may take longer elsewhere

    async def allows(self, check: Check) -> float:
        """Returns the seconds that a check may take elsewhere: some times its time at the base."""
        slowest = max((each.seconds for each in await self.results()), default=0.0)
        return max(check.timeout, TIMEOUT_FACTOR * slowest)


@dataclass(frozen=True, slots=True)
class LeaveOut:
    """Test files that need not run. `loads_all`: they are loaded where the runner can do that."""

    files: Sequence[str] = ()
    loads_all: bool = True


async def run_check(
    check: Check,
    *,
    commit: str,
    base: Baseline,
    environment: EnvironmentFound,
    checks: CheckContext,
    leave_out: LeaveOut = LeaveOut(),
    on_output: Callable[[str], None],
) -> CheckResult:
    """Runs a check on a commit once. What the check writes is thrown away.

    A runner that cannot leave files out runs them.

    Raises:
        SandboxError: the sandbox could not be set up.
        NotClean: the checkout differs from the commit.
    """

    async def run() -> CheckResult:
        return await _run_once(
            check,
            commit=commit,
            base=base,
            environment=environment,
            checks=checks,
            leave_out=leave_out,
            on_output=on_output,
        )

    copied = checks.copies_trees
    result = await run()
    if copied or not checks.sandbox.isolates or not crosses_file_systems(result):
        return result
    # An overlay cannot rename a folder of its lower layer, and a plain folder can.
    checks.copies_trees = True
    return await run()


async def _run_once(
    check: Check,
    *,
    commit: str,
    base: Baseline,
    environment: EnvironmentFound,
    checks: CheckContext,
    leave_out: LeaveOut,
    on_output: Callable[[str], None],
) -> CheckResult:
    if reason := checks.why_not_isolated(environment):
        return _not_started(reason)
    tree = await checks.checkout(commit, environment)
    place = await checks.place(tree, check.directory, environment)
    if reason := checks.why_not_at_checkouts(place, environment):
        await checks.release(tree)
        return _not_started(reason)
    report = checks.folder / "reports" / secrets.token_hex(8)
    await asyncio.to_thread(report.mkdir, parents=True)
    try:
        own, others = await asyncio.to_thread(_read_packages, tree, check.directory)
        wanted = instrument(
            check.command,
            {"PATH": environment.path, **environment.env, **check.env},
            package_json=own,
            of_workspace=others,
            leave_out=leave_out.files,
            loads_all=leave_out.loads_all,
        )
        job_place = place.with_folder("report", report)
        for name in START_FOLDERS.values():
            job_place = job_place.with_folder(name, START_FILES / name, mode="ro")
        inside = job_place.inside("report")
        ended = await checks.sandbox.run(
            job_place.job(
                ("/bin/sh", "-c", RUN_CHECK, "sh", check.command, inside, environment.prepare),
                env=_env(check, wanted, job_place),
                access=Access(mode="host") if check.network == "host" else Access(),
                limits=_limits(check, commit, base=base),
            ),
            on_output=lambda chunk: on_output(chunk.decode(errors="replace")),
        )
        reports = await asyncio.to_thread(_read_reports, report, wanted)
        unreadable = (report / SYNTAX_ERROR).exists()
        unprepared = (report / PREPARE_FAILED).exists()
        files = await asyncio.to_thread(list_below, tree, most=LISTED_FILES)
        of_go = await asyncio.to_thread(read_go_files, tree, files)
    finally:
        await asyncio.to_thread(remove_tree, report)
        await checks.release(tree)
    # A hostile report can take long to read, so this stays off the event loop.
    result = await asyncio.to_thread(
        interpret, ended, reports, command=check.command, tree=files, root=place.root
    )
    named = {"tests": with_go_files(result.tests, of_go)} if of_go else {}
    result = result.model_copy(update={"left_out": wanted.left_out, **named})
    at_base = commit == base.commit
    # What a claim prints is its worker's word, so only the base chooses what to name.
    known = () if at_base or result.passed else await base.results()
    if reason := await _find_ignored_file(
        result, check, checks=checks, files=files, base=base, known=None if at_base else known
    ) or find_unseen_program(
        result,
        at_base=at_base,
        base=known,
        root=checks.repository.root,
        environ=checks.environ,
    ):
        result = result.model_copy(update={"cannot_run": reason})
    if unreadable:
        return result.model_copy(update={"cannot_run": invalid_syntax(ended.output)})
    if unprepared:
        return result.model_copy(update={"cannot_run": failed_preparation(environment.prepare)})
    return result


def _limits(check: Check, commit: str, *, base: Baseline) -> JobLimits:
    if commit == base.commit or not base.extends:
        return JobLimits(seconds=check.timeout)
    return JobLimits(seconds=check.timeout, extended=lambda: base.allows(check))


def _not_started(reason: CannotRun) -> CheckResult:
    return CheckResult(exit_code=None, ending="not_started", seconds=0.0, cannot_run=reason)


async def _find_ignored_file(
    result: CheckResult,
    check: Check,
    *,
    checks: CheckContext,
    files: Collection[str],
    base: Baseline,
    known: Sequence[CheckResult] | None,
) -> CannotRun | None:
    """Returns why the check cannot run where each failure misses a file that git ignores. `known`
    are the results at the base, None for a check on the base.
    """
    reason = None if known is None else reason_at_base(known)
    if known is not None and reason is None:
        return None
    root = checks.repository.root
    found = await asyncio.to_thread(
        find_candidates, missing_in(result), root=root, directory=check.directory, files=files
    )
    if not found or not all(found):
        return None
    candidates = [path for paths in found for path in paths]
    ignored = await ignored_files(
        checks.repository, list(dict.fromkeys(candidates)), base=base.commit
    )
    if not all(any(path in ignored for path in paths) for paths in found):
        return None
    missed = [path for path in candidates if path in ignored]
    return reason or await asyncio.to_thread(cannot_run_without, missed, root=root)


def _env(check: Check, wanted: Instrumentation, place: JobLayout) -> dict[str, str]:
    offline = {} if check.network == "host" else OFFLINE
    env = {**FOR_CHECKS, **offline, **check.env, **wanted.env}
    for folder, name in {REPORT_FOLDER: "report", **START_FOLDERS}.items():
        env = {key: text.replace(folder, place.inside(name)) for key, text in env.items()}
    return {key: text.replace(TREE, place.root) for key, text in env.items()}


def _read_packages(tree: Path, directory: str) -> tuple[str, list[str]]:
    """Returns the package.json of a folder, and where it is a workspace those of its packages."""
    place = "" if directory == "." else f"{directory}/"
    with SafeDir(tree) as root:
        own = _read_text(root, f"{place}package.json")
        if not (has_workspace(own) or root.exists(f"{place}{PNPM_WORKSPACE}")):
            return own, []
        files = sorted(list_below(tree, most=LISTED_FILES))
        packages = [name for name in files if name.startswith(place) and _is_package(name)]
        return own, [_read_text(root, name) for name in packages[:MAX_PACKAGES]]


def _is_package(name: str) -> bool:
    return name.endswith("/package.json") and "node_modules/" not in name


def _read_text(root: SafeDir, path: str) -> str:
    try:
        return root.read(os.path.normpath(path), limit=PACKAGE_LIMIT).decode(errors="replace")
    except (OSError, BadPath):
        return ""


def _read_reports(folder: Path, wanted: Instrumentation) -> dict[str, bytes]:
    """Returns the reports by name; an empty one stands for what cannot be read."""
    # Code of the tree writes here, so a report may be a link, a device or a huge file.
    with SafeDir(folder) as root:
        try:
            names = [name for name, _ in root.entries(".", most=MAX_REPORTS)]
        except TooManyNames:
            return {"unittest-0.xml": b""}
        ours = [name for name in names if any(p.fullmatch(name) for p in wanted.reports)]
        left = REPORT_LIMIT
        found: dict[str, bytes] = {}
        for name in ours:
            try:
                found[name] = root.read(name, limit=left)
            except (OSError, BadPath):
                found[name] = b""
            left -= len(found[name])
    return found
