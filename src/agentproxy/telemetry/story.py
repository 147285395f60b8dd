"""Folds the events of a run into spans: tasks, loops and effects, each below its cause. Pure.

A task is a supervised run, or one turn of a conversation. Each process that works on it gives one
span `pa.run_task`: the first is the root of the trace, and the others are below it. Ids follow from
run, segment and effect, so spans that are told twice are the same spans.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Literal, TypeVar, cast

from agentproxy.events.envelope import Event, Fact, RunId
from agentproxy.events.run import EffectFailed
from agentproxy.telemetry.results import (
    CHILD,
    WORK,
    function_of,
    is_result,
    of_effect,
    outer_and_own,
)
from agentproxy.telemetry.spans import Attributes, Span, SpanPlace, span_of, trace_of

F = TypeVar("F", bound=Fact)
Hear = Callable[["Story", Event, F], None]
# Before the span of the fact's effect begins, while it is open, and after it has ended.
When = Literal["before", "within", "after"]
HEARS: dict[tuple[When, type[Fact]], Hear[Fact]] = {}


def hears(*kinds: type[F], when: When = "within") -> Callable[[Hear[F]], Hear[F]]:
    """Register what a fact does to the spans of its run."""

    def register(function: Hear[F]) -> Hear[F]:
        for kind in kinds:
            HEARS[when, kind] = cast("Hear[Fact]", function)
        return function

    return register


@dataclass
class Story:
    """What is under way in a run, and which spans have ended."""

    run: RunId
    content: bool = False  # texts of tasks, answers and tools are told too
    outer: SpanPlace | None = None  # the span below which a child of a conversation works
    face: str = ""
    segment: int = 0
    turn: str = ""  # the message of the present or last turn of a conversation
    began: float = 0.0  # when the task began
    told: Attributes = field(default_factory=Attributes)  # what all spans of a task say
    stretch: Span | None = None
    first: SpanPlace | None = None  # of the task
    loop: Span | None = None
    loops: int = 0
    decided: bool = False  # nothing but delivery follows
    effects: dict[str, Span] = field(default_factory=dict[str, Span])
    # Calls of models and tools, and requests: each below an effect.
    within: dict[tuple[str, str], Span] = field(default_factory=dict[tuple[str, str], Span])
    over: set[str] = field(default_factory=set[str])  # effects of this segment that have ended
    here: SpanPlace | None = None  # where the newest event belongs
    last: float = 0.0  # the time of the newest event
    _ended: list[Span] = field(default_factory=list[Span])

    def hear(self, event: Event) -> list[Span]:
        """Returns the spans that ended with this event."""
        if event.cause.startswith(CHILD):
            return []  # the child's own story tells it
        self._told("before", event)
        self._begin_effect(event)
        self.here = self.below(event.cause)
        self._told("within", event)
        if isinstance(event.fact, EffectFailed):
            self._end_effect(event.fact.effect, event.time, error=event.fact.fault)
        elif is_result(event):
            self._end_effect(event.cause, event.time)
        self._told("after", event)
        self.last = event.time
        ended, self._ended = self._ended, []
        return ended

    def _told(self, when: When, event: Event) -> None:
        hear = HEARS.get((when, type(event.fact)))
        if hear is not None:
            hear(self, event, event.fact)

    @property
    def trace(self) -> int:
        return self.outer.trace if self.outer else trace_of(self.run, self.turn)

    def place(self, *names: object) -> SpanPlace:
        return SpanPlace(self.trace, span_of(self.run, self.turn, self.segment, *names))

    def begin_stretch(self, start: float) -> None:
        """Begins the work of this process on the task."""
        place = self.place("task")
        self.stretch = Span(
            "pa.run_task",
            place,
            self.first or self.outer,
            start,
            {**self.told, "agentproxy.segment": self.segment},
        )
        self.first = self.first or place

    def end_stretch(self, end: float, *, cut_off: bool = False) -> None:
        """Ends everything that is under way."""
        under_way = [*self.within.values(), *self.effects.values()]
        for span in [*under_way, *([self.loop] if self.loop else [])]:
            span.cut_off = True
            self.finish(span, end)
        self.within.clear()
        self.effects.clear()
        self.over.clear()
        self.loop = None
        if self.stretch is not None:
            self.stretch.cut_off = cut_off
            self.finish(self.stretch, end)
            self.stretch = None

    def finish(self, span: Span, end: float) -> None:
        span.end = max(end, span.start)
        self._ended.append(span)

    def below(self, effect: str) -> SpanPlace | None:
        """Returns the span below which something of an effect is done."""
        if effect in self.effects:
            return self.effects[effect].place
        if outer := outer_and_own(effect)[0]:
            return self.below(outer)
        around = self.loop or self.stretch
        return around.place if around else self.first or self.outer

    def _begin_effect(self, event: Event) -> None:
        # An effect begins with its first event.
        effect = event.cause
        if not of_effect(event) or effect in self.over or effect in self.effects:
            return
        self._begin_loop(event.time)
        function = function_of(effect)
        self.effects[effect] = Span(
            "claude.subprocess" if function == WORK else f"pa.function.{function}",
            self.place("effect", effect),
            self.below(outer_and_own(effect)[0]),
            event.time,
            {"agentproxy.effect": effect, "agentproxy.actor": event.actor},
        )

    def _end_effect(self, effect: str, end: float, *, error: str = "") -> None:
        if (span := self.effects.pop(effect, None)) is not None:
            span.error = error or span.error
            self.over.add(effect)
            self.finish(span, end)

    def end_within(self, key: tuple[str, str], end: float, *, error: str = "") -> None:
        if (span := self.within.pop(key, None)) is not None:
            span.error = error
            self.finish(span, end)

    def _begin_loop(self, start: float) -> None:
        if self.face != "supervised" or self.loop is not None or self.decided:
            return
        if self.stretch is not None:
            self.loop = Span(
                "pa.reasoning_loop",
                self.place("loop", self.loops + 1),
                self.stretch.place,
                start,
                {"agentproxy.loop": self.loops + 1},
            )

    def end_loop(self, end: float, *, decided: bool) -> None:
        self.loops += 1
        self.decided = decided
        if self.loop is not None:
            self.finish(self.loop, end)
            self.loop = None
