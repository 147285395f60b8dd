"""The events of a conversation as its clients receive them. Pure."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeVar

from agentproxy.app.hub import Position, ShownText
from agentproxy.conversation.safe_tools import SAFE_TOOLS
from agentproxy.events.agent import ModelAnswered, ToolFinished, TurnStarted
from agentproxy.events.board import BoardSeen
from agentproxy.events.chat import (
    AnswerCutOff,
    Compacted,
    FeatureChanged,
    PlanDecided,
    PlanReady,
    UserTurnEnded,
    UserTurnStarted,
)
from agentproxy.events.children import ChildStarted
from agentproxy.events.conversation import NO_USAGE, ToolCall, Usage
from agentproxy.events.cost import ModelAsked
from agentproxy.events.envelope import Event, Fact, RunId
from agentproxy.events.requests import (
    CommandIgnored,
    MessageReceived,
    RequestDecided,
    RequestMade,
)
from agentproxy.events.run import ChatOrder, RunCreated, RunEnded, RunParked, ThinkingEffort
from agentproxy.events.todos import TodosChanged
from agentproxy.models.trace_log import TraceLog
from agentproxy.server.times import iso
from agentproxy.tools.board.seen import SeenBoard

MAX_RESULT_CHARACTERS = 2000
Message = dict[str, Any]
NAMES_OF_FEATURES = {
    "plan_mode": "plan_mode_changed",
    "teams": "teams_changed",
    "approval": "approval_changed",
}

_TELLERS: "dict[type[Fact], Callable[[WireStory, Any, Event], Iterator[Message]]]" = {}
T = TypeVar("T", bound="Callable[..., Iterator[Message]]")


def tells(*kinds: type[Fact]) -> Callable[[T], T]:
    """Registers what clients are told of a fact. The other facts are our own affair."""

    def register(function: T) -> T:
        _TELLERS.update(dict.fromkeys(kinds, function))
        return function

    return register


@dataclass(slots=True)
class WireStory:
    """What a client was told of a conversation, and what it needs to be told next.

    `sequence` is the number of the last event that it took, and `told` of the last one that the
    client has whole. Nothing of an answer is lost: what was not streamed comes when the answer is
    complete.
    """

    run: RunId
    sequence: int = 0
    told: int = 0
    began: float = 0.0  # when the present or last turn began
    active: bool = False  # a turn is under way
    answering: int = 0  # the event behind which the present answer began; 0 between answers
    waiting: set[str] = field(default_factory=set[str])  # ids of messages
    workspace: str = ""
    calls: dict[str, ToolCall] = field(default_factory=dict[str, ToolCall])
    asked: dict[str, Sequence[ToolCall]] = field(default_factory=dict[str, Sequence[ToolCall]])
    of_teammates: frozenset[str] = frozenset()  # requests of theirs
    used: Usage = NO_USAGE
    last_input: int = 0
    plan_mode: bool = False
    effort: ThinkingEffort | None = None  # that the model is asked to think with
    board: SeenBoard = field(default_factory=SeenBoard)
    traced: TraceLog = field(default_factory=TraceLog)
    # What was traced of an answer follows its text.
    held: list[Message] = field(default_factory=list[Message])
    children: dict[str, ChildStarted] = field(default_factory=dict[str, ChildStarted])
    # The commands that run in the background, by their ids.
    behind: dict[str, str] = field(default_factory=dict[str, str])
    child_calls: dict[tuple[str, str], str] = field(default_factory=dict[tuple[str, str], str])
    _streamed: int = 0  # characters of the present answer that the client has
    _next: Position = field(default_factory=lambda: Position(0, 0))
    _gap: bool = False

    def fragment(self, shown: ShownText, *, now: float) -> Message | None:
        """Returns the message for a piece of live output, or None where it tells nothing."""
        if shown.dropped or shown.position != self._next:
            self._gap = True
        # It belongs to what was told already.
        if shown.position.seq < self.sequence:
            return None
        size = len(shown.text.encode("utf-8", "surrogatepass"))
        self._next = Position(shown.position.seq, shown.position.offset + size)
        place = f"{shown.position.seq}.+{shown.position.offset}"
        if self._gap or shown.source not in ("text", "thinking"):
            return None
        if shown.source == "thinking":
            fields = {"content": shown.text, "effort": self.effort}
            return self._message("thinking_delta", place, now, **fields)
        self._streamed += len(shown.text)
        return self._message("text_delta", place, now, content=shown.text)

    def join(self) -> None:
        """Begins to be told live. An answer that runs since before the last event comes whole."""
        if self.answering and self.sequence > self.answering:
            self._gap = True

    def take(self, event: Event) -> list[Message]:
        """Returns the messages for the next event."""
        self.sequence = event.seq
        self._next = Position(event.seq, 0)
        told = list(self._told(event))
        number = 0
        for message in told:
            # How much of a text is left to tell depends on the client, and no other id does.
            if message["type"] == "text_delta":
                message["event_id"] = f"{self.run}.{event.seq}.rest"
            elif message["type"] == "thinking":
                message["event_id"] = f"{self.run}.{event.seq}.thinking"
            else:
                message["event_id"] = f"{self.run}.{event.seq}.{number}"
                number += 1
        # Who comes back with the number of an event has been told all of it.
        for message in told[:-1]:
            message["sequence"] = event.seq - 1
        return told

    @property
    def usage(self) -> Message:
        return {
            "input_tokens": self.used.input,
            "output_tokens": self.used.output,
            "last_input_tokens": self.last_input,
            "plan_mode": self.plan_mode,
        }

    def _told(self, event: Event) -> Iterator[Message]:
        teller = _TELLERS.get(type(event.fact))
        return teller(self, event.fact, event) if teller else iter(())

    def rest(self, text: str, event: Event) -> Iterator[Message]:
        if rest := text[self._streamed :]:
            yield self.message_of(event, "text_delta", content=rest)
        self.restart()
        yield from self.let_go(event)

    def let_go(self, event: Event) -> Iterator[Message]:
        for message in self.held:
            yield {**message, "sequence": event.seq}
        self.held.clear()

    def restart(self) -> None:
        self.answering = 0
        self._streamed, self._gap = 0, False

    def message_of(self, event: Event, kind: str, **fields: object) -> Message:
        return self._message(kind, "", event.time, **fields)

    def _message(self, kind: str, place: str, time: float, **fields: object) -> Message:
        return {
            "type": kind,
            **fields,
            "run": self.run,
            "sequence": self.sequence,
            "event_id": f"{self.run}.{place}",
            "time": iso(time),
        }


@tells(RunCreated)
def _created(story: WireStory, fact: RunCreated, _event: Event) -> Iterator[Message]:
    if isinstance(fact.request, ChatOrder):
        story.workspace, story.plan_mode = fact.request.workspace, fact.request.plan_mode
        story.effort = fact.request.effort
    yield from ()


@tells(MessageReceived)
def _received(story: WireStory, fact: MessageReceived, event: Event) -> Iterator[Message]:
    story.waiting.add(fact.message)
    yield story.message_of(event, "message_received", message_id=fact.message, content=fact.text)


@tells(UserTurnStarted)
def _started(story: WireStory, fact: UserTurnStarted, event: Event) -> Iterator[Message]:
    story.began, story.active = event.time, True
    story.waiting.discard(fact.message)
    story.restart()
    yield story.message_of(event, "turn_started", message_id=fact.message, content=fact.text)


@tells(TurnStarted, ModelAsked)
def _asks(story: WireStory, fact: TurnStarted | ModelAsked, event: Event) -> Iterator[Message]:
    # A subagent is asked too, beside this conversation's own answer.
    if isinstance(fact, TurnStarted) or fact.purpose == "work":
        story.answering = event.seq
        yield from story.let_go(event)


@tells(ModelAnswered)
def _answered(story: WireStory, fact: ModelAnswered, event: Event) -> Iterator[Message]:
    story.used = story.used.plus(fact.usage)
    story.last_input = fact.usage.input
    if thought := fact.message.thought:
        yield story.message_of(event, "thinking", content=thought, effort=story.effort)
    yield from story.rest(fact.message.text, event)
    # The calls of an answer that came together with an interrupt do not run.
    if not story.active:
        return
    story.calls = {call.id: call for call in fact.message.calls}
    for call in fact.message.calls:
        yield story.message_of(event, "tool_call", tool=call.name, input=call.arguments, id=call.id)


@tells(AnswerCutOff)
def _cut_off(story: WireStory, fact: AnswerCutOff, event: Event) -> Iterator[Message]:
    yield from story.rest(fact.text, event)


@tells(ToolFinished)
def _finished(story: WireStory, fact: ToolFinished, event: Event) -> Iterator[Message]:
    call = story.calls.get(fact.call)
    text = fact.text
    if len(text) > MAX_RESULT_CHARACTERS:
        text = text[:MAX_RESULT_CHARACTERS] + "..."
    name = call.name if call else ""
    yield story.message_of(
        event, "tool_result", tool=name, result=text, id=fact.call, failed=fact.failed
    )


@tells(RequestMade)
def _asked(story: WireStory, fact: RequestMade, event: Event) -> Iterator[Message]:
    if not story.active:
        return
    about = fact.request.calls
    calls = tuple(
        call
        for call in story.calls.values()
        # A record of an earlier version does not name them.
        if (call.id in about if about else call.name not in SAFE_TOOLS)
    )
    story.asked[fact.request.id] = calls
    tools = [{"name": call.name, "input": call.arguments, "id": call.id} for call in calls]
    yield story.message_of(event, "tool_approval_request", request_id=fact.request.id, tools=tools)


@tells(RequestDecided)
def _decided(story: WireStory, fact: RequestDecided, event: Event) -> Iterator[Message]:
    calls = story.asked.pop(fact.decision.request, ())
    if not fact.decision.allowed:
        yield story.message_of(
            event,
            "tool_approval_result",
            request_id=fact.decision.request,
            decision="denied",
            tools=[call.name for call in calls],
        )


@tells(FeatureChanged)
def _changed(story: WireStory, fact: FeatureChanged, event: Event) -> Iterator[Message]:
    story.plan_mode = fact.enabled if fact.feature == "plan_mode" else story.plan_mode
    yield story.message_of(event, NAMES_OF_FEATURES[fact.feature], enabled=fact.enabled)


@tells(UserTurnEnded)
def _ended(story: WireStory, fact: UserTurnEnded, event: Event) -> Iterator[Message]:
    # The end of a turn that a person cut off meanwhile.
    if not story.active:
        return
    # A teammate's calls belong to its own turn.
    story.asked = {key: calls for key, calls in story.asked.items() if key in story.of_teammates}
    story.active = False
    yield from story.let_go(event)
    if fact.error:
        cure = {"cure": fact.cure} if fact.cure else {}
        yield story.message_of(event, "error", message=fact.error, **cure)
    name = "interrupted" if fact.ending == "interrupted" else "done"
    cut = {"cancelled": True} if fact.ending == "cancelled" else {}
    # The files are filled in by whoever can look at them.
    yield story.message_of(event, name, usage=story.usage, files=[], **cut)


@tells(CommandIgnored)
def _refused(story: WireStory, fact: CommandIgnored, event: Event) -> Iterator[Message]:
    yield story.message_of(event, "error", message=fact.reason)


@tells(RunParked, RunEnded)
def _rests(story: WireStory, fact: RunParked | RunEnded, event: Event) -> Iterator[Message]:
    yield story.message_of(event, "error", message=fact.reason)


@tells(PlanReady)
def _plan(story: WireStory, fact: PlanReady, event: Event) -> Iterator[Message]:
    yield story.message_of(event, "plan_ready", plan=fact.plan)


@tells(PlanDecided)
def _plan_decided(story: WireStory, fact: PlanDecided, event: Event) -> Iterator[Message]:
    if fact.approved:
        yield story.message_of(event, "plan_approved")
    else:
        yield story.message_of(event, "plan_rejected", feedback=fact.feedback)


@tells(Compacted)
def _compacted(story: WireStory, fact: Compacted, event: Event) -> Iterator[Message]:
    if fact.removed or fact.error:
        used = f"Compacting context ({story.last_input} tokens used)"
        said = "Manual compaction triggered" if fact.wanted else used
        lost = {"error": fact.error} if fact.error else {}
        yield story.message_of(event, "compact", message=said, removed=fact.removed, **lost)


@tells(TodosChanged)
def _todos(story: WireStory, fact: TodosChanged, event: Event) -> Iterator[Message]:
    todos = [
        {"content": each.content, "status": each.status, "activeForm": each.active_form}
        for each in fact.todos
    ]
    yield story.message_of(event, "todo_update", todos=todos)


@tells(BoardSeen)
def _board(story: WireStory, fact: BoardSeen, event: Event) -> Iterator[Message]:
    story.board.fold(fact)
    yield story.message_of(event, "task_update", tasks=[each.shown() for each in story.board.tasks])
