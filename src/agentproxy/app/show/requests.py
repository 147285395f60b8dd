"""Renders requests, answers and messages."""

from collections.abc import Iterator

from agentproxy.app.show.lines import RenderedLine, Tone, renders
from agentproxy.events.requests import (
    CommandIgnored,
    MessageDelivered,
    MessageReceived,
    RequestDecided,
    RequestMade,
    RequestReferred,
)


@renders(RequestMade)
def _request(fact: RequestMade) -> Iterator[RenderedLine]:
    if fact.request.told:
        return
    what = "asks for permission" if fact.request.kind == "permission" else "asks"
    tone: Tone = "quiet" if fact.request.kind == "permission" else "plain"
    yield RenderedLine(f"the worker {what} ({fact.request.id}): {fact.request.text}", tone, 1)


@renders(RequestReferred)
def _referred(fact: RequestReferred) -> Iterator[RenderedLine]:
    yield RenderedLine(f"a human must decide {fact.request}: {fact.reason}", "unsure", 1)


@renders(RequestDecided)
def _decided(fact: RequestDecided) -> Iterator[RenderedLine]:
    decision = fact.decision
    if decision.allowed and decision.by == "policy":
        return
    word = "yes" if decision.allowed else "no"
    text = f": {decision.text}" if decision.text else ""
    text += f" ({decision.source})" if decision.source else ""
    yield RenderedLine(f"{decision.request}: {word}, by {decision.by}{text}", "plain", 1)


@renders(MessageReceived)
def _message(fact: MessageReceived) -> Iterator[RenderedLine]:
    yield RenderedLine(f"message to the worker: {fact.text}", "plain", 1)


@renders(MessageDelivered)
def _delivered(fact: MessageDelivered) -> Iterator[RenderedLine]:
    how = "the worker has the message" if fact.heard else "the next brief carries the message"
    yield RenderedLine(how, "quiet", 1)


@renders(CommandIgnored)
def _ignored(fact: CommandIgnored) -> Iterator[RenderedLine]:
    yield RenderedLine(f"{fact.command} was ignored: {fact.reason}", "unsure", 1)
