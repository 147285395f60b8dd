"""The only writer of a run: it appends to the journal, folds into the state, and wakes the loop."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Generic, TypeVar

from agentproxy.events.envelope import CommandId, Draft, Event, Fact

S = TypeVar("S")
Append = Callable[[Sequence[Draft], Sequence[CommandId]], Awaitable[Sequence[Event]]]


@dataclass(frozen=True, slots=True)
class Scope:
    """On whose account something is recorded: the effect that brings it about, and who acts."""

    effect: str = ""
    actor: str = ""


# An effect's tasks inherit it, so a model call deep below knows which effect it belongs to.
NO_SCOPE = Scope()
SCOPE: ContextVar[Scope] = ContextVar("scope", default=NO_SCOPE)


class Recorder(Generic[S]):
    """Appends and folds in one order. Nothing else changes the state.

    `observers` are called with each event after it was folded; they must not wait.
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
        self.changed = asyncio.Event()
        self._append = append
        self._reduce = reduce
        self._actor = actor
        self._observers = tuple(observers)
        self._lock = asyncio.Lock()
        self._waiting: list[tuple[Callable[[S], bool], asyncio.Future[None]]] = []

    async def record(self, *facts: Fact, actor: str = "", cause: str = "") -> None:
        """Store facts, all or none; they are on disk and in the state when it returns.

        A cancelled caller does not tear the two apart. Without `actor` and `cause` they are those
        of the effect that is under way.
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
        """Store the facts that `choose` gives for the state as it is when their turn has come.

        The commands in `taken` leave the inbox with them.
        """
        scope = SCOPE.get()
        as_whom = Scope(cause or scope.effect, actor or scope.actor or self._actor)
        recording = asyncio.ensure_future(self._record(choose, as_whom, taken))
        # A failure after the caller was cancelled has no reader; whoever records next meets it.
        recording.add_done_callback(_read_failure)
        await asyncio.shield(recording)

    async def until(self, condition: Callable[[S], bool]) -> None:
        """Return when the condition holds in the state."""
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


def _read_failure(recording: "asyncio.Future[None]") -> None:
    if not recording.cancelled():
        recording.exception()
