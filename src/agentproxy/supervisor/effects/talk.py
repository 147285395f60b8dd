"""Talks to the worker at work: messages from people, answers, and redirections."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from agentproxy.engine.context import Context
from agentproxy.engine.requests import HoldForHuman, hold_for_human, holds_due
from agentproxy.events.agent import ToolFinished, ToolStarted
from agentproxy.events.envelope import Fact
from agentproxy.events.plan import WorkerSteered
from agentproxy.events.requests import (
    Decision,
    MessageDelivered,
    Request,
    RequestDecided,
    RequestReferred,
)
from agentproxy.events.work import WorkerStarted
from agentproxy.supervisor.face import SUPERVISED
from agentproxy.supervisor.loop_detection import LoopDetector
from agentproxy.supervisor.parts import Parts
from agentproxy.supervisor.stages import Stage
from agentproxy.supervisor.state import State

MAX_REDIRECTS = 3  # in one attempt


@dataclass(frozen=True, slots=True)
class DeliverMessage:
    message: str


@dataclass(frozen=True, slots=True)
class AnswerQuestion:
    """Answer a worker's question from the project's documents, or refer it to a human."""

    request: str


@dataclass(frozen=True, slots=True)
class Steer:
    """Redirect a worker that makes no progress."""

    number: int  # counts within the attempt
    reason: str


@SUPERVISED.fold(WorkerStarted)
def fold_attempt(state: State, _fact: WorkerStarted) -> None:
    # Calls of an earlier attempt say nothing about this one.
    state.loop_detector, state.astray = LoopDetector(), ""


@SUPERVISED.fold(ToolStarted, ToolFinished)
def fold_call(state: State, fact: Fact) -> None:
    if state.loop_detector.told < MAX_REDIRECTS:
        state.astray = state.loop_detector.drift(fact) or state.astray


@SUPERVISED.fold(WorkerSteered)
def fold_steered(state: State, _fact: WorkerSteered) -> None:
    state.astray = ""


@SUPERVISED.due_at(Stage.WORK)
def messages_due(state: State) -> Mapping[str, DeliverMessage]:
    # The brief carries the others.
    return {f"tell:{key}": DeliverMessage(key) for key in state.dialogue.to_deliver()}


@SUPERVISED.due_at(Stage.WORK)
def answers_due(state: State) -> Mapping[str, AnswerQuestion]:
    dialogue = state.dialogue
    if not dialogue.at_work:
        return {}
    # No policy rule decided these, and no human has been asked yet.
    return {
        f"answer:{request.id}": AnswerQuestion(request.id)
        for request in dialogue.open_requests()
        if request.kind == "question" and request.id not in dialogue.referred
    }


@SUPERVISED.due_at(Stage.WORK)
def holds_at_work(state: State) -> Mapping[str, HoldForHuman]:
    return holds_due(state)


@SUPERVISED.due_at(Stage.WORK)
def steering_due(state: State) -> Mapping[str, Steer]:
    if not (state.astray and state.dialogue.at_work):
        return {}
    number = state.loop_detector.told
    return {f"steer:{state.round}:{number}": Steer(number, state.astray)}


@SUPERVISED.handles(DeliverMessage)
async def deliver_message(effect: DeliverMessage, context: Context[State, Parts]) -> Sequence[Fact]:
    text = context.state.dialogue.messages[effect.message]
    # Our own agent records the message under this key, so a restart does not repeat it.
    heard = await context.parts.worker.message(text, key=effect.message)
    return [MessageDelivered(message=effect.message, heard=heard)]


@SUPERVISED.handles(AnswerQuestion)
async def answer_question(effect: AnswerQuestion, context: Context[State, Parts]) -> Sequence[Fact]:
    request: Request = context.state.dialogue.requests[effect.request]
    found = await context.parts.model.answer(request)
    if not found.text:
        return [RequestReferred(request=request.id, reason=found.why_not)]
    decision = Decision(
        request=request.id,
        allowed=True,
        by="context",
        text=found.text,
        source=found.source,
        confidence=found.confidence,
    )
    return [RequestDecided(decision=decision)]


# Instant: `RequestReferred` is its start. A decision or `RunParked` is its end.
@SUPERVISED.handles(HoldForHuman, instant=True)
async def hold(effect: HoldForHuman, context: Context[State, Parts]) -> Sequence[Fact]:
    request = context.state.dialogue.requests[effect.request]
    return await hold_for_human(request, seconds=context.parts.hold)


@SUPERVISED.handles(Steer)
async def steer(effect: Steer, context: Context[State, Parts]) -> Sequence[Fact]:
    state = context.state
    text = await context.parts.model.redirect(effect.reason, state.recent_calls())
    key = f"steer:{state.round}:{state.attempts[state.round]}:{effect.number}"
    heard = await context.parts.worker.message(text, key=key)
    return [WorkerSteered(round=state.round, reason=effect.reason, text=text, heard=heard)]
