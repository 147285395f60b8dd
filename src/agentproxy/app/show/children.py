"""Renders what a conversation records of the agents that work for it."""

from collections.abc import Iterator

from agentproxy.app.show.lines import RenderedLine, renders
from agentproxy.events.children import ChildCalled, ChildEnded, ChildReturned, ChildStarted


@renders(ChildStarted)
def _started(fact: ChildStarted) -> Iterator[RenderedLine]:
    yield RenderedLine(f"{fact.role} {fact.name} begins: {fact.task}", "quiet", 1)
    yield RenderedLine(f"its run is {fact.child}", "quiet", 2)


@renders(ChildCalled)
def _called(fact: ChildCalled) -> Iterator[RenderedLine]:
    yield RenderedLine(f"{fact.child} calls {fact.tool}", "quiet", 2)


@renders(ChildReturned)
def _returned(fact: ChildReturned) -> Iterator[RenderedLine]:
    first = fact.text.partition("\n")[0]
    yield RenderedLine(first, "bad" if fact.failed else "quiet", 3)


@renders(ChildEnded)
def _ended(fact: ChildEnded) -> Iterator[RenderedLine]:
    if fact.error:
        yield RenderedLine(f"{fact.child} stopped: {fact.error}", "bad", 1)
    else:
        yield RenderedLine(f"{fact.child} reports: {fact.summary}", "plain", 1)
