"""Teammates that work beside a conversation."""

import json
import re
import secrets
from collections.abc import Generator
from pathlib import Path
from typing import Any

import pytest
from support.answers import Reply
from support.chats import (
    Scripts,
    Served,
    kinds,
    serving,
    start_server,
    text_of,
    wait_until,
)
from support.life import alive_with, nobody_is_left
from support.model_server import model_server
from support.teams import bash, call, of, offered, spawn, statuses, told, until_status

Arguments = dict[str, Any]


@pytest.fixture(scope="module")
def quick(tmp_path_factory: pytest.TempPathFactory) -> Generator[Served]:
    """A server whose teammates end soon when there is nothing to do."""
    with serving(tmp_path_factory.mktemp("teams"), TEAMMATE_IDLE_TIMEOUT="1") as served:
        yield served


def test_a_teammate_works_beside_the_conversation_and_reports_to_its_lead(quick: Served) -> None:
    conversation = quick.new(enable_teams=True)
    quick.script("Get help", spawn("ada", "Ada builds"), Reply(text=("She works.",)))
    quick.script(
        "Ada builds",
        bash("echo built > built"),
        call("send_message", to="lead", content="It is built."),
        call("idle"),
    )
    with quick.talk(conversation) as talk:
        talk.ask("Get help")
        came = until_status(talk, "ada", "shutdown")
        quick.script("Get help", Reply(text=("Good.",)))
        later = talk.ask("And?")
    assert of(came, "teammate_status")[0]["role"] == "builder"
    assert statuses(came, "ada") == ["working", "working", "idle", "shutdown"]
    within = [each for each in of(came, "tool_result") if each.get("teammate") == "ada"]
    assert [each["tool"] for each in within] == ["bash", "send_message", "idle"]
    assert (quick.folder / "workspace" / conversation / "built").exists()
    config = quick.folder / "workspace" / conversation / ".team" / "config.json"
    ada = {"name": "ada", "role": "builder", "status": "shutdown"}
    wait_until(lambda: json.loads(config.read_text())["members"] == [ada])
    # The lead reads its inbox before the next question to its model.
    question = quick.scripts.asked["Get help"][-1]["messages"]
    inbox, noted, asked = (json.dumps(each) for each in question[-3:])
    assert "<inbox>" in inbox
    assert "It is built." in inbox
    assert "Noted inbox messages from teammates." in noted
    assert "And?" in asked
    assert text_of(later) == "Good."
    # The lead's three answers, and the teammate's three.
    assert later[-1]["usage"]["input_tokens"] == 600


def test_a_teammate_knows_who_it_is_and_makes_no_others(quick: Served) -> None:
    quick.script("Get Bob", spawn("bob", "Bob looks"), Reply(text=("ok",)))
    quick.script("Bob looks", Reply(text=("seen",)))
    with quick.talk(quick.new(enable_teams=True)) as talk:
        talk.ask("Get Bob")
        until_status(talk, "bob", "idle")
    body = quick.scripts.asked["Bob looks"][0]
    assert "You are 'bob', role: builder" in json.dumps(body["system"])
    assert {"spawn_teammate", "task", "broadcast"}.isdisjoint(offered(body))
    assert {"bash", "send_message", "read_inbox", "idle"} <= offered(body)


def test_without_teams_there_is_no_tool_of_teams(quick: Served) -> None:
    quick.script("No help", spawn("eve", "Eve works"), Reply(text=("alone",)))
    with quick.talk(quick.new()) as talk:
        came = talk.ask("No help")
    assert "spawn_teammate" not in offered(quick.scripts.asked["No help"][0])
    assert of(came, "tool_result")[0]["failed"]
    assert of(came, "teammate_status") == []


def test_a_shutdown_request_is_answered_and_resolves(served: Served) -> None:
    conversation = served.new(enable_teams=True)
    served.script("Begin", spawn("cleo", "Cleo works"), Reply(text=("ok",)))
    served.script("Cleo works", Reply(text=("ready",)))
    with served.talk(conversation) as talk:
        talk.ask("Begin")
        until_status(talk, "cleo", "idle")
        served.script("Begin", call("shutdown_request", teammate="cleo"), Reply(text=("asked",)))
        served.scripts.by_word["Cleo works"] = []
        before = len(talk.seen)
        asked = of(talk.ask("End Cleo"), "tool_result")[0]["result"]
        request = asked.split()[2]
        assert asked == f"Shutdown request {request} sent to 'cleo' (status: pending)"
        # Its first answer failed for want of a script: it is idle again, and still asked.
        until_status(talk, "cleo", "idle", after=before)
        served.script(
            "Cleo works",
            call("shutdown_response", request_id=request, approve=True, reason="all done"),
        )
        served.script(
            "Begin",
            call("send_message", to="cleo", content="Well?"),
            Reply(text=("waiting",)),
            call("check_protocol", request_id=request),
            Reply(text=("gone",)),
        )
        talk.ask("Press Cleo")
        until_status(talk, "cleo", "shutdown")
        checked = of(talk.ask("Is she gone?"), "tool_result")[0]["result"]
    assert checked == f"Request {request}: type=shutdown, target=cleo, status=approved"


def test_a_plan_waits_for_the_lead_who_sends_it_back_or_approves_it(served: Served) -> None:
    served.script("Plan it", spawn("dan", "Dan plans"), Reply(text=("ok",)))
    served.script("Dan plans", call("submit_plan", plan="1. dig"), call("idle"))
    with served.talk(served.new(enable_teams=True)) as talk:
        talk.ask("Plan it")
        until_status(talk, "dan", "idle")
        served.script("Plan it", Reply(text=("I see",)))
        talk.ask("What came?")
        inbox = told(served.scripts.asked["Plan it"][-1])
        assert "plan_approval_request" in inbox
        request = re.findall(r"request_id\W+([0-9a-f]{8})", inbox)[0]
        served.script(
            "Plan it",
            call("plan_review", request_id=request, approve=True, feedback="dig deep"),
            call("plan_review", request_id=request, approve=False),
            Reply(text=("decided",)),
        )
        served.script("Dan plans", Reply(text=("I dig",)))
        before = len(talk.seen)
        came = talk.ask("Approve")
        until_status(talk, "dan", "idle", after=before)
    results = [each["result"] for each in of(came, "tool_result") if "teammate" not in each]
    assert results == ["Plan approved for 'dan'", "Error: the plan of 'dan' was approved already"]
    decision = told(served.scripts.asked["Dan plans"][-1])
    assert "plan_approval_response" in decision
    assert "dig deep" in decision


def test_no_more_teammates_than_the_limit_and_no_name_twice(tmp_path: Path) -> None:
    with serving(tmp_path, MAX_TEAMMATES="2") as served:
        served.script(
            "Many",
            spawn("one", "Work as one"),
            spawn("one", "Work as one again"),
            spawn("two", "Work as two"),
            spawn("three", "Work as three"),
            call("list_teammates"),
            call("broadcast", content="hello"),
            Reply(text=("full",)),
        )
        for word in ("one", "two"):
            served.script(f"Work as {word}", bash("sleep 20"))
        with served.talk(served.new(enable_teams=True)) as talk:
            came = talk.ask("Many")
    results = [each["result"] for each in of(came, "tool_result") if "teammate" not in each]
    assert results == [
        "Spawned 'one' (role: builder)",
        "Error: 'one' is currently working",
        "Spawned 'two' (role: builder)",
        "Error: 2 teammates are there already: shut one down first",
        "Team: default\n  one (builder): working\n  two (builder): working",
        "Broadcast to 2 teammates",
    ]


def test_a_teammate_asks_before_it_acts_where_approval_is_on(quick: Served) -> None:
    conversation = quick.new(enable_teams=True, enable_approval=True)
    quick.script("Careful", spawn("fay", "Fay writes"), Reply(text=("ok",)))
    quick.script("Fay writes", bash("echo a > a"), bash("echo b > b"), Reply(text=("written",)))
    workspace = quick.folder / "workspace" / conversation
    with quick.talk(conversation) as talk:
        talk.say("Careful")
        own = talk.until("tool_approval_request")[-1]
        talk.send("tool_approval_response", decision="approve", request_id=own["request_id"])
        first = talk.until("tool_approval_request")[-1]
        assert (first["teammate"], first["tools"][0]["name"]) == ("fay", "bash")
        _, shown = quick.request("GET", f"/api/conversations/{conversation}")
        assert shown["requests"] == [
            {name: first[name] for name in ("request_id", "tools", "teammate")}
        ]
        assert not (workspace / "a").exists()
        talk.send("tool_approval_response", decision="approve", request_id=first["request_id"])
        second = talk.until("tool_approval_request")[-1]
        assert (workspace / "a").exists()
        talk.send("tool_approval_response", decision="deny", request_id=second["request_id"])
        until_status(talk, "fay", "idle")
    assert not (workspace / "b").exists()
    assert "User denied this tool call" in told(quick.scripts.asked["Fay writes"][-1])


def test_who_comes_later_is_told_of_every_teammate_that_waits_for_an_approval(
    quick: Served,
) -> None:
    conversation = quick.new(enable_teams=True)
    quick.script("Both", spawn("max", "Max asks"), spawn("nel", "Nel asks"), Reply(text=("ok",)))
    for name in ("Max", "Nel"):
        quick.script(f"{name} asks", call("idle"), bash(f"echo {name} > {name}"), call("idle"))
    with quick.talk(conversation) as talk:
        talk.ask("Both")
        talk.send("toggle_approval", enabled=True)
        talk.until("approval_changed")
        quick.script(
            "Both", call("broadcast", content="go"), Reply(text=("sent",)), Reply(text=("so",))
        )
        talk.say("Let them go on")
        own = talk.until("tool_approval_request")[-1]
        talk.send("tool_approval_response", decision="approve", request_id=own["request_id"])
        talk.until("tool_approval_request")
        talk.until("tool_approval_request")
    with quick.talk(conversation) as talk:
        asked = [talk.receive(), talk.receive()]
        assert {each["teammate"] for each in asked} == {"max", "nel"}
        for each in asked:
            talk.send("tool_approval_response", decision="approve", request_id=each["request_id"])
        until_status(talk, "max", "shutdown")


def test_who_approves_the_rest_is_not_asked_by_teammates_either(quick: Served) -> None:
    conversation = quick.new(enable_teams=True, enable_approval=True)
    quick.script("Trust", spawn("gus", "Gus writes"), Reply(text=("ok",)))
    quick.script("Gus writes", bash("echo c > c"), Reply(text=("written",)))
    with quick.talk(conversation) as talk:
        talk.say("Trust")
        talk.until("tool_approval_request")
        talk.send("tool_approval_response", decision="auto_approve")
        came = until_status(talk, "gus", "idle", after=len(talk.seen))
    assert "tool_approval_request" not in kinds(came)
    assert (quick.folder / "workspace" / conversation / "c").exists()


def test_mail_to_nobody_comes_back(quick: Served) -> None:
    quick.script("Post", call("send_message", to="nobody", content="hi"), Reply(text=("no",)))
    with quick.talk(quick.new(enable_teams=True)) as talk:
        result = of(talk.ask("Post"), "tool_result")[0]
    assert result["result"] == "Error: 'nobody' is not an active teammate. Active: nobody"


def test_teammates_write_to_one_another_through_their_lead(quick: Served) -> None:
    quick.script(
        "Two of you", spawn("hal", "Hal waits"), spawn("ivy", "Ivy writes"), Reply(text=("ok",))
    )
    quick.script("Hal waits", Reply(text=("waiting",)), Reply(text=("got it",)))
    quick.script("Ivy writes", call("send_message", to="hal", content="Your turn"), call("idle"))
    with quick.talk(quick.new(enable_teams=True)) as talk:
        talk.ask("Two of you")
        wait_until(lambda: len(quick.scripts.asked.get("Hal waits", [])) == 2)
    assert "Your turn" in told(quick.scripts.asked["Hal waits"][1])


def test_a_killed_server_goes_on_with_its_teammates_and_loses_no_mail(tmp_path: Path) -> None:
    scripts = Scripts()
    with model_server(think=scripts.think) as model:
        served = start_server(tmp_path, model, scripts)
        conversation = served.new(enable_teams=True)
        served.script("Outlive", spawn("joy", "Joy lasts"), Reply(text=("ok",)))
        served.script(
            "Joy lasts",
            bash("echo began >> steps; sleep 1"),
            call("send_message", to="lead", content="I outlived it."),
            call("idle"),
        )
        steps = served.folder / "workspace" / conversation / "steps"
        with served.talk(conversation) as talk:
            last = talk.ask("Outlive")[-1]["sequence"]
            wait_until(steps.exists)
            served.kill()
        served = start_server(tmp_path, model, scripts)
        try:
            with served.talk(conversation, f"?after={last}") as talk:
                came = until_status(talk, "joy", "idle")
                served.script("Outlive", Reply(text=("Good",)))
                talk.ask("And?")
            assert served.stop() == 0
        finally:
            served.kill()
    assert statuses(came, "joy")[-1] == "idle"
    assert steps.read_text() == "began\n"
    assert told(scripts.asked["Outlive"][-1]).count("I outlived it.") == 1


def test_a_deleted_conversation_ends_its_teammates(served: Served) -> None:
    conversation, mark = served.new(enable_teams=True), secrets.token_hex(8)
    served.script("Doomed", spawn("kim", "Kim sleeps"), Reply(text=("ok",)))
    served.script("Kim sleeps", bash(f"touch began; sleep 60; echo {mark}"))
    workspace = served.folder / "workspace" / conversation
    with served.talk(conversation) as talk:
        talk.ask("Doomed")
        wait_until((workspace / "began").exists)
        assert alive_with(mark)
    assert served.request("DELETE", f"/api/conversations/{conversation}")[0] == 200
    assert nobody_is_left(mark) == []


def test_an_idle_teammate_takes_open_tasks_from_the_board_one_after_another(
    tmp_path: Path,
) -> None:
    with serving(tmp_path, TEAMMATE_IDLE_TIMEOUT="1", TEAMMATE_IDLE_LOOK="0.2") as served:
        served.script(
            "Share work",
            call("task_create", subject="First job", description="dig"),
            call("task_create", subject="Blocked job"),
            call("task_update", taskId=2, addBlockedBy=[1]),
            spawn("lou", "Lou takes jobs"),
            Reply(text=("shared",)),
        )
        served.script(
            "Lou takes jobs",
            call("idle"),
            call("task_update", taskId=1, status="completed"),
            call("idle"),
            call("task_update", taskId=2, status="completed"),
            call("idle"),
        )
        conversation = served.new(enable_teams=True)
        with served.talk(conversation) as talk:
            talk.ask("Share work")
            came = until_status(talk, "lou", "shutdown")
        asked = [told(each) for each in served.scripts.asked["Lou takes jobs"]]
    assert "<auto-claimed>Task #1: First job" in asked[1]
    assert "<auto-claimed>Task #2: Blocked job" in asked[3]
    board = of(came, "task_update")[-1]["tasks"]
    assert [(each["status"], each["owner"]) for each in board] == [("completed", "lou")] * 2
    assert of(came, "teammate_status")[-1]["reason"] == "no work came"
