"""In each mode of Claude Code the policy sees every call before it is made."""

import json

import pytest
from support.answers import Reply
from support.claude_code import claude_table
from support.front_door import Pa, Ran
from support.model_server import Server, model_server
from support.projects import CHECK
from support.relay import keys_for

pytestmark = pytest.mark.agents
WORDS = ("-o", "json", "--worker", "claude", "--model", "claude-sonnet-4-6", "--check", CHECK)


def calls(tool: str, **arguments: object) -> Reply:
    # Claude Code drops a message whose id it knows.
    key = json.dumps([tool, arguments]).encode().hex()[-40:]
    return Reply(calls=((tool, json.dumps(arguments)),), stop="tools", key=f"{key}-")


def edit(pa: Pa) -> Reply:
    return calls("Edit", file_path=f"{pa.project}/calc.py", old_string="a - b", new_string="a + b")


def order(pa: Pa, mode: str, *replies: Reply) -> tuple[Ran, Server]:
    folder = pa.home / "config" / "agentproxy"
    folder.mkdir(parents=True)
    (folder / "config.toml").write_text(f'{claude_table()}mode = "{mode}"\n')
    with model_server(*replies, Reply(text=("It is mended.",), key="end-")) as server:
        ran = pa(*WORDS, "Fix it", env=keys_for(server))
    return ran, server


# Left to itself, Claude Code asks nobody for an edit in the second, and for nothing in the third.
@pytest.mark.parametrize("mode", ["default", "acceptEdits", "bypassPermissions"])
def test_the_policy_sees_edits_and_commands(pa: Pa, mode: str) -> None:
    ran, server = order(
        pa,
        mode,
        calls("Write", file_path=f"{pa.project}/.git/hooks/post-merge", content="echo\n"),
        calls("Write", file_path="/elsewhere.txt", content="outside the tree\n"),
        calls("Bash", command="rm -rf ~", description="A step"),
        calls("Read", file_path=f"{pa.project}/calc.py"),
        edit(pa),
    )
    assert (ran.code, ran.result["verdict"]) == (0, "verified"), (ran.err, ran.records[-4:])
    assert [each["tool"] for each in ran.of_kind("tool_started")] == ["Read", "Edit"]
    for body in server.asked[1:4]:
        assert "not allowed" in json.dumps(body["messages"][-1])
    decisions = [each["decision"] for each in ran.of_kind("request_decided")]
    assert [each["by"] for each in decisions if not each["allowed"]] == ["policy"] * 3


def test_a_plan_is_followed_by_the_work(pa: Pa) -> None:
    read = calls("Read", file_path=f"{pa.project}/calc.py")
    ran, _ = order(pa, "plan", read, calls("ExitPlanMode", plan="Add what add adds."), edit(pa))
    assert (ran.code, ran.result["verdict"]) == (0, "verified"), (ran.err, ran.records[-4:])


def test_what_the_policy_allows_is_done_where_the_program_may_ask_nobody(pa: Pa) -> None:
    read = calls("Read", file_path=f"{pa.project}/calc.py")
    refused = calls("Bash", command="rm -rf ~", description="A step")
    ran, server = order(pa, "dontAsk", refused, read, edit(pa))
    assert (ran.code, ran.result["verdict"]) == (0, "verified"), (ran.err, ran.records[-4:])
    assert "not allowed" in json.dumps(server.asked[1]["messages"][-1])
