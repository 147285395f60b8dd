"""What the worker at work is told: messages of people, answers, and hints of the supervisor."""

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
    """Tell the worker at work what a person wrote."""

    message: str


@dataclass(frozen=True, slots=True)
class AnswerQuestion:
    """Answer a worker's question from the project's documents, or refer it to a human."""

    request: str


@dataclass(frozen=True, slots=True)
class Steer:
    """Tell a worker that goes in circles so. `number` counts within the attempt."""

    number: int
    reason: str


@SUPERVISED.fold(WorkerStarted)
def fold_attempt(state: State, _fact: WorkerStarted) -> None:
    """Every attempt is watched anew."""
    state.loop_detector, state.astray = LoopDetector(), ""


@SUPERVISED.fold(ToolStarted, ToolFinished)
def fold_call(state: State, fact: Fact) -> None:
    """Watch whether the worker goes in circles."""
    if state.loop_detector.told < MAX_REDIRECTS:
        state.astray = state.loop_detector.drift(fact) or state.astray


@SUPERVISED.fold(WorkerSteered)
def fold_steered(state: State, _fact: WorkerSteered) -> None:
    """It was told."""
    state.astray = ""


@SUPERVISED.due_at(Stage.WORK)
def messages_due(state: State) -> Mapping[str, DeliverMessage]:
    """What the brief does not carry is told to the worker at work."""
    return {f"tell:{key}": DeliverMessage(key) for key in state.dialogue.to_deliver()}


@SUPERVISED.due_at(Stage.WORK)
def answers_due(state: State) -> Mapping[str, AnswerQuestion]:
    """A question that no rule decided and no human was asked yet."""
    dialogue = state.dialogue
    if not dialogue.at_work:
        return {}
    return {
        f"answer:{request.id}": AnswerQuestion(request.id)
        for request in dialogue.open_requests()
        if request.kind == "question" and request.id not in dialogue.referred
    }


@SUPERVISED.due_at(Stage.WORK)
def holds_at_work(state: State) -> Mapping[str, HoldForHuman]:
    """A live worker is held for a while when a human has to decide."""
    return holds_due(state)


@SUPERVISED.due_at(Stage.WORK)
def steering_due(state: State) -> Mapping[str, Steer]:
    """Beside the work: the worker's time goes on for its own work only."""
    if not (state.astray and state.dialogue.at_work):
        return {}
    number = state.loop_detector.told
    return {f"steer:{state.round}:{number}": Steer(number, state.astray)}


@SUPERVISED.handles(DeliverMessage)
async def deliver_message(effect: DeliverMessage, context: Context[State, Parts]) -> Sequence[Fact]:
    """Our own agent records that it was told; of others we record whether they heard."""
    text = context.state.dialogue.messages[effect.message]
    heard = await context.parts.worker.message(text, key=effect.message)
    return [MessageDelivered(message=effect.message, heard=heard)]


@SUPERVISED.handles(AnswerQuestion)
async def answer_question(effect: AnswerQuestion, context: Context[State, Parts]) -> Sequence[Fact]:
    """With the passage that gives the answer."""
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


@SUPERVISED.handles(HoldForHuman, instant=True)
async def hold(effect: HoldForHuman, context: Context[State, Parts]) -> Sequence[Fact]:
    """`RequestReferred` is its start, a decision or `RunParked` its end."""
    request = context.state.dialogue.requests[effect.request]
    return await hold_for_human(request, seconds=context.parts.hold)


@SUPERVISED.handles(Steer)
async def steer(effect: Steer, context: Context[State, Parts]) -> Sequence[Fact]:
    """Tell it why it seems to go in circles, in the words of the supervisor's model."""
    state = context.state
    text = await context.parts.model.redirect(effect.reason, state.recent_calls())
    key = f"steer:{state.round}:{state.attempts[state.round]}:{effect.number}"
    heard = await context.parts.worker.message(text, key=key)
    return [WorkerSteered(round=state.round, reason=effect.reason, text=text, heard=heard)]
