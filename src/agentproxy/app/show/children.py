"""Renders what a conversation records of the agents that work for it, and of their mail."""

from collections.abc import Iterator

from agentproxy.app.show.lines import RenderedLine, renders
from agentproxy.events.children import ChildCalled, ChildEnded, ChildReturned, ChildStarted
from agentproxy.events.team import (
    MailRead,
    MailReceived,
    MailSent,
    ProtocolDecided,
    ProtocolOpened,
    Retired,
    TeammateAsked,
    TeammateChanged,
)


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


@renders(TeammateChanged)
def _changed(fact: TeammateChanged) -> Iterator[RenderedLine]:
    yield RenderedLine(f"{fact.child} is {fact.status}: {fact.reason}".rstrip(": "), "quiet", 1)


@renders(TeammateAsked)
def _asked(fact: TeammateAsked) -> Iterator[RenderedLine]:
    names = ", ".join(call.name for call in fact.calls)
    yield RenderedLine(f"{fact.child} asks to run {names} ({fact.request})", "unsure", 1)


@renders(MailSent)
def _sent(fact: MailSent) -> Iterator[RenderedLine]:
    mail = fact.mail
    yield RenderedLine(f"{mail.sender} to {mail.to} ({mail.type}): {mail.text}", "plain", 1)


@renders(MailReceived)
def _received(fact: MailReceived) -> Iterator[RenderedLine]:
    mail = fact.mail
    yield RenderedLine(f"from {mail.sender} ({mail.type}): {mail.text}", "plain", 1)


@renders(MailRead)
def _read(fact: MailRead) -> Iterator[RenderedLine]:
    yield RenderedLine(f"{len(fact.mails)} messages read", "quiet", 1)


@renders(ProtocolOpened)
def _opened(fact: ProtocolOpened) -> Iterator[RenderedLine]:
    yield RenderedLine(f"{fact.type} request {fact.request}, {fact.target}", "quiet", 1)


@renders(ProtocolDecided)
def _decided(fact: ProtocolDecided) -> Iterator[RenderedLine]:
    word = "approved" if fact.approved else "rejected"
    yield RenderedLine(f"request {fact.request} is {word}: {fact.reason}".rstrip(": "), "plain", 1)


@renders(Retired)
def _retired(fact: Retired) -> Iterator[RenderedLine]:
    yield RenderedLine(f"the teammate ends: {fact.reason}", "quiet", 1)
