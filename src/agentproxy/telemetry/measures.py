"""What of a run is counted and timed, from its events and its spans. Pure."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Literal

from agentproxy.events.chat import UserTurnEnded, UserTurnStarted
from agentproxy.events.check import CheckFinished
from agentproxy.events.contract import ContractAgreed
from agentproxy.events.cost import ModelSettled
from agentproxy.events.envelope import Event, Fact
from agentproxy.events.git_facts import ClaimRecorded
from agentproxy.events.requests import RequestDecided, RequestReferred
from agentproxy.events.run import DecisionMade, RunCreated, RunEnded, SegmentStarted
from agentproxy.events.verdict import RoundJudged
from agentproxy.events.work import WorkerStarted
from agentproxy.telemetry.genai import provider_of
from agentproxy.telemetry.hearing import kind_of, result_of, status_of
from agentproxy.telemetry.results import CHILD
from agentproxy.telemetry.spans import Attributes, Span

Kind = Literal["counter", "histogram"]


@dataclass(frozen=True, slots=True)
class Instrument:
    """What is counted or timed under a name."""

    kind: Kind
    unit: str
    text: str


# `agentproxy.sessions.active` is observed, so it is not among them.
INSTRUMENTS: dict[str, Instrument] = {
    "agentproxy.tasks.started": Instrument("counter", "{task}", "Tasks that began"),
    "agentproxy.tasks.completed": Instrument("counter", "{task}", "Tasks that ended"),
    "agentproxy.task.duration": Instrument("histogram", "s", "From the order to the end"),
    "agentproxy.pa.decisions": Instrument("counter", "{decision}", "Decisions of the supervisor"),
    "agentproxy.pa.reasoning.duration": Instrument("histogram", "s", "Loops of the supervisor"),
    "agentproxy.gemini.api.duration": Instrument("histogram", "s", "Calls of its model"),
    "agentproxy.claude.iterations": Instrument("counter", "{iteration}", "Starts of an agent"),
    "agentproxy.verifications": Instrument("counter", "{verification}", "Checks that have run"),
    "agentproxy.rounds": Instrument("counter", "{round}", "Claims that were judged"),
    "agentproxy.proof.duration": Instrument("histogram", "s", "From a claim to its verdict"),
    "agentproxy.model.cost": Instrument("counter", "{USD}", "US dollars paid for models"),
    "agentproxy.questions.referred": Instrument("counter", "{question}", "A person was asked"),
    "agentproxy.questions.closed": Instrument("counter", "{question}", "No person is asked now"),
    "gen_ai.client.token.usage": Instrument("histogram", "{token}", "Tokens of calls of models"),
    "gen_ai.client.operation.duration": Instrument("histogram", "s", "Calls of models"),
}


@dataclass(frozen=True, slots=True)
class Measure:
    """A value under the name of an instrument."""

    name: str
    value: float
    labels: Attributes


@dataclass
class Measures:
    """Knows of a run what its measures need."""

    face: str = ""
    created: float = 0.0
    turn_began: float = 0.0
    claimed: float = 0.0
    roles: dict[str, str] = field(default_factory=dict[str, str])
    waiting: set[str] = field(default_factory=set[str])  # requests that a person has to decide

    def of_event(self, event: Event) -> Sequence[Measure]:
        """Returns the measures of an event, after taking note of it."""
        found = [*self._of_tasks(event), *self._of_proof(event), *self._of_requests(event.fact)]
        return [*found, *([] if event.cause.startswith(CHILD) else _of_money(event.fact))]

    def of_spans(self, spans: Iterable[Span]) -> Sequence[Measure]:
        """Returns the measures of spans that ended."""
        return [measure for span in spans if not span.cut_off for measure in _of_span(span)]

    def _of_tasks(self, event: Event) -> Sequence[Measure]:
        face: Attributes = {"face": self.face}
        match event.fact:
            case RunCreated():
                self.face, self.created = event.fact.request.face, event.time
            case SegmentStarted() if self.face == "supervised" and event.fact.segment == 1:
                return [Measure("agentproxy.tasks.started", 1, face)]
            case UserTurnStarted():
                self.turn_began = event.time
                return [Measure("agentproxy.tasks.started", 1, face)]
            case RunEnded():
                return self._completed(status_of(event.fact), event.time - self.created)
            case UserTurnEnded():
                return self._completed(event.fact.ending, event.time - self.turn_began)
            case _:
                pass
        return ()

    def _completed(self, status: str, seconds: float) -> Sequence[Measure]:
        labels: Attributes = {"status": status, "face": self.face}
        return [
            Measure("agentproxy.tasks.completed", 1, labels),
            Measure("agentproxy.task.duration", seconds, labels),
        ]

    def _of_proof(self, event: Event) -> Sequence[Measure]:
        match event.fact:
            case ContractAgreed(contract=contract):
                self.roles = {check.name: check.role for check in contract.checks}
            case ClaimRecorded():
                self.claimed = event.time
            case CheckFinished() as fact:
                return [Measure("agentproxy.verifications", 1, self._of_check(fact))]
            case RoundJudged() as fact:
                verdict: Attributes = {"verdict": fact.verdict}
                return [
                    Measure("agentproxy.rounds", 1, {**verdict, "round": fact.round}),
                    Measure("agentproxy.proof.duration", event.time - self.claimed, verdict),
                ]
            case DecisionMade() as fact:
                return [Measure("agentproxy.pa.decisions", 1, {"decision_type": fact.decision})]
            case WorkerStarted() as fact:
                worker = kind_of(fact.worker)
                return [Measure("agentproxy.claude.iterations", 1, {"worker": worker})]
            case _:
                pass
        return ()

    def _of_check(self, fact: CheckFinished) -> Attributes:
        role = self.roles.get(fact.check, "unknown")
        return {"type": role, "result": result_of(fact), "tree": fact.on.kind}

    def _of_requests(self, fact: Fact) -> Sequence[Measure]:
        match fact:
            case RequestReferred():
                self.waiting.add(fact.request)
                return [Measure("agentproxy.questions.referred", 1, {})]
            case RequestDecided(decision=decision) if decision.request in self.waiting:
                self.waiting.discard(decision.request)
                return [Measure("agentproxy.questions.closed", 1, {"by": decision.by})]
            case RunEnded() if self.waiting:
                number = len(self.waiting)
                self.waiting.clear()
                return [Measure("agentproxy.questions.closed", number, {"by": "end"})]
            case _:
                return ()


def _of_money(fact: Fact) -> Sequence[Measure]:
    if not isinstance(fact, ModelSettled):
        return ()
    model: Attributes = {"gen_ai.request.model": fact.model}
    found: list[Measure] = []
    if fact.usd:
        labels: Attributes = {"model": fact.model, "purpose": fact.purpose}
        found.append(Measure("agentproxy.model.cost", fact.usd, labels))
    conventional: Attributes = {
        **model,
        "gen_ai.operation.name": "chat",
        "gen_ai.provider.name": provider_of(fact.model),
    }
    for kind, number in (("input", fact.usage.input), ("output", fact.usage.output)):
        if number:
            labels = {**conventional, "gen_ai.token.type": kind}
            found.append(Measure("gen_ai.client.token.usage", number, labels))
    return found


def _of_span(span: Span) -> Sequence[Measure]:
    seconds = (span.end or span.start) - span.start
    if span.name == "pa.reasoning_loop":
        return [Measure("agentproxy.pa.reasoning.duration", seconds, {})]
    if not span.is_client:
        return ()
    kept = ("gen_ai.operation.name", "gen_ai.provider.name", "gen_ai.request.model")
    labels = {name: span.attributes[name] for name in kept}
    if span.error:
        labels["error.type"] = span.error
    found = [Measure("gen_ai.client.operation.duration", seconds, labels)]
    if span.name == "gemini.api.call":
        model = str(span.attributes["gen_ai.request.model"])
        said: Attributes = {"model": model, "provider": provider_of(model)}
        found.append(Measure("agentproxy.gemini.api.duration", seconds, said))
    return found
