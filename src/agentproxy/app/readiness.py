"""Says what a run of a project would need, from the state of a rehearsal."""

import json
from collections.abc import Iterator
from dataclasses import dataclass

from agentproxy.app.show.lines import named
from agentproxy.app.show.proof import outcome
from agentproxy.events.check import BASE, CannotRunKind
from agentproxy.events.contract import Check
from agentproxy.events.git_facts import BaseRecorded, EnvironmentFound
from agentproxy.evidence.obstacles.cannot_run import cure_for
from agentproxy.supervisor.state import State

TRUST = "write it in agentproxy.toml at the root of the repository, then run pa trust"
# A line of the check's table that can lift the obstacle.
_LINES: dict[CannotRunKind, str] = {
    "refused_connection": 'network = "host"',
    "name_does_not_resolve": 'network = "host"',
    "network_unreachable": 'network = "host"',
    "timed_out": 'timeout = "60m"',
}


@dataclass(frozen=True)
class DoctorFinding:
    """One examined part; no run starts when a `needed` one does not work.

    `write` are lines for agentproxy.toml that cure it.
    """

    what: str
    works: bool
    detail: str
    cure: str = ""
    needed: bool = False
    write: str = ""


def describe_readiness(state: State) -> Iterator[DoctorFinding]:
    """Gives a finding for each part of a rehearsal. `is_ready` has the sum of it."""
    if state.base is not None:
        yield from _of_base(state.base)
    if state.environment is not None:
        yield from _of_environment(state.environment, state)
    contract = state.contract
    for check in contract.checks if contract else ():
        yield from _of_check(check, state)
    if contract is not None and contract.left_out:
        detail = f"settings that nobody has trusted: {named(contract.left_out)}"
        yield DoctorFinding("left out", works=False, detail=detail, cure="pa trust")
    if contract is not None and not contract.checks:
        yield DoctorFinding(
            "checks",
            works=False,
            detail="no check was found, so nothing can prove a task",
            cure="name one: pa --check CMD, or write a table in agentproxy.toml",
            write='[checks.test]\ncommand = "CMD"',
        )
    if failed := state.lifecycle.failed:
        yield DoctorFinding(
            failed.effect.partition(":")[0], works=False, detail=failed.error, cure=failed.cure
        )


def is_ready(state: State) -> bool:
    """Whether every check ran at the base, and there is one."""
    contract = state.contract
    if state.lifecycle.failed or contract is None or not contract.checks:
        return False
    return all(_ran(check, state) for check in contract.checks)


def _ran(check: Check, state: State) -> bool:
    results = state.results_of(check.name, BASE)
    return bool(results) and results[-1].cannot_run is None


def _of_base(base: BaseRecorded) -> Iterator[DoctorFinding]:
    on = f" on {base.branch}" if base.branch else ", detached"
    dirty = f", with uncommitted changes: {named(base.uncommitted)}" if base.uncommitted else ""
    yield DoctorFinding("tree", works=True, detail=f"{base.head[:10]}{on}{dirty}")
    if base.left_out:
        yield DoctorFinding(
            "left out",
            works=False,
            detail=f"untracked files: {named(base.left_out)}",
            cure="git add them, or start the run with --include-untracked",
        )
    for note in base.notes:
        yield DoctorFinding("tree", works=True, detail=note)


def _of_environment(found: EnvironmentFound, state: State) -> Iterator[DoctorFinding]:
    folders = named(found.folders) or "none of the project's own: the tools on PATH"
    yield DoctorFinding("environment", works=True, detail=folders)
    for note in found.notes:
        yield DoctorFinding("environment", works=True, detail=note)
    built = state.built.get(BASE)
    if built is not None and built.failed:
        detail = f"{built.why}: the build failed: {built.failed}"
        yield DoctorFinding("environment", works=False, detail=detail, cure=built.cure)
    elif built is not None and built.folders:
        detail = f"{built.why}: built {named(tuple(built.folders))}"
        yield DoctorFinding("environment", works=True, detail=detail)
    if found.carried:
        yield DoctorFinding("carried", works=True, detail=named(found.carried))


def _of_check(check: Check, state: State) -> Iterator[DoctorFinding]:
    what, results = f"check {check.command}", state.results_of(check.name, BASE)
    if not results:
        yield DoctorFinding(what, works=False, detail="it was not run")
        return
    last = results[-1]
    why = last.cannot_run
    if why is not None:
        line = _LINES.get(why.kind, "")
        write = _table(check, line) if line else ""
        cure = cure_for(why.kind)
        yield DoctorFinding(
            what,
            works=False,
            detail=outcome(last),
            cure=f"{cure}; {TRUST}" if write and "agentproxy.toml" not in cure else cure,
            write=write,
        )
        return
    red = "" if last.passed else "it runs, and is red at the base: "
    yield DoctorFinding(what, works=True, detail=f"{red}{outcome(last)}")


def _table(check: Check, line: str) -> str:
    key = check.name if check.name.replace("-", "_").isidentifier() else json.dumps(check.name)
    rows = [f"[checks.{key}]", f"command = {json.dumps(check.command)}"]
    if check.directory != ".":
        rows.append(f"directory = {json.dumps(check.directory)}")
    return "\n".join([*rows, line])
