"""Decides workers' requests: by rule, by an earlier answer, from documents, or by a human."""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

from agentproxy.engine.recorder import Recorder
from agentproxy.engine.state import RunState
from agentproxy.events.envelope import Fact
from agentproxy.events.requests import (
    Decision,
    Request,
    RequestDecided,
    RequestMade,
    RequestReferred,
)
from agentproxy.events.run import RunParked

Rule = Callable[[Request], Decision | str]
S = TypeVar("S", bound=RunState)


@dataclass(frozen=True, slots=True)
class HoldForHuman:
    """An effect: wait for a human's decision, then park the run."""

    request: str


@dataclass(frozen=True, slots=True)
class Desk(Generic[S]):
    """Takes the requests of workers."""

    recorder: Recorder[S]
    rule: Rule  # decides by policy, or gives the reason why a human must decide
    # An effect of the face answers questions from documents, and refers the others to a human.
    answers_questions: bool = False

    async def ask(self, request: Request) -> Decision:
        """Wait for the decision on a request, without a limit. Its id is made unique in the run."""
        chosen: list[Request] = []

        def make(state: S) -> Sequence[Fact]:
            fresh = request.model_copy(update={"id": _unique(request.id, state)})
            chosen.append(fresh)
            return (RequestMade(request=fresh), *self._first_decision(fresh, state))

        await self.recorder.decide(make)
        key = chosen[0].id
        await self.recorder.until(lambda state: key in state.dialogue.decided)
        return self.recorder.state.dialogue.decided[key]

    def _first_decision(self, request: Request, state: RunState) -> Sequence[Fact]:
        ruled = self.rule(request)
        if isinstance(ruled, Decision):
            return (RequestDecided(decision=ruled),)
        if (earlier := _decided_before(request, state)) is not None:
            return (RequestDecided(decision=earlier),)
        if request.kind == "question" and self.answers_questions:
            return ()
        return (RequestReferred(request=request.id, reason=ruled),)


def holds_due(state: RunState) -> dict[str, HoldForHuman]:
    """Returns one effect for each open request that was referred to a human."""
    dialogue = state.dialogue
    # Nobody waits for the answer of a request whose worker has ended.
    if not dialogue.at_work:
        return {}
    return {
        f"hold:{request.id}": HoldForHuman(request.id)
        for request in dialogue.open_requests()
        if request.id in dialogue.referred
    }


async def hold_for_human(request: Request, *, seconds: float | None) -> Sequence[Fact]:
    """Park the run if nobody decides within `seconds`; None waits without a limit."""
    # The loop cancels this wait when there is a decision.
    if seconds is None:
        await asyncio.Event().wait()
    await asyncio.sleep(seconds or 0.0)
    text = f"{request.kind} {request.id}: {request.text}"
    return [RunParked(why="human", reason=f"a human has to decide {text}")]


def _unique(wanted: str, state: RunState) -> str:
    key, number = wanted, 1
    while key in state.dialogue.requests:
        number += 1
        key = f"{wanted}-{number}"
    return key


def _decided_before(request: Request, state: RunState) -> Decision | None:
    # A human is asked the same question only once, also across rounds.
    for key, earlier in state.dialogue.requests.items():
        decision = state.dialogue.decided.get(key)
        same = earlier.model_copy(update={"id": request.id}) == request
        if same and decision is not None and decision.by == "human":
            return decision.model_copy(update={"request": request.id})
    return None
