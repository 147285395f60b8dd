"""What becomes of a message of the team that comes to a run. Pure."""

from collections.abc import Sequence

from agentproxy.conversation.state import Chat
from agentproxy.events.envelope import Fact
from agentproxy.events.team import (
    LEAD,
    Mail,
    MailReceived,
    MailSent,
    ProtocolDecided,
    ProtocolOpened,
)
from agentproxy.tools.team.roster import MAX_UNREAD

# Requests and answers that both sides wait for are taken by a full inbox too.
LIMITED = ("message", "broadcast")


def taken_mail(mail: Mail, state: Chat) -> Sequence[Fact]:
    """Returns the facts that a message becomes."""
    team = state.team
    # A delivery that a kill cut off comes again.
    if mail.id in team.known:
        return []
    if mail.to != team.me:
        if team.active_named(mail.to) is not None:
            return [MailSent(mail=mail)]
        return returned(mail, f"no active teammate is called '{mail.to}'", team.me)
    if team.retired:
        return returned(mail, f"'{team.me}' has ended", team.me)
    if len(team.inbox) >= MAX_UNREAD and mail.type in LIMITED:
        return returned(mail, f"{MAX_UNREAD} messages wait for '{team.me}' already", team.me)
    return [MailReceived(mail=mail), *_protocol(mail, state)]


def returned(mail: Mail, why: str, me: str) -> Sequence[Fact]:
    """Returns the facts that tell the sender of a message why nobody reads it."""
    # Nobody is told that a message of this kind was not read.
    if mail.type == "undelivered":
        return []
    back = Mail(id=f"{mail.id}:back", sender=me, to=mail.sender, type="undelivered", text=why)
    return [MailReceived(mail=back) if mail.sender == me == LEAD else MailSent(mail=back)]


def _protocol(mail: Mail, state: Chat) -> Sequence[Fact]:
    known = state.team.protocols.get(mail.request)
    if mail.type == "plan_approval_request" and known is None:
        return [ProtocolOpened(request=mail.request, type="plan", target=mail.sender)]
    # Only who was asked can answer.
    if mail.type != "shutdown_response" or known is None or known.target != mail.sender:
        return []
    approved = bool(mail.approved)
    return [ProtocolDecided(request=mail.request, approved=approved, reason=mail.text)]
