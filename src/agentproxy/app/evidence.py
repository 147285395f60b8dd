"""Reads the evidence of a run, verifies it, and repeats its checks."""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from agentproxy.app.context import App
from agentproxy.events.check import BASE, CheckResult
from agentproxy.events.envelope import RunId
from agentproxy.events.git_facts import EnvironmentFound
from agentproxy.evidence.bundle import Bundle, BundleUnusable, EvidenceEntry, faults, load
from agentproxy.evidence.check_context import CheckContext
from agentproxy.evidence.check_runner import Baseline, LeaveOut, run_check
from agentproxy.evidence.other_date import as_run_on, find_clock_library
from agentproxy.supervisor.check_verdicts import loads_all
from agentproxy.supervisor.effects import SUPERVISED
from agentproxy.supervisor.environments import (
    build_environment,
    environment_of,
    lost_environments,
)
from agentproxy.supervisor.run_folder import tidy
from agentproxy.supervisor.state import State
from agentproxy.workspace.git.command import GitError, GitLocation, git
from agentproxy.workspace.git.repository import Repository


class NothingJudged(BundleUnusable):
    cure = "see how far the run got with pa show"


class NoSuchRound(BundleUnusable):
    cure = "give the number of a judged round, or leave --round out"


@dataclass(frozen=True, slots=True)
class Evidence:
    """The bundle of a round, and all judged rounds."""

    digest: str
    bundle: Bundle
    rounds: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Compared:
    """The result of `verify` for one round; no `results` when the bundle cannot be read."""

    round: int
    sha256: str
    results: int
    faults: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Rerun:
    """One repeated check; `differs` describes the difference."""

    check: str
    on: str
    same: bool
    differs: str


async def find_evidence(app: App, run: RunId, *, round: int | None) -> Evidence:  # noqa: A002
    """Returns the last round by default. Raises NothingJudged, NoSuchRound, BundleUnusable."""
    state = _judged(run, SUPERVISED.replay(await app.journal.read(run)))
    rounds = tuple(sorted(state.judged))
    number = round or rounds[-1]
    if number not in state.judged:
        known = ", ".join(map(str, rounds))
        raise NoSuchRound(f"round {number} of run {run} was not judged (judged rounds: {known})")
    digest = state.judged[number].bundle
    bundle = await asyncio.to_thread(load, digest, app.folder(run) / "evidence")
    return Evidence(digest=digest, bundle=bundle, rounds=rounds)


def _judged(run: RunId, state: State) -> State:
    if not state.judged:
        raise NothingJudged(f"no round of run {run} was judged yet")
    return state


async def verify(app: App, run: RunId) -> list[Compared]:
    """Compares every bundle with its digest, the chain, the journal and the repository."""
    state = _judged(run, SUPERVISED.replay(await app.journal.read(run)))
    numbers = sorted(state.judged)
    before = ["", *(state.judged[number].bundle for number in numbers)]
    return [
        await _compare(app, run, state, number=number, previous=previous)
        for number, previous in zip(numbers, before, strict=False)
    ]


async def _compare(app: App, run: RunId, state: State, *, number: int, previous: str) -> Compared:
    judged = state.judged[number]
    try:
        bundle = await asyncio.to_thread(load, judged.bundle, app.folder(run) / "evidence")
    except BundleUnusable as error:
        return Compared(number, judged.bundle, results=0, faults=(str(error),))
    found = list(faults(judged.bundle, bundle))
    if bundle.previous != previous:
        found.append("the bundle does not name the bundle of the round before")
    if (bundle.verdict, bundle.checks) != (judged.verdict, judged.checks):
        found.append("the verdict differs from the journal")
    found += _against_journal(state, bundle)
    if not found:
        found += await _against_repository(app, state, bundle)
    return Compared(number, judged.bundle, results=len(bundle.entries), faults=tuple(found))


def _against_journal(state: State, bundle: Bundle) -> list[str]:
    for entry in bundle.entries:
        results = state.results_of(entry.check.name, entry.on)
        if entry.attempt > len(results) or results[entry.attempt - 1] != entry.result:
            return [f"the result of {entry.check.name} on {entry.on} differs from the journal"]
    return []


async def _against_repository(app: App, state: State, bundle: Bundle) -> list[str]:
    repository = await app.repository(Path(state.require_order().repository))
    found: list[str] = []
    for what, commit, tree in (
        ("base", bundle.base_commit, bundle.base_tree),
        ("claim", bundle.claim_commit, bundle.claim_tree),
    ):
        actual = await _tree_of(repository, commit)
        if actual != tree:
            has = (
                f"the tree {actual} in the repository" if actual else "no commit in the repository"
            )
            found.append(f"the {what} {commit[:12]} has {has}")
    return found


async def _tree_of(repository: Repository, commit: str) -> str:
    try:
        printed = await git(
            "rev-parse",
            "--verify",
            f"{commit}^{{tree}}",
            where=GitLocation(git_dir=repository.git_dir),
        )
    except GitError:
        return ""
    return printed.decode().strip()


async def rerun(
    app: App, run: RunId, bundle: Bundle, *, tell: Callable[[Rerun], None]
) -> list[Rerun]:
    """Repeats every check of a bundle on its recorded trees."""
    state = SUPERVISED.replay(await app.journal.read(run))
    if state.environment is None:
        raise BundleUnusable(f"run {run} has no recorded environment")
    checks = CheckContext(
        repository=await app.repository(Path(state.require_order().repository)),
        sandbox=await app.sandbox(state.require_order().sandbox),
        folder=app.folder(run) / "rerun",
        environ=app.environ,
        environments=app.environments,
        registries=await app.registries(),
    )
    results: list[Rerun] = []
    last = {(entry.check.name, entry.on): entry for entry in bundle.entries}
    try:
        for entry in last.values():
            for lost in lost_environments(state, entry.on):
                # The environment was swept since. The same project files build the same one again.
                state.built[lost.on] = await build_environment(
                    lost.on, state=state, checks=checks, show=_ignore
                )
            environment = environment_of(entry.on, state=state)
            results.append(await _again(entry, state, checks=checks, environment=environment))
            tell(results[-1])
    finally:
        await asyncio.to_thread(tidy, checks.folder)
    return results


def _ignore(source: str, text: str) -> None:
    """Output of a build that nobody looks at."""


async def _again(
    entry: EvidenceEntry, state: State, *, checks: CheckContext, environment: EnvironmentFound
) -> Rerun:
    async def at_base() -> Sequence[CheckResult]:
        return state.results_of(entry.check.name, BASE)

    result = await run_check(
        as_run_on(entry.on, entry.check, await asyncio.to_thread(find_clock_library)),
        commit=state.commit_of(entry.on),
        base=Baseline(state.commit_of(BASE), at_base),
        environment=environment,
        checks=checks,
        leave_out=LeaveOut(entry.result.left_out, loads_all(entry.on)),
        on_output=lambda _: None,
    )
    differs = difference(entry.result, result)
    return Rerun(check=entry.check.name, on=entry.on.key, same=not differs, differs=differs)


def difference(before: CheckResult, now: CheckResult) -> str:
    if (before.cannot_run is None) != (now.cannot_run is None):
        was = before.cannot_run.text if before.cannot_run else "it could run"
        return f"{was}; now {now.cannot_run.text if now.cannot_run else 'it can run'}"
    # Times and output differ between honest runs, so they are not compared.
    if before.exit_code != now.exit_code:
        return f"exit code {before.exit_code}; now {now.exit_code}"
    old = {test.name: test.outcome for test in before.tests}
    new = {test.name: test.outcome for test in now.tests}
    changed = sorted(name for name in old.keys() | new.keys() if old.get(name) != new.get(name))
    if not changed:
        return ""
    name = changed[0]
    more = f" and {len(changed) - 1} more" if len(changed) > 1 else ""
    return f"{name}: {old.get(name, 'absent')}; now {new.get(name, 'absent')}{more}"
