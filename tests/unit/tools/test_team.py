"""The tools of a team: what each answers, and the facts that it records."""

import asyncio
from pathlib import Path

import pytest

from agentproxy.events.children import ChildStarted
from agentproxy.events.envelope import Fact
from agentproxy.events.team import (
    Mail,
    MailReceived,
    MailSent,
    ProtocolOpened,
    TeammateChanged,
)
from agentproxy.tools.port import Arguments, BadArguments, Bench, Tool, ToolOutcome
from agentproxy.tools.team.lead_tools import (
    Broadcast,
    CheckProtocol,
    ListTeammates,
    PlanReview,
    ShutdownRequest,
    SpawnTeammate,
)
from agentproxy.tools.team.mailing import ReadInbox, SendTeamMessage
from agentproxy.tools.team.member_tools import ShutdownResponse
from agentproxy.tools.team.roster import Roster
from agentproxy.workspace.environment.job_layout import JobLayout
from agentproxy.workspace.sandbox.plain import Plain

ADA = ChildStarted(child="r", role="teammate", name="ada", duty="builder", task="build")
GONE = TeammateChanged(child="r", seen=1, status="shutdown")
NOTE = MailReceived(mail=Mail(id="1", sender="ada", to="lead", text="hi"))


def roster(*facts: Fact) -> Roster:
    made = Roster(run="run")
    for fact in facts:
        made.fold(fact)
    return made


def run(tool: Tool, arguments: Arguments) -> ToolOutcome:
    tool.permission(arguments)
    layout = JobLayout(root="/w", cwd="/w", env={})
    bench = Bench(Path("/w"), layout, Plain(), Path("/h"), print, call="1:c")
    return asyncio.run(tool.run(arguments, bench))


@pytest.mark.parametrize(
    ("tool", "arguments", "text"),
    [
        (ListTeammates(roster()), {}, "No teammates."),
        (ListTeammates(roster(ADA)), {}, "Team: default\n  ada (builder): working"),
        (Broadcast(roster(ADA)), {"content": "x"}, "Broadcast to 1 teammates"),
        (Broadcast(roster(ADA, GONE)), {"content": "x"}, "Broadcast to 0 teammates"),
        (ReadInbox(roster()), {}, "(inbox empty)"),
        (SendTeamMessage(roster(ADA)), {"to": "ada", "content": "x"}, "Sent message to ada"),
        (CheckProtocol(roster()), {"request_id": "x"}, "Error: Unknown request_id 'x'"),
        (
            PlanReview(roster()),
            {"request_id": "x", "approve": True},
            "Error: Unknown request_id 'x'",
        ),
        (
            PlanReview(roster(ProtocolOpened(request="x", type="shutdown", target="ada"))),
            {"request_id": "x", "approve": True},
            "Error: Unknown request_id 'x'",
        ),
        (
            ShutdownRequest(roster(ADA, GONE)),
            {"teammate": "ada"},
            "Error: 'ada' is not an active teammate",
        ),
        (
            SpawnTeammate(roster(ADA, GONE), most=1),
            {"name": "ada", "role": "r", "prompt": "p"},
            "Spawned 'ada' (role: r)",
        ),
    ],
)
def test_what_a_tool_answers(tool: Tool, arguments: Arguments, text: str) -> None:
    assert run(tool, arguments).text == text


@pytest.mark.parametrize(
    ("tool", "arguments", "said"),
    [
        (SpawnTeammate(roster(), most=5), {"name": "a b", "role": "r", "prompt": "p"}, "'name'"),
        (SpawnTeammate(roster(), most=5), {"name": "lead", "role": "r", "prompt": "p"}, "taken"),
        (SpawnTeammate(roster(), most=5), {"name": "a", "role": "r", "prompt": " "}, "'prompt'"),
        (
            SendTeamMessage(roster(ADA)),
            {"to": "ada", "content": "x", "msg_type": "shutdown_response"},
            "Invalid type 'shutdown_response'. Valid: message, broadcast",
        ),
        (Broadcast(roster()), {"content": "x" * 20_001}, "more than 20000 characters"),
        (PlanReview(roster()), {"request_id": "x", "approve": "yes"}, "'approve'"),
    ],
)
def test_bad_arguments_name_the_field(tool: Tool, arguments: Arguments, said: str) -> None:
    with pytest.raises(BadArguments, match=said):
        tool.permission(arguments)


def test_reading_the_inbox_gives_every_message_once() -> None:
    team = roster(NOTE)
    outcome = run(ReadInbox(team), {})
    assert '"content": "hi"' in outcome.text
    for fact in outcome.facts:
        team.fold(fact)
    assert run(ReadInbox(team), {}).text == "(inbox empty)"


def test_who_is_gone_leaves_no_request_open() -> None:
    team = roster(
        ADA,
        ProtocolOpened(request="s", type="shutdown", target="ada"),
        ProtocolOpened(request="p", type="plan", target="ada"),
        GONE,
    )
    assert (team.protocols["s"].status, team.protocols["p"].status) == ("approved", "rejected")


def test_a_teammate_answers_only_what_it_was_asked_and_once() -> None:
    asked = Mail(id="2", sender="lead", to="ada", type="shutdown_request", text="", request="r7")
    team = roster()
    team.me = "ada"

    def answered(request: str, *, approve: bool = False) -> ToolOutcome:
        outcome = run(ShutdownResponse(team), {"request_id": request, "approve": approve})
        for fact in outcome.facts:
            team.fold(fact)
        return outcome

    nobody = answered("r7", approve=True)
    assert nobody.text == "Error: Unknown request_id 'r7': nobody has asked you to end"
    assert (nobody.failed, team.retired) == (True, "")
    team.fold(MailReceived(mail=asked))
    assert answered("r8").text == "Error: Unknown request_id 'r8'. Open: r7"
    assert answered("r7").text == "The lead is told."
    assert answered("r7", approve=True).failed
    assert team.retired == ""


def test_a_broadcast_is_a_message_to_each() -> None:
    sent = run(Broadcast(roster(ADA)), {"content": "x"}).facts
    assert [(each.mail.to, each.mail.type) for each in sent if isinstance(each, MailSent)] == [
        ("ada", "broadcast")
    ]
