"""Every message of a client, and every event of the server, over real sockets."""

import re
from pathlib import Path

import pytest
from support.answers import Reply
from support.blackbox import Service, Socket, calling, shape
from support.chats import wait_until

PAGE = (Path(__file__).resolve().parents[2] / "docs" / "server.md").read_text()
USAGE = {"input_tokens": int, "output_tokens": int, "last_input_tokens": int, "plan_mode": bool}
STAMP = {"run", "sequence", "event_id", "time"}
SLOW = Reply(text=tuple(f"w{n} " for n in range(60)), fault="slow")


def streamed(service: Service) -> Socket:
    service.script("Think aloud", Reply(thinking="hm", text=("a ", "b")))
    with service.socket(service.new(enable_thinking=True, thinking_effort="xhigh")) as socket:
        came = socket.ask("Think aloud")
    for kind in ("thinking_delta", "thinking"):
        thought = socket.first(kind)
        assert (thought["content"], thought["effort"]) == ("hm", "max")
    assert "".join(each["content"] for each in came if each["type"] == "text_delta") == "a b"
    assert shape(came[-1]["usage"]) == USAGE
    return socket


def interrupted(service: Service) -> Socket:
    service.script("Count first", SLOW, Reply(text=("then this",)))
    with service.socket(service.new()) as socket:
        socket.send("message", content="Count first")
        socket.until("text_delta")
        socket.send("interrupt", content="Rather this")
        last = socket.until("interrupted")[-1]
        assert shape(last["usage"]) == USAGE
        assert "w59 " not in [each.get("content") for each in socket.seen]
        socket.until("done")
    return socket


def cancelled(service: Service) -> Socket:
    service.script("Count and cancel", SLOW, Reply(text=("next",)))
    with service.socket(service.new()) as socket:
        socket.send("message", content="Count and cancel")
        socket.until("text_delta")
        socket.send("cancel")
        assert socket.until("done")[-1]["cancelled"] is True
        assert socket.ask("The socket stays")[-1]["type"] == "done"
    return socket


def approved(service: Service) -> Socket:
    write = [calling("write_file", path=f"{n}.txt", content="x") for n in range(3)]
    service.script("Ask me thrice", *write, Reply(text=("asked",)))
    conversation = service.new()
    with service.socket(conversation) as socket:
        socket.send("toggle_approval", enabled=True)
        assert socket.until("approval_changed")[-1]["enabled"] is True
        socket.send("message", content="Ask me thrice")
        for decision in ("deny", "approve", "auto_approve"):
            request = socket.until("tool_approval_request")[-1]
            assert shape(request["tools"]) == [
                {"name": str, "input": {"path": str, "content": str}, "id": str}
            ]
            answer = {"decision": decision, "request_id": request["request_id"]}
            socket.send("tool_approval_response", **answer)
        socket.until("done")
    denied = socket.first("tool_approval_result")
    assert (denied["decision"], denied["tools"]) == ("denied", ["write_file"])
    rows = service.json("GET", f"/api/workspace/files?conversation={conversation}")
    assert [row["path"] for row in rows] == ["1.txt", "2.txt"]
    return socket


def planned(service: Service) -> Socket:
    plans = [calling("exit_plan_mode", plan=f"{n}. do") for n in (1, 2)]
    service.script("Plan with me", *plans, Reply(text=("done it",)))
    with service.socket(service.new()) as socket:
        socket.send("toggle_plan_mode", enabled=True)
        socket.until("plan_mode_changed")
        socket.ask("Plan with me")
        socket.send("plan_approval", decision="reject", feedback="longer")
        assert socket.until("done")[0]["feedback"] == "longer"
        socket.send("plan_approval", decision="approve")
        assert socket.until("done")[0]["type"] == "plan_approved"
    return socket


def teamed(service: Service) -> Socket:
    spawn = calling("spawn_teammate", name="bob", role="r", prompt="A first task for bob")
    service.script("Work as a team", spawn, Reply(text=("team",)))
    service.script("A first task for bob", Reply(text=("ok",)))
    with service.socket(service.new()) as socket:
        socket.send("toggle_teams", enabled=True)
        socket.until("teams_changed")
        socket.ask("Work as a team")
    return socket


def delegated(service: Service) -> Socket:
    task = calling("task", description="Look", prompt="Look at all of it", agent_type="general")
    service.script("Delegate it", task, Reply(text=("done",)))
    service.script("Look at all of it", calling("bash", command="echo in"), Reply(text=("seen",)))
    with service.socket(service.new()) as socket:
        socket.ask("Delegate it")
    inner = [
        each for each in socket.seen if each.get("subagent_id") and each["type"] == "tool_call"
    ]
    assert [each["tool"] for each in inner] == ["bash"], "its calls are seen"
    return socket


def listed(service: Service) -> Socket:
    todo = calling("todo_add", content="a", activeForm="Doing a")
    service.script("List the work", todo, calling("task_create", subject="b"), Reply(text=("ok",)))
    with service.socket(service.new()) as socket:
        socket.ask("List the work")
    todos = socket.first("todo_update")["todos"]
    assert todos == [{"content": "a", "status": "pending", "activeForm": "Doing a"}]
    (task,) = socket.first("task_update")["tasks"]
    assert set(task) == {"id", "subject", "description", "status", "blockedBy", "blocks", "owner",
                         "activeForm", "metadata"}  # fmt: skip
    return socket


def behind(service: Service) -> Socket:
    run, wait = calling("background_run", command="echo behind"), calling("bash", command="sleep 1")
    service.script("Run it behind", run, wait, Reply(text=("heard",)))
    with service.socket(service.new()) as socket:
        socket.ask("Run it behind")
    (note,) = socket.first("background_result")["notifications"]
    assert (note["status"], note["command"], note["result"]) == (
        "completed",
        "echo behind",
        "behind",
    )
    return socket


def compacted(service: Service) -> Socket:
    steps = [calling("bash", command=f"echo {n}") for n in range(8)]
    last = [calling("compact", focus="numbers"), Reply(text=("ok",)), Reply(text=("ok",))]
    service.script("Make it short", *steps, *last)
    with service.socket(service.new()) as socket:
        socket.ask("Make it short")
    assert socket.first("compact")["message"] == "Manual compaction triggered"
    return socket


def traced(service: Service) -> Socket:
    service.script("Trace it", Reply(text=("traced",)))
    with service.socket(service.new(enable_tracing=True)) as socket:
        socket.ask("Trace it")
    asked, answered = socket.first("llm_request"), socket.first("llm_response")
    assert asked["seq"] == answered["seq"]
    assert {"model", "system", "messages", "tools", "max_tokens", "temperature", "message_count",
            "tool_count", "thinking_enabled", "thinking_effort"} <= set(asked)  # fmt: skip
    assert (answered["content"], answered["done"], answered["tool_calls"]) == ("traced", True, [])
    return socket


def failed(service: Service) -> Socket:
    service.script("Fail once", Reply(status=400))
    with service.socket(service.new()) as socket:
        assert [each["type"] for each in socket.ask("Fail once")][-2:] == ["error", "done"]
    return socket


def remembered(service: Service) -> Socket:
    """Of a service that takes notes when a client has left."""
    service.script("To be remembered", Reply(text=("yes",)))
    service.script("USER: To be remembered", Reply(text=("- The user was here\n",)))
    conversation = service.new()
    with service.socket(conversation) as socket:
        socket.ask("To be remembered")
    wait_until(lambda: service.json("GET", "/api/memory")["content"] == "- The user was here")
    with service.socket(conversation, "?after=0") as socket:
        note = socket.until("memory")[-1]
    assert (note["result"], note["added"]) == ("updated", ["The user was here"])
    return socket


TALKS = (streamed, interrupted, cancelled, approved, planned, teamed, delegated, listed, behind,
         compacted, traced, failed)  # fmt: skip


@pytest.mark.timeout(240)
def test_every_documented_event_comes_with_its_stamp(
    service: Service, remembering: Service
) -> None:
    page = PAGE[PAGE.index("Events of the server.") : PAGE.index("## Tracing")]
    rows = re.findall(r"^\| ((?:`\w+`(?:, )?)+) \|", page, re.MULTILINE)
    documented = {name for row in rows for name in re.findall(r"\w+", row)}
    seen: set[str] = set()
    for socket in (*(talk(service) for talk in TALKS), remembered(remembering)):
        for event in socket.seen:
            assert set(event) >= STAMP, event
            seen.add(event["type"])
        numbers = [event["sequence"] for event in socket.seen]
        assert numbers == sorted(numbers), "a sequence never falls"
    assert seen == documented


@pytest.mark.parametrize(
    "sent", ["no json", "[1, 2]", "5", "null", b"\0\1", '{"type": "dance"}', '{"type": "message"}',
             '{"type": "message", "content": 5}', '{"type": "message", "content": " "}',
             '{"type": "tool_approval_response", "decision": "garbage"}', '{"type": "cancel"}']
)  # fmt: skip
def test_what_cannot_be_followed_is_an_error_and_the_socket_stays(
    service: Service, sent: str | bytes
) -> None:
    service.script("After a mistake", Reply(text=("still here",)))
    with service.socket(service.new()) as socket:
        for _ in range(2):
            socket.connection.send(sent)
            assert socket.until("error")[-1]["message"]
        assert socket.ask("After a mistake")[-1]["type"] == "done"
        socket.connection.send(sent)
        error = socket.until("error")[-1]
    stamp = {name: error[name] for name in STAMP}
    assert shape(stamp) == {"run": str, "sequence": int, "event_id": str, "time": str}
    assert error["sequence"] >= socket.seen[-2]["sequence"], "it stands behind the last event"
    assert len({each["event_id"] for each in socket.seen}) == len(socket.seen)


def test_who_comes_back_misses_nothing(service: Service) -> None:
    conversation = service.new()
    service.script("Come back later", Reply(text=("all of it",)))
    with service.socket(conversation) as socket:
        whole = socket.ask("Come back later")
    with service.socket(conversation, f"?after={whole[0]['sequence']}") as socket:
        again = socket.until("done")
    assert [each["type"] for each in again] == [each["type"] for each in whole[1:]]


def test_who_comes_back_after_any_event_misses_nothing_that_followed(service: Service) -> None:
    several = Reply(
        thinking="hm",
        text=("I ", "look"),
        calls=(("think", '{"thought": "a"}'), ("todo_list", "{}"), ("task_list", "{}")),
        stop="tools",
    )
    service.script("Look around", several, Reply(status=400))
    conversation = service.new(enable_tracing=True)
    with service.socket(conversation) as socket:
        came = socket.ask("Look around")
    assert [each["type"] for each in came[-2:]] == ["error", "done"]
    ids = [each["event_id"] for each in came]
    for place, last in enumerate(came[:-1]):
        with service.socket(conversation, f"?after={last['sequence']}") as socket:
            again = [each["event_id"] for each in socket.until("done")]
        missed = set(ids[place + 1 :]) - set(again)
        streamed = {each["event_id"] for each in came if each["type"].endswith("_delta")}
        assert missed <= streamed, (last, missed)
        # What comes again belongs to an event of which something was still to come.
        twice = set(ids[: place + 1]) & set(again)
        assert all(each.rpartition(".")[0] == ids[place + 1].rpartition(".")[0] for each in twice)


def test_an_unknown_conversation_is_named_and_closed(service: Service) -> None:
    with service.socket("000000000000") as socket:
        error = socket.until("error")[-1]
    assert (error["message"], error["sequence"]) == ("Conversation not found", 0)
    assert error["event_id"]
