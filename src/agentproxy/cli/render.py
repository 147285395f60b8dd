"""Events in a person's words: one place, so that every screen says the same."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Literal, TypeVar, cast

from agentproxy.events.agent import ModelAnswered, ToolFinished, ToolStarted
from agentproxy.events.check import CheckFinished, CheckResult, CheckStarted
from agentproxy.events.contract import ContractAgreed
from agentproxy.events.cost import ModelSettled
from agentproxy.events.durations import format_duration
from agentproxy.events.envelope import Event, Fact
from agentproxy.events.git_facts import (
    BaseRecorded,
    ClaimRecorded,
    Delivered,
    EnvironmentBuilt,
    EnvironmentFound,
)
from agentproxy.events.plan import ContextsRead, OpinionGiven, PlanMade, WorkerSteered
from agentproxy.events.requests import (
    CommandIgnored,
    MessageReceived,
    RequestDecided,
    RequestMade,
    RequestReferred,
)
from agentproxy.events.run import (
    CeilingRaised,
    DecisionMade,
    EffectFailed,
    RunCreated,
    RunParked,
    SegmentStarted,
)
from agentproxy.events.verdict import CheckVerdict, RoundJudged
from agentproxy.events.work import NetworkRefused, WorkerEnded, WorkerStarted
from agentproxy.supervisor.packet import count_outcomes

Tone = Literal["plain", "quiet", "good", "bad", "unsure", "loud"]
SomeFact = TypeVar("SomeFact", bound=Fact)
MAX_SHOWN_PATHS = 8
MARK: dict[str, tuple[str, Tone]] = {
    "proven": ("✓", "good"),
    "kept": ("✓", "good"),
    "refuted": ("✗", "bad"),
    "unverified": ("?", "unsure"),
    "neutral": ("·", "quiet"),
}
TONE: dict[str, Tone] = {"verified": "good", "refuted": "bad", "unverified": "unsure"}
ROLE: dict[str, str] = {
    "acceptance": "proves the task",
    "regression": "is kept",
    "discovered": "is kept",
}
DECISION: dict[str, str] = {
    "again": "another round",
    "next_part": "the next part",
    "deliver": "deliver",
    "give_up": "stop here",
}


@dataclass(frozen=True, slots=True)
class RenderedLine:
    """One line for a person; `indent` counts steps to the right."""

    text: str
    tone: Tone = "plain"
    indent: int = 0


Teller = Callable[[Fact], Iterator[RenderedLine]]
TELLERS: dict[type[Fact], Teller] = {}


def renders(
    kind: type[SomeFact],
) -> Callable[[Callable[[SomeFact], Iterator[RenderedLine]]], Teller]:
    """Registers how a fact is told."""

    def register(function: Callable[[SomeFact], Iterator[RenderedLine]]) -> Teller:
        TELLERS[kind] = cast("Teller", function)
        return TELLERS[kind]

    return register


def render(event: Event) -> Iterator[RenderedLine]:
    """The lines of an event; none for what only machines need."""
    teller = TELLERS.get(type(event.fact))
    if teller is not None:
        yield from teller(event.fact)


def _named(names: tuple[str, ...]) -> str:
    more = f" and {len(names) - MAX_SHOWN_PATHS} more" if len(names) > MAX_SHOWN_PATHS else ""
    return ", ".join(names[:MAX_SHOWN_PATHS]) + more


@renders(RunCreated)
def _created(fact: RunCreated) -> Iterator[RenderedLine]:
    yield RenderedLine(fact.request.task, "loud")
    where = "" if fact.request.directory == "." else f", in {fact.request.directory}"
    yield RenderedLine(f"repository {fact.request.repository}{where}", "quiet", 1)
    model = f", model {fact.request.model}" if fact.request.model else ""
    yield RenderedLine(f"worker {fact.request.worker}{model}", "quiet", 1)
    if fact.request.judge:
        yield RenderedLine(f"the supervisor thinks with {fact.request.judge}", "quiet", 1)
    if fact.request.budget is not None:
        yield RenderedLine(f"models may cost ${fact.request.budget:g}", "quiet", 1)
    if fact.request.screenshots:
        yield RenderedLine(f"screenshots {_named(fact.request.screenshots)}", "quiet", 1)


@renders(SegmentStarted)
def _segment(fact: SegmentStarted) -> Iterator[RenderedLine]:
    if fact.segment > 1:
        yield RenderedLine("going on from the journal", "loud")
    tone: Tone = "bad" if "no isolation" in fact.sandbox.lower() else "quiet"
    yield RenderedLine(f"sandbox {fact.sandbox}", tone, 1)


@renders(BaseRecorded)
def _base(fact: BaseRecorded) -> Iterator[RenderedLine]:
    on = f" on {fact.branch}" if fact.branch else ", detached"
    yield RenderedLine(f"base {fact.head[:10]}{on}", "quiet", 1)
    if fact.uncommitted:
        count = len(fact.uncommitted)
        yield RenderedLine(f"with {count} uncommitted: {_named(fact.uncommitted)}", "unsure", 1)
    if fact.left_out:
        yield RenderedLine(f"without untracked: {_named(fact.left_out)}", "unsure", 1)
    for note in fact.notes:
        yield RenderedLine(note, "unsure", 1)


@renders(EnvironmentFound)
def _environment(fact: EnvironmentFound) -> Iterator[RenderedLine]:
    if fact.folders:
        yield RenderedLine(f"environments {_named(fact.folders)}", "quiet", 1)
    if fact.carried:
        yield RenderedLine(f"carried {_named(fact.carried)}", "quiet", 1)
    for note in fact.notes:
        yield RenderedLine(note, "quiet", 1)


@renders(EnvironmentBuilt)
def _built(fact: EnvironmentBuilt) -> Iterator[RenderedLine]:
    seconds = f"{fact.seconds:.1f} s"
    if fact.failed:
        yield RenderedLine(
            f"{fact.why}: none could be built: {fact.failed} ({seconds})", "unsure", 1
        )
        yield RenderedLine(fact.cure, "plain", 2)
        yield from (
            RenderedLine(line, "quiet", 2) for line in fact.output.splitlines()[-MAX_SHOWN_PATHS:]
        )
    elif fact.folders:
        where = _named(tuple(fact.folders))
        yield RenderedLine(f"{fact.why}: built {where} for {_on(fact.on)} ({seconds})", "quiet", 1)


@renders(ContextsRead)
def _contexts(fact: ContextsRead) -> Iterator[RenderedLine]:
    if fact.documents:
        tokens = sum(each.tokens for each in fact.documents)
        names = _named(tuple(each.path for each in fact.documents))
        yield RenderedLine(f"read {names} ({tokens:,} tokens)", "quiet", 1)
    for note in fact.notes:
        yield RenderedLine(note, "unsure", 1)


@renders(PlanMade)
def _planned(fact: PlanMade) -> Iterator[RenderedLine]:
    if len(fact.parts) > 1:
        yield RenderedLine(f"plan: {len(fact.parts)} parts", "loud")
        for part in fact.parts:
            yield RenderedLine(f"{part.id}: {part.task}", "plain", 1)
            yield from (RenderedLine(f"shown by {command}", "quiet", 2) for command in part.checks)
            yield from (
                RenderedLine(f"a judge looks: {text}", "quiet", 2) for text in part.criteria
            )
    for note in fact.notes:
        yield RenderedLine(note, "unsure", 1)


@renders(OpinionGiven)
def _opinion(fact: OpinionGiven) -> Iterator[RenderedLine]:
    tone: Tone = "good" if fact.says == "met" else "unsure"
    cites = f"; {fact.where}: {' '.join(fact.quote.split())[:120]}" if fact.quote else ""
    yield RenderedLine(
        f"the judge of {fact.criterion}: {fact.says.replace('_', ' ')}: {fact.reason}{cites}",
        tone,
        1,
    )


@renders(WorkerSteered)
def _steered(fact: WorkerSteered) -> Iterator[RenderedLine]:
    how = "heard" if fact.heard else "not heard"
    yield RenderedLine(f"the worker goes astray: {fact.reason}", "unsure", 1)
    yield RenderedLine(f"it is told ({how}): {fact.text}", "plain", 2)


@renders(ContractAgreed)
def _contract(fact: ContractAgreed) -> Iterator[RenderedLine]:
    yield RenderedLine("contract", "loud")
    for check in fact.contract.checks:
        role = ROLE[check.role]
        yield RenderedLine(f"{check.command}  ({role}; {check.source})", "plain", 1)
    if not fact.contract.anything_named:
        text = "no check says when the task is done: name one with --check"
        yield RenderedLine(text, "unsure", 1)
    for note in fact.notes:
        yield RenderedLine(note, "unsure", 1)


@renders(CheckStarted)
def _check_started(fact: CheckStarted) -> Iterator[RenderedLine]:
    again = ", again" if fact.attempt > 1 else ""
    yield RenderedLine(f"… {fact.check} on {_on(fact.on)}{again}", "quiet", 1)


@renders(CheckFinished)
def _check_finished(fact: CheckFinished) -> Iterator[RenderedLine]:
    mark = "✓" if fact.result.passed else "✗"
    again = ", again" if fact.attempt > 1 else ""
    text = f"{mark} {fact.check} on {_on(fact.on)}{again}: {outcome(fact.result)}"
    yield RenderedLine(text, "plain", 1)


def _on(name: str) -> str:
    return "the base" if name == "base" else f"claim {name.removeprefix('claim:')}"


def outcome(result: CheckResult) -> str:
    """What a check came to, in a few words and seconds."""
    seconds = f"{result.seconds:.1f} s"
    if result.cannot_run:
        return f"cannot run: {result.cannot_run} ({seconds})"
    if not result.by_test:
        return f"exit {result.exit_code} ({seconds})"
    return f"{count_outcomes(result)} ({seconds})"


@renders(WorkerStarted)
def _work_started(fact: WorkerStarted) -> Iterator[RenderedLine]:
    again = ", again after it was cut off" if fact.again else ""
    yield RenderedLine(f"round {fact.round}: the worker works{again}", "loud")
    for grant in fact.grants:
        yield RenderedLine(f"granted: {grant}", "unsure", 1)


@renders(ModelAnswered)
def _answered(fact: ModelAnswered) -> Iterator[RenderedLine]:
    for line in fact.message.text.strip().splitlines()[:MAX_SHOWN_PATHS]:
        yield RenderedLine(line, "plain", 1)


@renders(ModelSettled)
def _settled(fact: ModelSettled) -> Iterator[RenderedLine]:
    used = f"{fact.usage.input:,} tokens in, {fact.usage.output:,} out"
    if fact.error:
        yield RenderedLine(f"{fact.model} did not answer: {fact.error}", "unsure", 1)
    elif fact.purpose != "work":
        yield RenderedLine(
            f"{fact.model} was asked to {fact.purpose}: {money(fact)} ({used})", "quiet", 1
        )
    else:
        yield RenderedLine(f"{money(fact)} {fact.model} ({used})", "quiet", 1)


def money(fact: ModelSettled) -> str:
    """What an answer cost, as far as anybody knows."""
    return f"${fact.usd:.4f}" if fact.priced else "at an unknown price:"


@renders(ToolStarted)
def _tool(fact: ToolStarted) -> Iterator[RenderedLine]:
    given = next((str(value) for value in fact.arguments.values()), "")
    yield RenderedLine(f"→ {fact.tool} {given.partition(chr(10))[0][:120]}".rstrip(), "quiet", 1)


@renders(ToolFinished)
def _tool_ended(fact: ToolFinished) -> Iterator[RenderedLine]:
    if fact.failed:
        yield RenderedLine(fact.text.partition("\n")[0][:200], "unsure", 2)


@renders(WorkerEnded)
def _work_ended(fact: WorkerEnded) -> Iterator[RenderedLine]:
    yield RenderedLine(f"the worker stopped: {fact.reason} ({fact.seconds:.1f} s)", "plain", 1)
    said = [line for line in fact.output.splitlines() if line.strip()]
    for line in () if fact.claims else said[-MAX_SHOWN_PATHS:]:
        yield RenderedLine(line, "quiet", 2)


@renders(NetworkRefused)
def _refused(fact: NetworkRefused) -> Iterator[RenderedLine]:
    yield RenderedLine(f"network refused: {fact.host} {fact.reason}", "unsure", 1)


@renders(RequestMade)
def _request(fact: RequestMade) -> Iterator[RenderedLine]:
    if fact.request.told:
        return
    what = "asks leave" if fact.request.kind == "permission" else "asks"
    tone: Tone = "quiet" if fact.request.kind == "permission" else "plain"
    yield RenderedLine(f"the worker {what} ({fact.request.id}): {fact.request.text}", tone, 1)


@renders(RequestReferred)
def _referred(fact: RequestReferred) -> Iterator[RenderedLine]:
    yield RenderedLine(f"a human has to decide {fact.request}: {fact.reason}", "unsure", 1)


@renders(RequestDecided)
def _decided(fact: RequestDecided) -> Iterator[RenderedLine]:
    decision = fact.decision
    if decision.allowed and decision.by == "policy":
        return
    word = "yes" if decision.allowed else "no"
    text = f": {decision.text}" if decision.text else ""
    text += f" ({decision.source})" if decision.source else ""
    yield RenderedLine(f"{decision.request}: {word}, by {decision.by}{text}", "plain", 1)


@renders(MessageReceived)
def _message(fact: MessageReceived) -> Iterator[RenderedLine]:
    how = "heard" if fact.heard else "kept for its next brief"
    yield RenderedLine(f"told the worker ({how}): {fact.text}", "plain", 1)


@renders(CommandIgnored)
def _ignored(fact: CommandIgnored) -> Iterator[RenderedLine]:
    yield RenderedLine(f"{fact.command} was not followed: {fact.reason}", "unsure", 1)


@renders(ClaimRecorded)
def _claim(fact: ClaimRecorded) -> Iterator[RenderedLine]:
    added = sum(change.added for change in fact.changes)
    removed = sum(change.removed for change in fact.changes)
    names = _named(tuple(change.path for change in fact.changes)) or "nothing changed"
    yield RenderedLine(f"claim {fact.round}: {names} (+{added} -{removed})", "loud")
    for finding in fact.findings:
        yield RenderedLine(finding, "unsure", 1)


@renders(RoundJudged)
def _judged(fact: RoundJudged) -> Iterator[RenderedLine]:
    for check in fact.checks:
        yield from _check_verdict(check)
    yield RenderedLine(f"round {fact.round}: {fact.verdict}", TONE[fact.verdict])


def _check_verdict(check: CheckVerdict) -> Iterator[RenderedLine]:
    mark, tone = MARK[check.finding]
    yield RenderedLine(f"{mark} {check.check}: {check.finding}: {check.reason}", tone, 1)
    for place in check.places[:MAX_SHOWN_PATHS]:
        said = place.message.partition("\n")[0]
        if text := ": ".join(part for part in (place.where or place.test, said) if part):
            yield RenderedLine(text, tone, 2)


@renders(DecisionMade)
def _decision(fact: DecisionMade) -> Iterator[RenderedLine]:
    yield RenderedLine(f"{DECISION[fact.decision]}: {fact.reason}", "quiet", 1)


@renders(Delivered)
def _delivered(fact: Delivered) -> Iterator[RenderedLine]:
    if fact.branch:
        yield RenderedLine(f"branch {fact.branch}", "good", 1)
    if fact.patch:
        yield RenderedLine(f"patch {fact.patch}", "good", 1)
    for note in fact.notes:
        yield RenderedLine(note, "unsure", 1)


@renders(CeilingRaised)
def _ceiling(fact: CeilingRaised) -> Iterator[RenderedLine]:
    if fact.max_time is not None:
        yield RenderedLine(
            f"the worker may work {format_duration(fact.max_time)} in all", "plain", 1
        )
    if fact.budget is not None:
        yield RenderedLine(f"models may cost ${fact.budget:g} in all", "plain", 1)


@renders(EffectFailed)
def _failed(fact: EffectFailed) -> Iterator[RenderedLine]:
    yield RenderedLine(f"{fact.effect} failed: {fact.error}", "bad", 1)
    if fact.cure:
        yield RenderedLine(fact.cure, "plain", 2)


@renders(RunParked)
def _parked(fact: RunParked) -> Iterator[RenderedLine]:
    yield RenderedLine(f"parked: {fact.reason}", "unsure")
