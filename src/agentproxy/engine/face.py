"""A face of the engine: a registry of folds, due effects and handlers. Pure.

A new ability is one module. It defines an effect and its facts, and registers them with the
decorators of its face: `fold` (how a fact changes the state), `due_at` (when the effect is due) and
`handles` (which function performs it).
"""

from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar, cast

from agentproxy.engine.context import Context
from agentproxy.engine.state import RunState
from agentproxy.events.effects import EffectStarted
from agentproxy.events.envelope import Event, Fact
from agentproxy.events.run import ParkedFor, RunParked
from agentproxy.text.with_cure import with_cure

EffectId = str
S = TypeVar("S", bound=RunState)
D = TypeVar("D")
E = TypeVar("E")
F = TypeVar("F", bound=Fact)
Due = Callable[[S], Mapping[EffectId, object]]
Handle = Callable[[E, Context[S, D]], Awaitable[Sequence[Fact]]]


@dataclass(frozen=True, slots=True)
class Park:
    """An effect: park the run."""

    why: ParkedFor
    reason: str


@dataclass(frozen=True, slots=True)
class Handler(Generic[S, D]):
    """The function that performs an effect, and how the engine starts it."""

    run: Handle[object, S, D]
    # Gives the fact to record before the effect; None records `EffectStarted`.
    started: Callable[[object], Fact] | None = None
    slot: str = ""  # the key in `Engine.slots` of the limit that the effect waits for
    alone: Callable[[object], bool] | None = None  # whether nothing else of its slot runs meanwhile
    actor: Callable[[object], str] | None = None
    instant: bool = False  # takes no time, or records its own start

    def first_fact(self, key: EffectId, effect: object) -> Fact | None:
        if self.instant:
            return None
        if self.started is not None:
            return self.started(effect)
        return EffectStarted(effect=key)


async def _park(effect: object, _context: Context[S, D]) -> Sequence[Fact]:
    parking = cast("Park", effect)
    return [RunParked(why=parking.why, reason=parking.reason)]


class Face(Generic[S, D]):
    """The registered parts of one face, with state `S` and parts `D` for its handlers."""

    def __init__(self, state: Callable[[], S], *, actor: str) -> None:
        self.new_state = state
        self.actor = actor
        self._bases: list[Face[Any, Any]] = []
        self._folds: dict[type[Fact], list[Callable[[S, Fact], None]]] = {}
        self._stages: dict[int, list[Due[S]]] = {}
        self._handlers: dict[type[object], Handler[S, D]] = {Park: Handler(_park, instant=True)}

    def fold(self, *kinds: type[F]) -> Callable[[Callable[[S, F], None]], Callable[[S, F], None]]:
        """Register how a fact changes the state. A fact may have several folds."""

        def register(function: Callable[[S, F], None]) -> Callable[[S, F], None]:
            for kind in kinds:
                self._folds.setdefault(kind, []).append(cast("Callable[[S, Fact], None]", function))
            return function

        return register

    def due_at(
        self, stage: int
    ) -> Callable[[Callable[[S], Mapping[EffectId, E]]], Callable[[S], Mapping[EffectId, E]]]:
        """Register the effects that are due at a stage."""

        def register(
            function: Callable[[S], Mapping[EffectId, E]],
        ) -> Callable[[S], Mapping[EffectId, E]]:
            self._stages.setdefault(stage, []).append(function)
            self._stages = dict(sorted(self._stages.items()))
            return function

        return register

    def handles(
        self,
        kind: type[E],
        *,
        started: Callable[[E], Fact] | None = None,
        slot: str = "",
        alone: Callable[[E], bool] | None = None,
        actor: Callable[[E], str] | None = None,
        instant: bool = False,
    ) -> Callable[[Handle[E, S, D]], Handle[E, S, D]]:
        """Register the function that performs an effect."""

        def register(function: Handle[E, S, D]) -> Handle[E, S, D]:
            self._handlers[kind] = Handler(
                cast("Handle[object, S, D]", function),
                started=cast("Callable[[object], Fact] | None", started),
                slot=slot,
                alone=cast("Callable[[object], bool] | None", alone),
                actor=cast("Callable[[object], str] | None", actor),
                instant=instant,
            )
            return function

        return register

    def include(self, base: "Face[Any, Any]") -> None:
        """Take over the folds and handlers of a face whose state and parts are bases of ours.

        Its folds come before our own. Its due effects are not taken over: this face says when they
        are due.
        """
        self._bases.append(base)

    def handler(self, effect: object) -> Handler[S, D]:
        found = self.find_handler(type(effect))
        if found is None:
            raise KeyError(f"nothing handles {type(effect).__name__}")
        return found

    def find_handler(self, kind: type[object]) -> Handler[S, D] | None:
        # Looked up late: the modules of a base register their handlers when they are imported.
        own = self._handlers.get(kind)
        bases = (base.find_handler(kind) for base in self._bases)
        return own or next((found for found in bases if found is not None), None)

    def reduce(self, state: S, event: Event) -> S:
        """Fold an event into the state, in place, and return the state."""
        state.fold(event)
        self.change(state, event.fact)
        return state

    def change(self, state: S, fact: Fact) -> None:
        """Apply the registered folds of a fact."""
        for base in self._bases:
            base.change(state, fact)
        for fold in self._folds.get(type(fact), ()):
            fold(state, fact)

    def replay(self, events: Iterable[Event]) -> S:
        state = self.new_state()
        for event in events:
            self.reduce(state, event)
        return state

    def due(self, state: S) -> Mapping[EffectId, object]:
        """Returns the effects that must be under way now; empty when the run is parked or over."""
        if state.lifecycle.rests:
            return {}
        if failed := state.lifecycle.failed:
            return {"park": Park(failed.fault, with_cure(failed.error, failed.cure))}
        # A run is at its first stage with a due effect. All effects of that stage run side by side.
        for rules in self._stages.values():
            found: dict[EffectId, object] = {}
            for rule in rules:
                found.update(rule(state))
            if found:
                return found
        return {}
