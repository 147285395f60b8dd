"""Tools that wait for the user's word."""

import json
from pathlib import Path

from support.answers import Reply
from support.chats import Served, kinds, serving, text_of, wait_until


def write(*paths: str, more: tuple[tuple[str, str], ...] = ()) -> Reply:
    calls = [("write_file", json.dumps({"path": path, "content": "text"})) for path in paths]
    return Reply(calls=(*calls, *more), stop="tools")


def test_dangerous_calls_of_one_answer_are_asked_about_together_and_run_when_approved(
    served: Served,
) -> None:
    conversation = served.new(enable_approval=True)
    think = ("think", '{"thought": "hm"}')
    served.script("Write one and two", write("one", "two", more=(think,)), Reply(text=("ok",)))
    with served.talk(conversation) as talk:
        talk.say("Write one and two")
        request = talk.until("tool_approval_request")[-1]
        assert [each["input"]["path"] for each in request["tools"]] == ["one", "two"]
        workspace = served.folder / "workspace" / conversation
        assert not (workspace / "one").exists()
        talk.send("tool_approval_response", decision="approve", request_id=request["request_id"])
        came = talk.until("done")
    assert "tool_approval_result" not in kinds(came)
    assert (workspace / "one").read_text() == (workspace / "two").read_text() == "text"


def test_a_denied_call_does_not_run_and_the_model_is_told(served: Served) -> None:
    conversation = served.new(enable_approval=True)
    served.script("Write what I deny", write("denied"), Reply(text=("As you wish",)))
    with served.talk(conversation) as talk:
        talk.say("Write what I deny")
        request = talk.until("tool_approval_request")[-1]
        talk.send("tool_approval_response", decision="deny", request_id=request["request_id"])
        came = talk.until("done")
    denied = came[0]
    assert (denied["decision"], denied["tools"]) == ("denied", ["write_file"])
    assert text_of(came) == "As you wish"
    assert not (served.folder / "workspace" / conversation / "denied").exists()
    told = json.dumps(served.scripts.asked["Write what I deny"][1]["messages"][2])
    assert '"User denied this tool call"' in told


def test_who_approves_the_rest_is_not_asked_again(served: Served) -> None:
    conversation = served.new(enable_approval=True)
    one_more = (write("c"), Reply(text=("and the third",)))
    served.script("Write as you like", write("a"), write("b"), Reply(text=("both",)), *one_more)
    with served.talk(conversation) as talk:
        talk.say("Write as you like")
        talk.until("tool_approval_request")
        talk.send("tool_approval_response", decision="auto_approve")
        came = talk.until("done")
        # Nor in a later turn.
        later = talk.ask("And one more")
    assert text_of(later) == "and the third"
    assert "tool_approval_request" not in kinds([*came, *later])
    assert {"type": "approval_changed", "enabled": False}.items() <= came[0].items()


def test_an_answer_to_another_request_approves_nothing(served: Served) -> None:
    conversation = served.new(enable_approval=True)
    served.script("Write when asked", write("file"), Reply(text=("done",)))
    file = served.folder / "workspace" / conversation / "file"
    with served.talk(conversation) as talk:
        # Before anything is asked.
        talk.send("tool_approval_response", decision="approve")
        assert "no request is open" in talk.until("error")[-1]["message"]
        talk.say("Write when asked")
        request = talk.until("tool_approval_request")[-1]["request_id"]
        for answer, words in (
            ({"decision": "approve", "request_id": "approval-99"}, "is not open"),
            ({"decision": "garbage", "request_id": request}, "decision: "),
            ({"decision": "garbage"}, "decision: "),
        ):
            talk.send("tool_approval_response", **answer)
            refused = talk.receive()
            assert (refused["type"], words in refused["message"]) == ("error", True)
        assert not file.exists()
        talk.send("tool_approval_response", decision="approve", request_id=request)
        talk.until("done")
    assert file.exists()


def test_a_request_that_waits_is_told_to_who_comes_later(served: Served) -> None:
    conversation = served.new(enable_approval=True)
    served.script("Ask and wait", write("later"), Reply(text=("done",)))
    with served.talk(conversation) as talk:
        talk.say("Ask and wait")
        asked = talk.until("tool_approval_request")[-1]
    with served.talk(conversation) as talk:
        again = talk.receive()
        assert (again["type"], again["request_id"]) == (
            "tool_approval_request",
            asked["request_id"],
        )
        talk.send("tool_approval_response", decision="approve", request_id=again["request_id"])
        assert talk.until("done")[-1]["files"][0]["path"] == "later"


def test_the_word_for_the_rest_ends_with_the_session(tmp_path: Path) -> None:
    with serving(tmp_path, SESSION_GRACE="0") as server:
        conversation = server.new(enable_approval=True)
        server.script(
            "Until I leave", write("a"), Reply(text=("a",)), write("b"), Reply(text=("b",))
        )
        with server.talk(conversation) as talk:
            talk.say("Until I leave")
            talk.until("tool_approval_request")
            talk.send("tool_approval_response", decision="auto_approve")
            talk.until("done")
        wait_until(lambda: server.request("GET", "/health")[1]["active_sessions"] == 0, patience=20)
        with server.talk(conversation) as talk:
            talk.say("I am back")
            talk.until("tool_approval_request")
            talk.send("tool_approval_response", decision="approve")
            talk.until("done")


def test_who_comes_anew_is_told_where_the_conversation_stands(served: Served) -> None:
    conversation = served.new(enable_approval=True)
    served.script("Write what waits", write("later"), Reply(text=("done",)), Reply(text=("more",)))
    with served.talk(conversation) as talk:
        talk.say("Write what waits")
        request = talk.until("tool_approval_request")[-1]
        talk.say("And then this")
        waiting = talk.until("message_received")[-1]
    _, shown = served.request("GET", f"/api/conversations/{conversation}")
    assert shown["active"] is True
    told = {name: request[name] for name in ("request_id", "tools")}
    assert shown["requests"] == [told | {"teammate": ""}]
    assert shown["waiting"] == [{name: waiting[name] for name in ("message_id", "content")}]
    with served.talk(conversation, f"?after={shown['sequence']}") as talk:
        answer = {"decision": "approve", "request_id": request["request_id"]}
        talk.send("tool_approval_response", **answer)
        came = talk.until("done") + talk.until("done")
    assert text_of(came) == "donemore"
    assert kinds(came)[0] == "tool_result", "what was read already is not told again"
    _, shown = served.request("GET", f"/api/conversations/{conversation}")
    assert (shown["active"], shown["requests"], shown["waiting"]) == (False, [], [])
