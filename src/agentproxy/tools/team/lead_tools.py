"""The tools with which an agent leads a team."""

import re

from agentproxy.events.children import ChildStarted
from agentproxy.events.team import (
    LEAD,
    Mail,
    MailSent,
    ProtocolDecided,
    ProtocolOpened,
)
from agentproxy.models.port import ToolSpec
from agentproxy.tools.port import (
    Arguments,
    BadArguments,
    Bench,
    Permission,
    ToolOutcome,
    failure,
    flag_of,
    object_schema,
    optional_text_of,
    schema,
    text_of,
)
from agentproxy.tools.team.mailing import letter
from agentproxy.tools.team.roster import Roster, child_run, short_id

NAME = re.compile(r"[A-Za-z][A-Za-z0-9_-]{0,31}")
RESERVED = frozenset({LEAD, "user", "all"})


class LeadTool:
    """What the tools of a lead have in common."""

    def __init__(self, roster: Roster) -> None:
        self.roster = roster

    def permission(self, arguments: Arguments) -> Permission:
        del arguments
        return Permission()

    def mail(self, bench: Bench, to: str, **fields: object) -> MailSent:
        about = {"id": f"{self.roster.run}:{bench.call}:{to}", "sender": LEAD, "to": to}
        return MailSent(mail=Mail.model_validate({**about, **fields}))


class SpawnTeammate(LeadTool):
    """Makes a teammate, which works beside the conversation."""

    spec = ToolSpec(
        "spawn_teammate",
        "Make a teammate that works beside you in the same workspace, over many messages. It "
        "starts with your prompt alone. When it has no work it waits for messages and takes open "
        "tasks from the board; after a while without work it ends.",
        schema(
            {
                "name": "a short name: letters, digits, - and _",
                "role": "what it is there for",
                "prompt": "its first task, with all that it must know",
            }
        ),
    )

    def __init__(self, roster: Roster, *, most: int) -> None:
        super().__init__(roster)
        self._most = most

    def permission(self, arguments: Arguments) -> Permission:
        name = text_of(arguments, "name")
        if not NAME.fullmatch(name) or name in RESERVED:
            raise BadArguments(
                "'name' must begin with a letter and have at most 32 letters, digits, - and _; "
                f"{', '.join(sorted(RESERVED))} are taken"
            )
        for field in ("role", "prompt"):
            letter(arguments, field)
        return Permission()

    async def run(self, arguments: Arguments, bench: Bench) -> ToolOutcome:
        name, duty = text_of(arguments, "name"), text_of(arguments, "role")
        member = self.roster.active_named(name)
        if member is not None:
            doing = "currently working" if member.status == "working" else "idle: send it a message"
            return failure(f"'{name}' is {doing}")
        if len(self.roster.active) >= self._most:
            return failure(f"{self._most} teammates are there already: shut one down first")
        started = ChildStarted(
            child=child_run(self.roster.run, bench.call),
            role="teammate",
            name=name,
            duty=duty,
            task=text_of(arguments, "prompt"),
        )
        return ToolOutcome(f"Spawned '{name}' (role: {duty})", facts=(started,))


class ListTeammates(LeadTool):
    """Lists the team."""

    spec = ToolSpec("list_teammates", "List your teammates, their roles and status.", schema({}))

    async def run(self, arguments: Arguments, bench: Bench) -> ToolOutcome:
        del arguments, bench
        members = self.roster.members.values()
        if not members:
            return ToolOutcome("No teammates.")
        lines = [f"  {each.name} ({each.duty}): {each.status}" for each in members]
        return ToolOutcome("\n".join(["Team: default", *lines]))


class Broadcast(LeadTool):
    """Sends a message to every teammate."""

    spec = ToolSpec(
        "broadcast",
        "Send a message to all teammates that are there.",
        schema({"content": "the message"}),
    )

    def permission(self, arguments: Arguments) -> Permission:
        letter(arguments, "content")
        return Permission()

    async def run(self, arguments: Arguments, bench: Bench) -> ToolOutcome:
        text = text_of(arguments, "content")
        sent = [
            self.mail(bench, each.name, type="broadcast", text=text) for each in self.roster.active
        ]
        return ToolOutcome(f"Broadcast to {len(sent)} teammates", facts=tuple(sent))


class ShutdownRequest(LeadTool):
    """Asks a teammate to end."""

    spec = ToolSpec(
        "shutdown_request",
        "Ask a teammate to finish and end. It answers, and ends if it agrees; check_protocol "
        "shows its answer.",
        schema({"teammate": "its name"}),
    )

    def permission(self, arguments: Arguments) -> Permission:
        text_of(arguments, "teammate")
        return Permission()

    async def run(self, arguments: Arguments, bench: Bench) -> ToolOutcome:
        name = text_of(arguments, "teammate")
        if self.roster.active_named(name) is None:
            return failure(f"'{name}' is not an active teammate")
        request = short_id(self.roster.run, bench.call)
        text = "The lead asks you to end. Finish what must not stay half done, then answer."
        facts = (
            ProtocolOpened(request=request, type="shutdown", target=name),
            self.mail(bench, name, type="shutdown_request", text=text, request=request),
        )
        return ToolOutcome(
            f"Shutdown request {request} sent to '{name}' (status: pending)", facts=facts
        )


class CheckProtocol(LeadTool):
    """Shows how a request between lead and teammate stands."""

    spec = ToolSpec(
        "check_protocol",
        "Show the status of a shutdown or plan request.",
        schema({"request_id": "the id of the request"}),
    )

    def permission(self, arguments: Arguments) -> Permission:
        text_of(arguments, "request_id")
        return Permission()

    async def run(self, arguments: Arguments, bench: Bench) -> ToolOutcome:
        del bench
        request = text_of(arguments, "request_id")
        found = self.roster.protocols.get(request)
        if found is None:
            return failure(f"Unknown request_id '{request}'")
        return ToolOutcome(
            f"Request {request}: type={found.type}, target={found.target}, status={found.status}"
        )


class PlanReview(LeadTool):
    """Decides on the plan of a teammate."""

    spec = ToolSpec(
        "plan_review",
        "Approve or reject the plan that a teammate has sent.",
        object_schema(
            {
                "request_id": {"type": "string", "description": "the id of the request"},
                "approve": {"type": "boolean"},
                "feedback": {"type": "string", "description": "what to change, or to watch"},
            },
            "request_id",
            "approve",
        ),
    )

    def permission(self, arguments: Arguments) -> Permission:
        text_of(arguments, "request_id")
        flag_of(arguments, "approve")
        optional_text_of(arguments, "feedback")
        return Permission()

    async def run(self, arguments: Arguments, bench: Bench) -> ToolOutcome:
        request, approved = text_of(arguments, "request_id"), flag_of(arguments, "approve")
        feedback = optional_text_of(arguments, "feedback")
        found = self.roster.protocols.get(request)
        if found is None or found.type != "plan":
            return failure(f"Unknown request_id '{request}'")
        if found.status != "pending":
            return failure(f"the plan of '{found.target}' was {found.status} already")
        facts = (
            ProtocolDecided(request=request, approved=approved, reason=feedback),
            self.mail(
                bench,
                found.target,
                type="plan_approval_response",
                text=feedback,
                request=request,
                approved=approved,
            ),
        )
        word = "approved" if approved else "rejected"
        return ToolOutcome(f"Plan {word} for '{found.target}'", facts=facts)
