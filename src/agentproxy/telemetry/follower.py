"""Follows runs in a thread of its own, so that no run ever waits for telemetry."""

import queue
import threading
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field

from agentproxy.events.children import ChildStarted
from agentproxy.events.envelope import Event, RunId
from agentproxy.telemetry import hearing as hearing  # registers what facts mean
from agentproxy.telemetry.measures import Measures
from agentproxy.telemetry.passage import Passage
from agentproxy.telemetry.port import NOT_SENT, Outlet
from agentproxy.telemetry.sampling import is_sampled
from agentproxy.telemetry.spans import Span, SpanPlace, span_of, trace_of
from agentproxy.telemetry.story import Story
from agentproxy.workers.port import Joining, WorkPlace
from agentproxy.workspace.sandbox.port import Service

MAX_WAITING = 20_000  # events that nobody has looked at yet
CLOSING_SECONDS = 15.0  # a busy machine may still be importing the SDK
MAX_CHILDREN = 1000  # whose place is known


@dataclass(frozen=True, slots=True)
class _Begun:
    run: RunId
    past: Sequence[Event]


@dataclass(frozen=True, slots=True)
class _Rested:
    run: RunId


_Item = _Begun | Event | _Rested | None


@dataclass
class Followed:
    """One run that is worked on."""

    story: Story
    measures: Measures = field(default_factory=Measures)


@dataclass
class Reader:
    """Turns events into what is sent. Used by one thread."""

    outlet: Outlet
    content: bool
    runs: dict[RunId, Followed] = field(default_factory=dict[RunId, Followed])
    # The span below which a child of a conversation works.
    children: dict[RunId, SpanPlace] = field(default_factory=dict[RunId, SpanPlace])

    def begin(self, run: RunId, past: Sequence[Event]) -> None:
        story = Story(run, content=self.content, outer=self.children.get(run))
        followed = self.runs[run] = Followed(story)
        cut: list[Span] = []
        for event in past:
            before = story.segment
            spans = story.hear(event)
            # What an earlier process told is not told again, except of the segment in which it was
            # killed: nobody knows what of that had been sent.
            cut = spans if story.segment != before or story.stretch is None else [*cut, *spans]
            followed.measures.of_event(event)
            self._remember_child(story, event)
        if story.stretch is not None:
            self.outlet.spans(cut)
        self.outlet.active(len(self.runs))

    def note(self, event: Event) -> None:
        if (followed := self.runs.get(event.run)) is None:
            return
        spans = followed.story.hear(event)
        self._remember_child(followed.story, event)
        self.outlet.record(event, followed.story.here)
        self.outlet.spans(spans)
        for measure in followed.measures.of_event(event):
            self.outlet.measure(measure)
        for measure in followed.measures.of_spans(spans):
            self.outlet.measure(measure)

    def end(self, run: RunId) -> None:
        self.runs.pop(run, None)
        self.outlet.active(len(self.runs))

    def _remember_child(self, story: Story, event: Event) -> None:
        if isinstance(event.fact, ChildStarted) and (place := story.here):
            while len(self.children) >= MAX_CHILDREN:
                del self.children[next(iter(self.children))]
            self.children[RunId(event.fact.child)] = place


class ThreadFollower:
    """A `Follower`. What it is told waits in a queue; events that come too fast are left out."""

    def __init__(
        self,
        open_outlet: Callable[[], Outlet],
        *,
        content: bool,
        say: Callable[[str], None],
        share: float = 1.0,
        passage: Passage | None = None,
    ) -> None:
        self._open, self._content, self._say = open_outlet, content, say
        self._share, self._passage = share, passage
        self._waiting: queue.SimpleQueue[_Item] = queue.SimpleQueue()
        self._lost = 0
        self._off = False  # it could not begin
        self._children: dict[RunId, SpanPlace] = {}
        # A daemon: nothing that hangs in it keeps the process from its end.
        self._thread = threading.Thread(target=self._work, name="telemetry", daemon=True)
        self._thread.start()

    def begin(self, run: RunId, past: Sequence[Event]) -> None:
        self._put(_Begun(run, past))

    def note(self, event: Event) -> None:
        # Begins and ends of runs are few, and without them its number of runs would be wrong.
        if self._waiting.qsize() >= MAX_WAITING:
            self._lost += 1
        else:
            self._put(event)

    def end(self, run: RunId) -> None:
        self._put(_Rested(run))

    def joining(self, at: WorkPlace) -> Joining:
        trace = trace_of(at.run, at.turn)
        if at.is_child:
            outer = self._children.get(at.run)
            if outer is None:  # its beginning has not been read yet
                return Joining()
            trace = outer.trace
        place = SpanPlace(trace, span_of(at.run, at.turn, at.segment, "effect", at.effect))
        sampled = is_sampled(place.trace, self._share)
        variables = {"TRACEPARENT": place.traceparent(sampled=sampled)}
        passage = self._passage
        if passage is None:
            return Joining(variables)
        service = Service(passage.serve, passage.variables)
        return Joining(variables, (service,), (f"its telemetry to {passage.target}",))

    def close(self) -> None:
        if self._off:
            return
        self._waiting.put(None)
        self._thread.join(CLOSING_SECONDS)
        if self._thread.is_alive():
            self._say(NOT_SENT)
        if self._lost:
            self._say(f"telemetry: {self._lost} events came too fast and were left out")

    def _put(self, item: _Item) -> None:
        if not self._off:
            self._waiting.put(item)

    def _work(self) -> None:
        try:
            # The SDK takes a while to import, and meanwhile the run goes on.
            reader = Reader(self._open(), content=self._content, children=self._children)
        except Exception as error:  # noqa: BLE001 - whatever it is, the run goes on
            self._off = True
            with suppress(queue.Empty):
                while True:
                    self._waiting.get_nowait()
            self._say(f"telemetry is off: {type(error).__name__}: {error}")
            return
        broken = False
        while (item := self._waiting.get()) is not None:
            try:
                _tell(reader, item)
            except Exception as error:  # noqa: BLE001 - as above
                if not broken:
                    self._say(f"telemetry: a defect: {type(error).__name__}: {error}")
                broken = True
        reader.outlet.close()


def _tell(reader: Reader, item: "_Begun | Event | _Rested") -> None:
    match item:
        case _Begun():
            reader.begin(item.run, item.past)
        case _Rested():
            reader.end(item.run)
        case Event():
            reader.note(item)
