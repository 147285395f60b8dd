"""Looking at the evidence of a run: as it is stored, whether it holds together, and again."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from agentproxy.app.context import App
from agentproxy.events.check import CheckResult
from agentproxy.events.envelope import RunId
from agentproxy.events.git_facts import EnvironmentFound
from agentproxy.evidence.bundle import Bundle, BundleUnusable, EvidenceEntry, faults, load
from agentproxy.evidence.check_context import CheckContext
from agentproxy.evidence.check_runner import run_check
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
    """No round of the run was judged yet, so nothing is proven."""


class NoSuchRound(BundleUnusable):
    """The run was judged, but not in that round."""


@dataclass(frozen=True, slots=True)
class Evidence:
    """The bundle of a round under its digest, and the rounds there are."""

    digest: str
    bundle: Bundle
    rounds: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Compared:
    """The bundle of a round against all that it must agree with; `faults` is where it does not.

    `results` counts what the bundle holds; none where it cannot be read.
    """

    round: int
    sha256: str
    results: int
    faults: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Rerun:
    """One check of the bundle, run again: the same outcome or not, and in what it differs."""

    check: str
    on: str
    same: bool
    differs: str


async def find_evidence(app: App, run: RunId, *, round: int | None) -> Evidence:  # noqa: A002
    """The bundle of a round, by default the last.

    Raises:
        NothingJudged, NoSuchRound: there is no such round.
        BundleUnusable: the bundle is missing or damaged.
    """
    state = _judged(run, SUPERVISED.replay(await app.journal.read(run)))
    rounds = tuple(sorted(state.judged))
    number = round or rounds[-1]
    if number not in state.judged:
        known = ", ".join(map(str, rounds))
        raise NoSuchRound(f"round {number} of run {run} was not judged (judged: {known})")
    digest = state.judged[number].bundle
    bundle = await asyncio.to_thread(load, digest, app.folder(run) / "evidence")
    return Evidence(digest=digest, bundle=bundle, rounds=rounds)


def _judged(run: RunId, state: State) -> State:
    if not state.judged:
        raise NothingJudged(f"nothing was judged in run {run} yet")
    return state


async def verify(app: App, run: RunId) -> list[Compared]:
    """Every bundle of a run against its digest, its chain, the journal and the repository's trees.

    Raises:
        NothingJudged: there is no bundle.
    """
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
        found.append("it does not follow the bundle of the round before")
    if (bundle.verdict, bundle.checks) != (judged.verdict, judged.checks):
        found.append("its verdict is not the one in the journal")
    found += _against_journal(state, bundle)
    if not found:
        found += await _against_repository(app, state, bundle)
    return Compared(number, judged.bundle, results=len(bundle.entries), faults=tuple(found))


def _against_journal(state: State, bundle: Bundle) -> list[str]:
    for entry in bundle.entries:
        results = state.results_of(entry.check.name, entry.on)
        if entry.attempt > len(results) or results[entry.attempt - 1] != entry.result:
            return [f"the result of {entry.check.name} on {entry.on} is not the journal's"]
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
            found.append(f"the {what} {commit[:12]} has the tree {actual or 'of no commit'}")
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
    """Run every check of a bundle again on its recorded trees, and compare the outcomes."""
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
                # It was swept meanwhile: the same files of the project give the same again.
                state.built[lost.on] = await build_environment(
                    lost.on, state=state, checks=checks, show=_ignore
                )
            environment = environment_of(entry.on, state=state)
            commit = state.commit_of(entry.on)
            results.append(await _again(entry, commit, checks=checks, environment=environment))
            tell(results[-1])
    finally:
        await asyncio.to_thread(tidy, checks.folder)
    return results


def _ignore(source: str, text: str) -> None:
    """Output of a build that nobody looks at."""


async def _again(
    entry: EvidenceEntry, commit: str, *, checks: CheckContext, environment: EnvironmentFound
) -> Rerun:
    result = await run_check(
        entry.check,
        commit=commit,
        environment=environment,
        checks=checks,
        on_output=lambda _: None,
    )
    differs = difference(entry.result, result)
    return Rerun(check=entry.check.name, on=entry.on.key, same=not differs, differs=differs)


def difference(before: CheckResult, now: CheckResult) -> str:
    """In what two results of one check differ, or nothing: times and output do not count."""
    if (before.cannot_run is None) != (now.cannot_run is None):
        was = before.cannot_run.text if before.cannot_run else "it could run"
        return f"{was}; now {now.cannot_run.text if now.cannot_run else 'it can run'}"
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
