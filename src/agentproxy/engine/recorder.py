"""The only writer of a run: appends to the journal, folds into the state, wakes the loop."""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from contextvars import Context, ContextVar, copy_context
from dataclasses import dataclass
from functools import partial
from typing import Generic, TypeVar

from agentproxy.engine.bell import Bell
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


class _Turn(Generic[S]):
    """What a caller wants to be recorded, and the wait for it.

    It is no task: a conversation records some ten times in each turn.
    """

    __slots__ = ("_error", "_is_over", "_waiter", "choose", "context", "scope", "taken")

    def __init__(
        self, choose: Callable[[S], Sequence[Fact]], scope: Scope, taken: Sequence[CommandId]
    ) -> None:
        self.choose = choose
        self.scope = scope
        self.taken = taken
        self.context: Context = copy_context()
        self._is_over = False
        self._error: BaseException | None = None
        self._waiter: asyncio.Future[None] | None = None

    def end(self, error: BaseException | None = None) -> None:
        self._is_over, self._error = True, error
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)

    async def over(self) -> None:
        """Waits for the end, also when the caller is cancelled. Then raises what went wrong."""
        cancelled: asyncio.CancelledError | None = None
        while not self._is_over:
            self._waiter = asyncio.get_running_loop().create_future()
            try:
                await self._waiter
            except asyncio.CancelledError as error:
                cancelled = error
        if cancelled is not None:
            raise cancelled from self._error
        if self._error is not None:
            raise self._error


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
        self._turns: deque[_Turn[S]] = deque()
        self._writes = False
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
        turn = _Turn(choose, as_whom, taken)
        self._turns.append(turn)
        self._go_on()
        # A cancelled caller must not separate the journal from the state. It is not told of a
        # failure; the next record meets it again.
        await turn.over()

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

    def _go_on(self) -> None:
        while self._turns and not self._writes:
            turn = self._turns.popleft()
            turn.context.run(self._begin, turn)

    def _begin(self, turn: _Turn[S]) -> None:
        scope = turn.scope
        try:
            drafts = [Draft(scope.actor, fact, scope.effect) for fact in turn.choose(self.state)]
            # A command that changes nothing still has to leave the inbox.
            if not drafts and not turn.taken:
                turn.end()
                return
            writing = asyncio.ensure_future(self._append(drafts, turn.taken))
        except BaseException as error:  # noqa: BLE001 - the caller meets it
            turn.end(error)
            return
        self._writes = True
        writing.add_done_callback(partial(self._written, turn), context=turn.context)

    def _written(self, turn: _Turn[S], writing: "asyncio.Future[Sequence[Event]]") -> None:
        self._writes = False
        try:
            self._fold(writing.result())
        except BaseException as error:  # noqa: BLE001 - the caller meets it
            turn.end(error)
        else:
            turn.end()
        # After its caller, which may be an effect that ends with this: it need not be cancelled.
        self.changed.set()
        self._go_on()

    def _fold(self, events: Sequence[Event]) -> None:
        for event in events:
            self._reduce(self.state, event)
        for event in events:
            for observe in self._observers:
                observe(event)
        for condition, waiting in self._waiting:
            if not waiting.done() and condition(self.state):
                waiting.set_result(None)
