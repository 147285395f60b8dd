"""Renders base, environments, contexts, plan and contract."""

from collections.abc import Iterator

from agentproxy.app.show.lines import MAX_SHOWN_PATHS, RenderedLine, named, renders
from agentproxy.events.contract import ContractAgreed
from agentproxy.events.git_facts import (
    BaseRecorded,
    EnvironmentBuildStarted,
    EnvironmentBuilt,
    EnvironmentFound,
    EnvironmentLost,
)
from agentproxy.events.plan import ContextsRead, PlanMade

ROLE: dict[str, str] = {
    "acceptance": "proves the task",
    "regression": "must not get worse",
    "discovered": "must not get worse",
}


@renders(BaseRecorded)
def _base(fact: BaseRecorded) -> Iterator[RenderedLine]:
    on = f" on {fact.branch}" if fact.branch else ", detached"
    yield RenderedLine(f"base {fact.head[:10]}{on}", "quiet", 1)
    if fact.uncommitted:
        count = len(fact.uncommitted)
        changes = "1 uncommitted change" if count == 1 else f"{count} uncommitted changes"
        yield RenderedLine(f"with {changes}: {named(fact.uncommitted)}", "unsure", 1)
    if fact.left_out:
        names = named(fact.left_out)
        text = f"without untracked files: {names} (--include-untracked takes them along)"
        yield RenderedLine(text, "unsure", 1)
    for note in fact.notes:
        yield RenderedLine(note, "unsure", 1)


@renders(EnvironmentFound)
def _environment(fact: EnvironmentFound) -> Iterator[RenderedLine]:
    where = f"environments {named(fact.folders)}" if fact.folders else "tools on PATH alone"
    yield RenderedLine(where, "quiet", 1)
    if fact.prepare:
        yield RenderedLine(f"before each check: {fact.prepare}", "quiet", 1)
    if fact.carried:
        yield RenderedLine(f"carried {named(fact.carried)}", "quiet", 1)
    for note in fact.notes:
        yield RenderedLine(note, "quiet", 1)


@renders(EnvironmentBuildStarted)
def _build_started(fact: EnvironmentBuildStarted) -> Iterator[RenderedLine]:
    yield RenderedLine(f"… environment for {fact.on}", "quiet", 1)


@renders(EnvironmentBuilt)
def _built(fact: EnvironmentBuilt) -> Iterator[RenderedLine]:
    seconds = f"{fact.seconds:.1f} s"
    if fact.failed:
        yield RenderedLine(f"{fact.why}: the build failed: {fact.failed} ({seconds})", "unsure", 1)
        yield RenderedLine(fact.cure, "plain", 2)
        yield from (
            RenderedLine(line, "quiet", 2) for line in fact.output.splitlines()[-MAX_SHOWN_PATHS:]
        )
    elif fact.folders:
        where = named(tuple(fact.folders))
        yield RenderedLine(f"{fact.why}: built {where} for {fact.on} ({seconds})", "quiet", 1)


@renders(EnvironmentLost)
def _lost(fact: EnvironmentLost) -> Iterator[RenderedLine]:
    text = f"the environment that was built for {fact.on} is missing; it is built again"
    yield RenderedLine(text, "unsure")


@renders(ContextsRead)
def _contexts(fact: ContextsRead) -> Iterator[RenderedLine]:
    if fact.documents:
        tokens = sum(each.tokens for each in fact.documents)
        names = named(tuple(each.path for each in fact.documents))
        yield RenderedLine(f"read {names} ({tokens:,} tokens)", "quiet", 1)
    for note in fact.notes:
        yield RenderedLine(note, "unsure", 1)


@renders(PlanMade)
def _planned(fact: PlanMade) -> Iterator[RenderedLine]:
    if len(fact.parts) > 1:
        yield RenderedLine(f"plan: {len(fact.parts)} parts", "loud")
        for part in fact.parts:
            yield RenderedLine(f"{part.id}: {part.task}", "plain", 1)
            yield from (RenderedLine(f"check: {command}", "quiet", 2) for command in part.checks)
            yield from (RenderedLine(f"for a judge: {text}", "quiet", 2) for text in part.criteria)
    for note in fact.notes:
        yield RenderedLine(note, "unsure", 1)


@renders(ContractAgreed)
def _contract(fact: ContractAgreed) -> Iterator[RenderedLine]:
    yield RenderedLine("contract", "loud")
    for check in fact.contract.checks:
        where = "" if check.directory == "." else f"; in {check.directory}"
        network = "; with the network of this machine" if check.network == "host" else ""
        about = f"{ROLE[check.role]}; {check.source}{where}{network}"
        yield RenderedLine(f"{check.command}  ({about})", "plain", 1)
    if fact.contract.checks:
        text = "each runs in a clean checkout, at the base and at the claim"
        yield RenderedLine(text, "quiet", 1)
    if not fact.contract.anything_named:
        text = "no --check is named: a fixed test, or a test of the claim, has to prove the task"
        yield RenderedLine(text, "unsure", 1)
    for note in fact.notes:
        yield RenderedLine(note, "unsure", 1)
