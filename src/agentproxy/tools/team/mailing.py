"""send_message and read_inbox: the mail of a team."""

import json

from agentproxy.events.team import LEAD, Mail, MailRead, MailSent, MailType
from agentproxy.models.port import ToolSpec
from agentproxy.tools.port import (
    Arguments,
    BadArguments,
    Bench,
    Permission,
    ToolOutcome,
    failure,
    object_schema,
    schema,
    text_of,
)
from agentproxy.tools.team.roster import Roster

MAX_TEXT = 20_000  # characters of a message
TYPES: tuple[MailType, ...] = ("message", "broadcast")


def mail_for_model(mail: Mail) -> dict[str, object]:
    """Returns a message as a model reads it."""
    told: dict[str, object] = {"from": mail.sender, "type": mail.type, "content": mail.text}
    if mail.request:
        told["request_id"] = mail.request
    if mail.approved is not None:
        told["approve"] = mail.approved
    return told


def letter(arguments: Arguments, name: str) -> str:
    """Returns the text of a message. Raises BadArguments."""
    text = text_of(arguments, name)
    if not text.strip():
        raise BadArguments(f"{name!r} must not be empty")
    if len(text) > MAX_TEXT:
        raise BadArguments(f"{name!r} has more than {MAX_TEXT} characters: write it to a file")
    return text


class SendTeamMessage:
    """Sends a message to one agent of the team."""

    spec = ToolSpec(
        "send_message",
        "Send a message to one agent of your team. The lead is called 'lead'. The receiver reads "
        "it before its next answer.",
        object_schema(
            {
                "to": {"type": "string", "description": "the name of the agent"},
                "content": {"type": "string", "description": "the message"},
                "msg_type": {"type": "string", "enum": list(TYPES)},
            },
            "to",
            "content",
        ),
    )

    def __init__(self, roster: Roster) -> None:
        self._roster = roster

    def permission(self, arguments: Arguments) -> Permission:
        text_of(arguments, "to")
        letter(arguments, "content")
        self._type(arguments)
        return Permission()

    async def run(self, arguments: Arguments, bench: Bench) -> ToolOutcome:
        roster, to = self._roster, text_of(arguments, "to")
        if to == roster.me:
            return failure("this is your own name; name another agent of the team")
        # Only the lead knows who is there: it returns what a teammate sends to nobody.
        if roster.me == LEAD and roster.active_named(to) is None:
            names = ", ".join(each.name for each in roster.active) or "nobody"
            return failure(f"'{to}' is not an active teammate. Active: {names}")
        mail = Mail(
            id=f"{roster.run}:{bench.call}",
            sender=roster.me,
            to=to,
            type=self._type(arguments),
            text=letter(arguments, "content"),
        )
        return ToolOutcome(f"Sent {mail.type} to {to}", facts=(MailSent(mail=mail),))

    def _type(self, arguments: Arguments) -> MailType:
        asked = arguments.get("msg_type") or "message"
        for known in TYPES:
            if asked == known:
                return known
        raise BadArguments(f"Invalid type '{asked}'. Valid: {', '.join(TYPES)}")


class ReadInbox:
    """Reads the messages that came, and empties the inbox."""

    spec = ToolSpec("read_inbox", "Read and empty your inbox.", schema({}))

    def __init__(self, roster: Roster) -> None:
        self._roster = roster

    def permission(self, arguments: Arguments) -> Permission:
        del arguments
        return Permission()

    async def run(self, arguments: Arguments, bench: Bench) -> ToolOutcome:
        del arguments, bench
        mails = tuple(self._roster.inbox.values())
        if not mails:
            return ToolOutcome("(inbox empty)")
        text = json.dumps([mail_for_model(each) for each in mails], indent=2, ensure_ascii=False)
        return ToolOutcome(text, facts=(MailRead(mails=tuple(each.id for each in mails)),))
