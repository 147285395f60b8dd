"""The question desk: policy decides first, then what was decided before, then a human."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

from agentproxy.events.envelope import Fact
from agentproxy.events.requests import (
    Decision,
    Request,
    RequestDecided,
    RequestMade,
    RequestReferred,
)
from agentproxy.events.run import RunParked
from agentproxy.policy.decide import Allow, Policy, Refuse, decide
from agentproxy.supervisor.llm.answers import Answered
from agentproxy.supervisor.state import State

Record = Callable[[Fact], Awaitable[None]]


@dataclass
class Desk:
    """Answers the requests of workers. `hold` is how many seconds a live worker waits for a human
    before the run is parked; None waits as long as it takes (somebody sits at the terminal).
    """

    state: State
    policy: Policy
    record: Record
    hold: float | None
    answer: Callable[[Request], Awaitable[Answered]]
    answered: dict[str, asyncio.Event] = field(default_factory=dict[str, asyncio.Event])

    async def ask(self, request: Request) -> Decision:
        """Decide a request, however long a human takes. The id is made unique in the run."""
        request = request.model_copy(update={"id": self._fresh(request.id)})
        self.answered[request.id] = asyncio.Event()
        await self.record(RequestMade(round=self.state.round, request=request))
        decision = self._by_policy(request) or self._as_before(request)
        if decision is not None:
            await self.record(RequestDecided(decision=decision))
            return decision
        return await self._by_context(request)

    def settle(self, request: str) -> None:
        """A decision on the request has been recorded: whoever waits goes on."""
        if request in self.answered:
            self.answered[request].set()

    def _fresh(self, wanted: str) -> str:
        key, number = wanted, 1
        while key in self.state.requests:
            number += 1
            key = f"{wanted}-{number}"
        return key

    def _by_policy(self, request: Request) -> Decision | None:
        ruling = decide(request, self.policy)
        if isinstance(ruling, Allow):
            return Decision(request=request.id, allowed=True, by="policy")
        if isinstance(ruling, Refuse):
            return Decision(request=request.id, allowed=False, by="policy", text=ruling.reason)
        return None

    def _as_before(self, request: Request) -> Decision | None:
        """The same question is asked of a human only once."""
        for key, earlier in self.state.requests.items():
            same = earlier.model_copy(update={"id": request.id}) == request
            decision = self.state.decided.get(key)
            if same and decision is not None and decision.by == "human":
                return decision.model_copy(update={"request": request.id})
        return None

    async def _by_context(self, request: Request) -> Decision:
        """A question from the documents, where they answer it; leave is never given by a model."""
        if request.kind != "question":
            return await self._by_human(request)
        found = await self.answer(request)
        if request.id in self.state.decided:
            return self.state.decided[request.id]
        if not found.text:
            return await self._by_human(request, why_not=found.why_not)
        decision = Decision(
            request=request.id,
            allowed=True,
            by="context",
            text=found.text,
            source=found.source,
            confidence=found.confidence,
        )
        await self.record(RequestDecided(decision=decision))
        return decision

    async def _by_human(self, request: Request, *, why_not: str = "") -> Decision:
        waiting = self.answered[request.id]
        ruling = decide(request, self.policy)
        reason = why_not or ("" if isinstance(ruling, Allow) else ruling.reason)
        await self.record(RequestReferred(request=request.id, reason=reason))
        try:
            async with asyncio.timeout(self.hold):
                await waiting.wait()
        except TimeoutError:
            text = f"{request.kind} {request.id}: {request.text}"
            await self.record(RunParked(why="human", reason=f"a human has to decide {text}"))
            await asyncio.Event().wait()  # parked: the loop cancels the worker, and so this
        return self.state.decided[request.id]
