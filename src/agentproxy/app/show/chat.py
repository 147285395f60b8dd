"""Renders the turns of a conversation, and what runs beside them."""

from collections.abc import Iterator

from agentproxy.app.show.lines import RenderedLine, Tone, renders
from agentproxy.events.background import (
    BackgroundEnded,
    BackgroundStarted,
    BackgroundTold,
    BackgroundWanted,
)
from agentproxy.events.board import BoardSeen
from agentproxy.events.chat import (
    AnswerCutOff,
    Compacted,
    CompactionWanted,
    FeatureChanged,
    PlanDecided,
    PlanReady,
    UserTurnEnded,
    UserTurnStarted,
)
from agentproxy.events.memory import MemoryNoted
from agentproxy.events.todos import TodosChanged
from agentproxy.text.with_cure import with_cure


@renders(UserTurnStarted)
def _started(fact: UserTurnStarted) -> Iterator[RenderedLine]:
    yield RenderedLine(fact.text, "loud")


@renders(UserTurnEnded)
def _ended(fact: UserTurnEnded) -> Iterator[RenderedLine]:
    if fact.error:
        yield RenderedLine(with_cure(fact.error, fact.cure), "bad", 1)
    elif fact.ending != "done":
        yield RenderedLine(f"the turn was {fact.ending}", "unsure", 1)


@renders(AnswerCutOff)
def _cut_off(fact: AnswerCutOff) -> Iterator[RenderedLine]:
    yield RenderedLine(fact.text, "plain", 1)


@renders(FeatureChanged)
def _changed(fact: FeatureChanged) -> Iterator[RenderedLine]:
    name = fact.feature.replace("_", " ")
    yield RenderedLine(f"{name} is {'on' if fact.enabled else 'off'}", "quiet", 1)


@renders(PlanReady)
def _plan(fact: PlanReady) -> Iterator[RenderedLine]:
    yield RenderedLine(f"the plan: {fact.plan}", "plain", 1)


@renders(PlanDecided)
def _plan_decided(fact: PlanDecided) -> Iterator[RenderedLine]:
    word = "approved" if fact.approved else "rejected"
    yield RenderedLine(f"the plan is {word}: {fact.feedback}".rstrip(": "), "plain", 1)


@renders(CompactionWanted)
def _wanted(fact: CompactionWanted) -> Iterator[RenderedLine]:
    yield RenderedLine(f"the agent asks for a summary: {fact.focus}".rstrip(": "), "quiet", 1)


@renders(MemoryNoted)
def _noted(fact: MemoryNoted) -> Iterator[RenderedLine]:
    yield RenderedLine(f"the notes of the project: {fact.error or fact.result}", "quiet", 1)
    for line in fact.added:
        yield RenderedLine(f"+ {line}", "quiet", 2)
    for line in fact.removed:
        yield RenderedLine(f"- {line}", "quiet", 2)


@renders(Compacted)
def _compacted(fact: Compacted) -> Iterator[RenderedLine]:
    if fact.removed:
        how = f"dropped: {fact.error}" if fact.error else "summarised"
        yield RenderedLine(f"{fact.removed} older messages were {how}", "quiet", 1)


@renders(BackgroundWanted)
def _wanted_in_background(fact: BackgroundWanted) -> Iterator[RenderedLine]:
    yield RenderedLine(f"in the background ({fact.task}): {fact.command}", "quiet", 1)


@renders(BackgroundStarted)
def _begun_in_background(_fact: BackgroundStarted) -> Iterator[RenderedLine]:
    yield from ()


@renders(BackgroundTold)
def _told_of_background(fact: BackgroundTold) -> Iterator[RenderedLine]:
    names = ", ".join(notice.task for notice in fact.notices)
    yield RenderedLine(f"the agent is told of {names}", "quiet", 1)


@renders(BackgroundEnded)
def _ended_in_background(fact: BackgroundEnded) -> Iterator[RenderedLine]:
    tone: Tone = "quiet" if fact.status == "completed" and not fact.exit_code else "unsure"
    yield RenderedLine(f"in the background ({fact.task}): {fact.status}", tone, 1)
    yield RenderedLine(fact.result.partition("\n")[0][:200], "quiet", 2)


@renders(TodosChanged)
def _todos(fact: TodosChanged) -> Iterator[RenderedLine]:
    for todo in fact.todos:
        yield RenderedLine(f"{todo.status.replace('_', ' ')}: {todo.content}", "quiet", 2)


@renders(BoardSeen)
def _board(fact: BoardSeen) -> Iterator[RenderedLine]:
    for task in fact.changed:
        yield RenderedLine(f"task {task.id} is {task.status}: {task.subject}", "quiet", 2)
    for key in fact.gone:
        yield RenderedLine(f"task {key} is gone", "quiet", 2)
