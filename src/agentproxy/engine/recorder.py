"""The only writer of a run: appends to the journal, folds into the state, wakes the loop."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Generic, TypeVar

from agentproxy.engine.bell import Bell
from agentproxy.engine.cancellation import finish_though_cancelled
from agentproxy.events.envelope import CommandId, Draft, Event, Fact

S = TypeVar("S")
Append = Callable[[Sequence[Draft], Sequence[CommandId]], Awaitable[Sequence[Event]]]


@dataclass(frozen=True, slots=True)
class Scope:
    """The id of the effect that causes a fact, and who acts."""

    effect: str = ""
    actor: str = ""


# A context variable: the tasks of an effect inherit it. So a model call deep below is recorded with
# its effect, without a parameter through every layer.
NO_SCOPE = Scope()
SCOPE: ContextVar[Scope] = ContextVar("scope", default=NO_SCOPE)


class Recorder(Generic[S]):
    """Appends and folds in one order. Nothing else changes the state.

    `observers` are called with each event after it is folded; they must not wait.
    """

    def __init__(
        self,
        state: S,
        append: Append,
        *,
        reduce: Callable[[S, Event], object],
        actor: str = "supervisor",
        observers: Sequence[Callable[[Event], None]] = (),
    ) -> None:
        self.state = state
        self.changed = Bell()
        self._append = append
        self._reduce = reduce
        self._actor = actor
        self._observers = tuple(observers)
        self._lock = asyncio.Lock()
        self._waiting: list[tuple[Callable[[S], bool], asyncio.Future[None]]] = []

    async def record(self, *facts: Fact, actor: str = "", cause: str = "") -> None:
        """Store all facts or none; they are on disk and in the state when this returns.

        `actor` and `cause` default to those of the current effect.
        """
        await self.decide(lambda _: facts, actor=actor, cause=cause)

    async def decide(
        self,
        choose: Callable[[S], Sequence[Fact]],
        *,
        actor: str = "",
        cause: str = "",
        taken: Sequence[CommandId] = (),
    ) -> None:
        """Store the facts that `choose` returns for the state at their turn.

        The commands in `taken` leave the inbox in the same transaction.
        """
        scope = SCOPE.get()
        as_whom = Scope(cause or scope.effect, actor or scope.actor or self._actor)
        # A cancelled caller must not separate the journal from the state. It is not told of a
        # failure; the next record meets it again.
        await finish_though_cancelled(self._record(choose, as_whom, taken))

    async def until(self, condition: Callable[[S], bool]) -> None:
        """Wait until the condition holds in the state."""
        if condition(self.state):
            return
        waiting: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        entry = (condition, waiting)
        self._waiting.append(entry)
        try:
            await waiting
        finally:
            self._waiting.remove(entry)

    async def _record(
        self, choose: Callable[[S], Sequence[Fact]], scope: Scope, taken: Sequence[CommandId]
    ) -> None:
        async with self._lock:
            drafts = [Draft(scope.actor, fact, scope.effect) for fact in choose(self.state)]
            # A command that changes nothing still has to leave the inbox.
            if not drafts and not taken:
                return
            events = await self._append(drafts, taken)
            for event in events:
                self._reduce(self.state, event)
            self.changed.set()
        for event in events:
            for observe in self._observers:
                observe(event)
        for condition, waiting in self._waiting:
            if not waiting.done() and condition(self.state):
                waiting.set_result(None)
