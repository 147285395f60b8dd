"""The tools of a teammate."""

from agentproxy.events.team import LEAD, Mail, MailSent, RestWanted, Retired
from agentproxy.models.port import ToolSpec
from agentproxy.tools.port import (
    Arguments,
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
from agentproxy.tools.team.roster import Roster, short_id


class Idle:
    """Ends the work of a teammate until there is more."""

    spec = ToolSpec(
        "idle",
        "Say that you have no work. You are woken by a message, or by an open task on the board.",
        schema({}),
    )

    def permission(self, arguments: Arguments) -> Permission:
        del arguments
        return Permission()

    async def run(self, arguments: Arguments, bench: Bench) -> ToolOutcome:
        del arguments, bench
        return ToolOutcome("You wait for work.", facts=(RestWanted(),))


class SubmitPlan:
    """Asks the lead to approve a plan."""

    spec = ToolSpec(
        "submit_plan",
        "Ask the lead to approve your plan before you carry it out. Then call idle: the decision "
        "comes as a message.",
        schema({"plan": "the whole plan, in steps"}),
    )

    def __init__(self, roster: Roster) -> None:
        self._roster = roster

    def permission(self, arguments: Arguments) -> Permission:
        letter(arguments, "plan")
        return Permission()

    async def run(self, arguments: Arguments, bench: Bench) -> ToolOutcome:
        request = short_id(self._roster.run, bench.call)
        mail = Mail(
            id=f"{self._roster.run}:{bench.call}",
            sender=self._roster.me,
            to=LEAD,
            type="plan_approval_request",
            text=text_of(arguments, "plan"),
            request=request,
        )
        return ToolOutcome(
            f"The plan is with the lead as request {request}.", facts=(MailSent(mail=mail),)
        )


class ShutdownResponse:
    """Answers the lead, who asked this teammate to end."""

    spec = ToolSpec(
        "shutdown_response",
        "Answer a shutdown_request of the lead. If you approve, you end for good.",
        object_schema(
            {
                "request_id": {"type": "string", "description": "the id of the request"},
                "approve": {"type": "boolean"},
                "reason": {"type": "string", "description": "why not, or what is left undone"},
            },
            "request_id",
            "approve",
        ),
    )

    def __init__(self, roster: Roster) -> None:
        self._roster = roster

    def permission(self, arguments: Arguments) -> Permission:
        text_of(arguments, "request_id")
        flag_of(arguments, "approve")
        optional_text_of(arguments, "reason")
        return Permission()

    async def run(self, arguments: Arguments, bench: Bench) -> ToolOutcome:
        approved, request = flag_of(arguments, "approve"), text_of(arguments, "request_id")
        if request not in self._roster.shutdowns:
            return failure(self._unknown(request))
        mail = Mail(
            id=f"{self._roster.run}:{bench.call}",
            sender=self._roster.me,
            to=LEAD,
            type="shutdown_response",
            text=optional_text_of(arguments, "reason"),
            request=request,
            approved=approved,
        )
        sent = MailSent(mail=mail)
        if not approved:
            return ToolOutcome("The lead is told.", facts=(sent,))
        return ToolOutcome("You end now.", facts=(sent, Retired(reason="shutdown approved")))

    def _unknown(self, request: str) -> str:
        # Otherwise the lead would wait for ever, while its teammate believes that it has answered.
        shown = ", ".join(self._roster.shutdowns)
        said = f"Unknown request_id '{request}'"
        return f"{said}. Open: {shown}" if shown else f"{said}: nobody has asked you to end"
