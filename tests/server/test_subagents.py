"""Agents that do a part of the work of a conversation."""

import json
import secrets
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from support.answers import Body, Reply
from support.chats import (
    Message,
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

Json = dict[str, Any]


def delegate(*prompts: str, kind: str = "code") -> Reply:
    asked = [{"description": "a part", "prompt": each, "agent_type": kind} for each in prompts]
    return Reply(calls=tuple(("task", json.dumps(each)) for each in asked), stop="tools")


def bash(command: str) -> Reply:
    return Reply(calls=(("bash", json.dumps({"command": command})),), stop="tools")


def of(came: list[Message], kind: str) -> list[Message]:
    return [each for each in came if each["type"] == kind]


def offered(body: Body) -> set[str]:
    return {each["name"] for each in body["tools"]}


def result_told(body: Body) -> str:
    return json.dumps(body["messages"][-1])


def test_a_subagent_works_in_the_same_workspace_and_its_last_text_is_the_result(
    served: Served,
) -> None:
    conversation = served.new()
    served.script("Have it built", delegate("Make the part"), Reply(text=("Built.",)))
    served.script("Make the part", bash("echo part > part"), Reply(text=("The part is made.",)))
    with served.talk(conversation) as talk:
        came = talk.ask("Have it built")
    started, ended = of(came, "subagent_start")[0], of(came, "subagent_end")[0]
    assert (started["task"], started["agent_type"]) == ("a part", "code")
    assert ended["subagent_id"] == started["subagent_id"]
    assert (ended["summary"], ended["tool_count"]) == ("The part is made.", 1)
    assert ended["usage"] == {"input_tokens": 200, "output_tokens": 40}
    within = [each for each in came if each.get("subagent_id") and "tool" in each]
    assert [(each["type"], each["tool"]) for each in within] == [
        ("tool_call", "bash"),
        ("tool_result", "bash"),
    ]
    assert (served.folder / "workspace" / conversation / "part").read_text() == "part\n"
    assert "The part is made." in result_told(served.scripts.asked["Have it built"][1])
    assert came[-1]["usage"]["input_tokens"] == 400
    system = json.dumps(served.scripts.asked["Make the part"][0]["system"])
    assert "You are a code subagent. Workspace: " in system


def test_a_subagent_is_no_conversation_of_its_own(served: Served) -> None:
    conversation = served.new()
    served.script("Have it hidden", delegate("Hide"), Reply(text=("ok",)))
    served.script("Hide", Reply(text=("hidden",)))
    with served.talk(conversation) as talk:
        child = of(talk.ask("Have it hidden"), "subagent_start")[0]["subagent_id"]
    listed = {each["id"] for each in served.request("GET", "/api/conversations")[1]}
    assert conversation in listed
    assert child not in listed
    assert served.request("GET", f"/api/conversations/{child}")[0] == 404


def test_subagents_of_one_answer_work_side_by_side(served: Served) -> None:
    # Each waits for the file of the other.
    waits = "for n in $(seq 200); do [ -e {0} ] && break; sleep 0.05; done; [ -e {0} ] && echo met"
    served.script("Have two", delegate("First half", "Second half"), Reply(text=("both",)))
    served.script("First half", bash("touch a;" + waits.format("b")), Reply(text=("one",)))
    served.script("Second half", bash("touch b;" + waits.format("a")), Reply(text=("two",)))
    with served.talk(served.new()) as talk:
        came = talk.ask("Have two")
    results = [each["result"] for each in of(came, "tool_result") if each["tool"] == "bash"]
    assert [each.strip() for each in results] == ["met", "met"]


@pytest.mark.parametrize("kind", ["explore", "plan"])
def test_who_only_looks_cannot_change_the_workspace(served: Served, kind: str) -> None:
    conversation = served.new()
    served.script(f"Look as {kind}", delegate(f"Look {kind}", kind=kind), Reply(text=("seen",)))
    write = bash("echo x > new && echo written || echo refused")
    served.script(f"Look {kind}", write, Reply(text=("I looked",)))
    with served.talk(conversation) as talk:
        came = talk.ask(f"Look as {kind}")
    within = next(each for each in of(came, "tool_result") if each["tool"] == "bash")
    assert "refused" in within["result"]
    assert not (served.folder / "workspace" / conversation / "new").exists()
    assert {"write_file", "edit_file", "task"}.isdisjoint(
        offered(served.scripts.asked[f"Look {kind}"][0])
    )


@pytest.mark.parametrize("kind", ["general", "explore", "code", "plan", "research"])
def test_a_subagent_makes_no_others(served: Served, kind: str) -> None:
    served.script(f"Go deep {kind}", delegate(f"Level {kind}", kind=kind), Reply(text=("up",)))
    served.script(f"Level {kind}", delegate("Below", kind="general"), Reply(text=("one",)))
    served.scripts.by_word["Below"] = []
    with served.talk(served.new()) as talk:
        came = talk.ask(f"Go deep {kind}")
    assert "task" not in offered(served.scripts.asked[f"Level {kind}"][0])
    within, own = of(came, "tool_result")
    assert (within["result"], within["failed"]) == ("Error: Unknown tool: task", True)
    assert own["result"] == "one"
    assert len(of(came, "subagent_start")) == 1


def test_an_unknown_kind_is_an_error_that_names_the_known_ones(served: Served) -> None:
    served.script("Have a wizard", delegate("Conjure", kind="wizard"), Reply(text=("no",)))
    with served.talk(served.new()) as talk:
        came = talk.ask("Have a wizard")
    result = of(came, "tool_result")[0]
    assert result["failed"]
    assert result["result"].startswith("Error: Unknown agent type 'wizard'. Known: general, ")


def test_an_interrupt_stops_the_subagent_and_its_command_at_once(served: Served) -> None:
    conversation, mark = served.new(), secrets.token_hex(8)
    served.script("Have it slow", delegate("Be slow"))
    served.script("Be slow", bash(f"touch began; sleep 60; echo {mark}"))
    workspace = served.folder / "workspace" / conversation
    with served.talk(conversation) as talk:
        talk.say("Have it slow")
        wait_until((workspace / "began").exists)
        assert alive_with(mark)
        talk.send("cancel")
        came = talk.until("done")
    assert came[-1]["cancelled"]
    assert nobody_is_left(mark) == []


def test_once_its_call_is_approved_a_subagent_works_without_asking(served: Served) -> None:
    conversation = served.new(enable_approval=True)
    served.script("Have it allowed", delegate("Work freely"), Reply(text=("ok",)))
    served.script("Work freely", bash("echo free > free"), Reply(text=("done",)))
    with served.talk(conversation) as talk:
        talk.say("Have it allowed")
        request = talk.until("tool_approval_request")[-1]
        assert [each["name"] for each in request["tools"]] == ["task"]
        talk.send("tool_approval_response", decision="approve", request_id=request["request_id"])
        came = talk.until("done")
    assert "tool_approval_request" not in kinds(came)
    assert (served.folder / "workspace" / conversation / "free").exists()


def test_a_subagent_whose_model_fails_is_a_failed_call(served: Served) -> None:
    served.script("Have it fail", delegate("Fail now"), Reply(text=("I see",)))
    served.script("Fail now", Reply(status=400))
    with served.talk(served.new()) as talk:
        came = talk.ask("Have it fail")
    result = next(each for each in of(came, "tool_result") if each["tool"] == "task")
    assert result["failed"]
    assert result["result"].startswith("Error: the subagent stopped: ")
    assert of(came, "subagent_end")[0]["error"]
    assert text_of(came) == "I see"


def test_the_tokens_of_a_subagent_count_in_the_budget_of_the_turn(tmp_path: Path) -> None:
    with serving(tmp_path, MAX_TOKEN_BUDGET="5000") as served:
        served.script("Have it dear", delegate("Spend"), Reply(text=("never said",)))
        served.script("Spend", Reply(text=("spent",), usage=(6000, 20)))
        with served.talk(served.new()) as talk:
            came = talk.ask("Have it dear")
    assert of(came, "error")[-1]["message"] == "Token budget exceeded"
    assert "never said" not in text_of(came)


def test_a_deleted_conversation_takes_its_subagents_with_it(served: Served) -> None:
    conversation = served.new()
    served.script("Have one to lose", delegate("Vanish"), Reply(text=("ok",)))
    served.script("Vanish", Reply(text=("gone",)))
    with served.talk(conversation) as talk:
        child = of(talk.ask("Have one to lose"), "subagent_start")[0]["subagent_id"]
    assert served.request("DELETE", f"/api/conversations/{conversation}")[0] == 200
    journal = sqlite3.connect(served.folder.parent / "home" / "journal.sqlite3")
    with closing(journal):
        assert not journal.execute("SELECT 1 FROM runs WHERE run = ?", (child,)).fetchall()


def test_a_killed_server_goes_on_with_the_subagent_that_it_began(tmp_path: Path) -> None:
    scripts = Scripts()
    with model_server(think=scripts.think) as model:
        served = start_server(tmp_path, model, scripts)
        conversation = served.new()
        served.script("Have it survive", delegate("Live on"), Reply(text=("Survived.",)))
        slow = bash("echo began >> steps; sleep 1; echo ended >> steps")
        served.script("Live on", slow, Reply(text=("I lived",)))
        steps = served.folder / "workspace" / conversation / "steps"
        with served.talk(conversation) as talk:
            talk.say("Have it survive")
            last = talk.until("subagent_start")[-1]["sequence"]
            wait_until(lambda: steps.exists() and bool(steps.read_text()))
            served.kill()
        served = start_server(tmp_path, model, scripts)
        try:
            with served.talk(conversation, f"?after={last}") as talk:
                came = talk.until("done")
            assert served.stop() == 0
        finally:
            served.kill()
    # One subagent, begun once; its command was not run again, and it was told so.
    assert of(came, "subagent_start") == []
    assert of(came, "subagent_end")[0]["summary"] == "I lived"
    assert steps.read_text().splitlines().count("began") == 1
    assert "outcome unknown" in result_told(scripts.asked["Live on"][1])
    assert text_of(came) == "Survived."


def test_what_a_subagent_asks_its_model_is_traced_in_the_same_series(served: Served) -> None:
    served.script("Have it traced", delegate("Leave traces"), Reply(text=("ok",)))
    served.script("Leave traces", Reply(text=("left",)))
    with served.talk(served.new(enable_tracing=True)) as talk:
        came = talk.ask("Have it traced")
    child = of(came, "subagent_start")[0]["subagent_id"]
    asked = of(came, "llm_request")
    assert [each["seq"] for each in asked] == [1, 2, 3]
    assert [each["agent"] for each in asked] == ["", child, ""]
    assert {each["seq"] for each in of(came, "llm_response")} == {1, 2, 3}
