"""Events in a person's words: one place, so that every screen says the same."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Literal, TypeVar, cast

from agentproxy.events.agent import ModelAnswered, ToolFinished, ToolStarted
from agentproxy.events.check import CheckFinished, CheckResult, CheckStarted
from agentproxy.events.contract import ContractAgreed
from agentproxy.events.cost import ModelSettled
from agentproxy.events.durations import written
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
from agentproxy.supervisor.packet import counted

Tone = Literal["plain", "quiet", "good", "bad", "unsure", "loud"]
SomeFact = TypeVar("SomeFact", bound=Fact)
SHOWN = 8
MARK: dict[str, tuple[str, Tone]] = {
    "proven": ("✓", "good"),
    "kept": ("✓", "good"),
    "refuted": ("✗", "bad"),
    "unverified": ("?", "unsure"),
    "neutral": ("·", "quiet"),
}
TONE: dict[str, Tone] = {"verified": "good", "refuted": "bad", "unverified": "unsure"}
ROLE: dict[str, str] = {"named": "proves the task", "keep": "is kept", "standing": "is kept"}
DECISION: dict[str, str] = {
    "again": "another round",
    "next part": "the next part",
    "deliver": "deliver",
    "give_up": "stop here",
}


@dataclass(frozen=True, slots=True)
class Words:
    """One line for a person; `indent` counts steps to the right."""

    text: str
    tone: Tone = "plain"
    indent: int = 0


Teller = Callable[[Fact], Iterator[Words]]
TELLERS: dict[type[Fact], Teller] = {}


def tells(kind: type[SomeFact]) -> Callable[[Callable[[SomeFact], Iterator[Words]]], Teller]:
    """Registers how a fact is told."""

    def register(function: Callable[[SomeFact], Iterator[Words]]) -> Teller:
        TELLERS[kind] = cast("Teller", function)
        return TELLERS[kind]

    return register


def tell(event: Event) -> Iterator[Words]:
    """The lines of an event; none for what only machines need."""
    teller = TELLERS.get(type(event.fact))
    if teller is not None:
        yield from teller(event.fact)


def _named(names: tuple[str, ...]) -> str:
    more = f" and {len(names) - SHOWN} more" if len(names) > SHOWN else ""
    return ", ".join(names[:SHOWN]) + more


@tells(RunCreated)
def _created(fact: RunCreated) -> Iterator[Words]:
    yield Words(fact.order.task, "loud")
    where = "" if fact.order.directory == "." else f", in {fact.order.directory}"
    yield Words(f"repository {fact.order.repository}{where}", "quiet", 1)
    model = f", model {fact.order.model}" if fact.order.model else ""
    yield Words(f"worker {fact.order.worker}{model}", "quiet", 1)
    if fact.order.judge:
        yield Words(f"the supervisor thinks with {fact.order.judge}", "quiet", 1)
    if fact.order.budget is not None:
        yield Words(f"models may cost ${fact.order.budget:g}", "quiet", 1)
    if fact.order.screenshots:
        yield Words(f"screenshots {_named(fact.order.screenshots)}", "quiet", 1)


@tells(SegmentStarted)
def _segment(fact: SegmentStarted) -> Iterator[Words]:
    if fact.segment > 1:
        yield Words("going on from the journal", "loud")
    tone: Tone = "bad" if "no isolation" in fact.sandbox.lower() else "quiet"
    yield Words(f"sandbox {fact.sandbox}", tone, 1)


@tells(BaseRecorded)
def _base(fact: BaseRecorded) -> Iterator[Words]:
    on = f" on {fact.branch}" if fact.branch else ", detached"
    yield Words(f"base {fact.head[:10]}{on}", "quiet", 1)
    if fact.uncommitted:
        count = len(fact.uncommitted)
        yield Words(f"with {count} uncommitted: {_named(fact.uncommitted)}", "unsure", 1)
    if fact.left_out:
        yield Words(f"without untracked: {_named(fact.left_out)}", "unsure", 1)
    for note in fact.notes:
        yield Words(note, "unsure", 1)


@tells(EnvironmentFound)
def _environment(fact: EnvironmentFound) -> Iterator[Words]:
    if fact.folders:
        yield Words(f"environments {_named(fact.folders)}", "quiet", 1)
    if fact.carried:
        yield Words(f"carried {_named(fact.carried)}", "quiet", 1)
    for note in fact.notes:
        yield Words(note, "quiet", 1)


@tells(EnvironmentBuilt)
def _built(fact: EnvironmentBuilt) -> Iterator[Words]:
    seconds = f"{fact.seconds:.1f} s"
    if fact.failed:
        yield Words(f"{fact.why}: none could be built: {fact.failed} ({seconds})", "unsure", 1)
        yield Words(fact.cure, "plain", 2)
        yield from (Words(line, "quiet", 2) for line in fact.output.splitlines()[-SHOWN:])
    elif fact.folders:
        where = _named(tuple(fact.folders))
        yield Words(f"{fact.why}: built {where} for {_on(fact.on)} ({seconds})", "quiet", 1)


@tells(ContextsRead)
def _contexts(fact: ContextsRead) -> Iterator[Words]:
    if fact.documents:
        tokens = sum(each.tokens for each in fact.documents)
        names = _named(tuple(each.path for each in fact.documents))
        yield Words(f"read {names} ({tokens:,} tokens)", "quiet", 1)
    for note in fact.notes:
        yield Words(note, "unsure", 1)


@tells(PlanMade)
def _planned(fact: PlanMade) -> Iterator[Words]:
    if len(fact.parts) > 1:
        yield Words(f"plan: {len(fact.parts)} parts", "loud")
        for part in fact.parts:
            yield Words(f"{part.id}: {part.task}", "plain", 1)
            yield from (Words(f"shown by {command}", "quiet", 2) for command in part.checks)
            yield from (Words(f"a judge looks: {text}", "quiet", 2) for text in part.criteria)
    for note in fact.notes:
        yield Words(note, "unsure", 1)


@tells(OpinionGiven)
def _opinion(fact: OpinionGiven) -> Iterator[Words]:
    tone: Tone = "good" if fact.says == "met" else "unsure"
    cites = f"; {fact.where}: {' '.join(fact.quote.split())[:120]}" if fact.quote else ""
    yield Words(f"the judge of {fact.criterion}: {fact.says}: {fact.reason}{cites}", tone, 1)


@tells(WorkerSteered)
def _steered(fact: WorkerSteered) -> Iterator[Words]:
    how = "heard" if fact.heard else "not heard"
    yield Words(f"the worker goes astray: {fact.reason}", "unsure", 1)
    yield Words(f"it is told ({how}): {fact.text}", "plain", 2)


@tells(ContractAgreed)
def _contract(fact: ContractAgreed) -> Iterator[Words]:
    yield Words("contract", "loud")
    for check in fact.contract.checks:
        role = ROLE[check.role]
        yield Words(f"{check.command}  ({role}; {check.source})", "plain", 1)
    if not fact.contract.anything_named:
        text = "no check says when the task is done: name one with --check"
        yield Words(text, "unsure", 1)
    for note in fact.notes:
        yield Words(note, "unsure", 1)


@tells(CheckStarted)
def _check_started(fact: CheckStarted) -> Iterator[Words]:
    again = ", again" if fact.attempt > 1 else ""
    yield Words(f"… {fact.check} on {_on(fact.on)}{again}", "quiet", 1)


@tells(CheckFinished)
def _check_finished(fact: CheckFinished) -> Iterator[Words]:
    mark = "✓" if fact.result.passed else "✗"
    again = ", again" if fact.attempt > 1 else ""
    text = f"{mark} {fact.check} on {_on(fact.on)}{again}: {outcome(fact.result)}"
    yield Words(text, "plain", 1)


def _on(name: str) -> str:
    return "the base" if name == "base" else f"claim {name.removeprefix('claim:')}"


def outcome(result: CheckResult) -> str:
    """What a check came to, in a few words and seconds."""
    seconds = f"{result.seconds:.1f} s"
    if result.cannot_run:
        return f"cannot run: {result.cannot_run} ({seconds})"
    if not result.by_test:
        return f"exit {result.exit_code} ({seconds})"
    return f"{counted(result)} ({seconds})"


@tells(WorkerStarted)
def _work_started(fact: WorkerStarted) -> Iterator[Words]:
    again = ", again after it was cut off" if fact.again else ""
    yield Words(f"round {fact.round}: the worker works{again}", "loud")
    for grant in fact.grants:
        yield Words(f"granted: {grant}", "unsure", 1)


@tells(ModelAnswered)
def _answered(fact: ModelAnswered) -> Iterator[Words]:
    for line in fact.message.text.strip().splitlines()[:SHOWN]:
        yield Words(line, "plain", 1)


@tells(ModelSettled)
def _settled(fact: ModelSettled) -> Iterator[Words]:
    used = f"{fact.usage.input:,} tokens in, {fact.usage.output:,} out"
    if fact.error:
        yield Words(f"{fact.model} did not answer: {fact.error}", "unsure", 1)
    elif fact.purpose != "work":
        yield Words(f"{fact.model} was asked to {fact.purpose}: {money(fact)} ({used})", "quiet", 1)
    else:
        yield Words(f"{money(fact)} {fact.model} ({used})", "quiet", 1)


def money(fact: ModelSettled) -> str:
    """What an answer cost, as far as anybody knows."""
    return f"${fact.usd:.4f}" if fact.priced else "at an unknown price:"


@tells(ToolStarted)
def _tool(fact: ToolStarted) -> Iterator[Words]:
    given = next((str(value) for value in fact.arguments.values()), "")
    yield Words(f"→ {fact.tool} {given.partition(chr(10))[0][:120]}".rstrip(), "quiet", 1)


@tells(ToolFinished)
def _tool_ended(fact: ToolFinished) -> Iterator[Words]:
    if fact.failed:
        yield Words(fact.text.partition("\n")[0][:200], "unsure", 2)


@tells(WorkerEnded)
def _work_ended(fact: WorkerEnded) -> Iterator[Words]:
    yield Words(f"the worker stopped: {fact.reason} ({fact.seconds:.1f} s)", "plain", 1)
    said = [line for line in fact.output.splitlines() if line.strip()]
    for line in () if fact.claims else said[-SHOWN:]:
        yield Words(line, "quiet", 2)


@tells(NetworkRefused)
def _refused(fact: NetworkRefused) -> Iterator[Words]:
    yield Words(f"network refused: {fact.host} {fact.reason}", "unsure", 1)


@tells(RequestMade)
def _request(fact: RequestMade) -> Iterator[Words]:
    if fact.request.told:
        return
    what = "asks leave" if fact.request.kind == "permission" else "asks"
    tone: Tone = "quiet" if fact.request.kind == "permission" else "plain"
    yield Words(f"the worker {what} ({fact.request.id}): {fact.request.text}", tone, 1)


@tells(RequestReferred)
def _referred(fact: RequestReferred) -> Iterator[Words]:
    yield Words(f"a human has to decide {fact.request}: {fact.reason}", "unsure", 1)


@tells(RequestDecided)
def _decided(fact: RequestDecided) -> Iterator[Words]:
    decision = fact.decision
    if decision.allowed and decision.by == "policy":
        return
    word = "yes" if decision.allowed else "no"
    text = f": {decision.text}" if decision.text else ""
    text += f" ({decision.source})" if decision.source else ""
    yield Words(f"{decision.request}: {word}, by {decision.by}{text}", "plain", 1)


@tells(MessageReceived)
def _message(fact: MessageReceived) -> Iterator[Words]:
    how = "heard" if fact.heard else "kept for its next brief"
    yield Words(f"told the worker ({how}): {fact.text}", "plain", 1)


@tells(CommandIgnored)
def _ignored(fact: CommandIgnored) -> Iterator[Words]:
    yield Words(f"{fact.command} was not followed: {fact.reason}", "unsure", 1)


@tells(ClaimRecorded)
def _claim(fact: ClaimRecorded) -> Iterator[Words]:
    added = sum(change.added for change in fact.changes)
    removed = sum(change.removed for change in fact.changes)
    names = _named(tuple(change.path for change in fact.changes)) or "nothing changed"
    yield Words(f"claim {fact.round}: {names} (+{added} -{removed})", "loud")
    for finding in fact.findings:
        yield Words(finding, "unsure", 1)


@tells(RoundJudged)
def _judged(fact: RoundJudged) -> Iterator[Words]:
    for check in fact.checks:
        yield from _check_verdict(check)
    yield Words(f"round {fact.round}: {fact.verdict}", TONE[fact.verdict])


def _check_verdict(check: CheckVerdict) -> Iterator[Words]:
    mark, tone = MARK[check.finding]
    yield Words(f"{mark} {check.check}: {check.finding}: {check.reason}", tone, 1)
    for place in check.places[:SHOWN]:
        said = place.message.partition("\n")[0]
        if text := ": ".join(part for part in (place.where or place.test, said) if part):
            yield Words(text, tone, 2)


@tells(DecisionMade)
def _decision(fact: DecisionMade) -> Iterator[Words]:
    yield Words(f"{DECISION[fact.decision]}: {fact.reason}", "quiet", 1)


@tells(Delivered)
def _delivered(fact: Delivered) -> Iterator[Words]:
    if fact.branch:
        yield Words(f"branch {fact.branch}", "good", 1)
    if fact.patch:
        yield Words(f"patch {fact.patch}", "good", 1)
    for note in fact.notes:
        yield Words(note, "unsure", 1)


@tells(CeilingRaised)
def _ceiling(fact: CeilingRaised) -> Iterator[Words]:
    if fact.max_time is not None:
        yield Words(f"the worker may work {written(fact.max_time)} in all", "plain", 1)
    if fact.budget is not None:
        yield Words(f"models may cost ${fact.budget:g} in all", "plain", 1)


@tells(EffectFailed)
def _failed(fact: EffectFailed) -> Iterator[Words]:
    yield Words(f"{fact.effect} failed: {fact.error}", "bad", 1)
    if fact.cure:
        yield Words(fact.cure, "plain", 2)


@tells(RunParked)
def _parked(fact: RunParked) -> Iterator[Words]:
    yield Words(f"parked: {fact.reason}", "unsure")
