"""Conversations through the front door: a real server, real sockets, a model over real HTTP."""

import json
import time
from pathlib import Path

import pytest
from support.answers import Reply
from support.chats import Message, Served, kinds, serving, text_of, wait_until
from websockets.exceptions import InvalidStatus


def bash(command: str, **more: object) -> Reply:
    return Reply(calls=(("bash", json.dumps({"command": command})),), stop="tools", **more)  # type: ignore[arg-type]


def write(path: str, content: str) -> Reply:
    arguments = json.dumps({"path": path, "content": content})
    return Reply(calls=(("write_file", arguments),), stop="tools")


def test_a_turn_with_a_tool_streams_text_calls_results_and_its_end(served: Served) -> None:
    conversation = served.new()
    served.script(
        "Write the note",
        Reply(
            text=("I write ", "it."),
            calls=(("write_file", '{"path": "note.txt", "content": "hello"}'),),
            stop="tools",
        ),
        Reply(text=("Written",)),
    )
    with served.talk(conversation) as talk:
        came = talk.ask("Write the note")
    assert kinds(came) == [
        "message_received", "turn_started", "text_delta", "tool_call", "tool_result", "text_delta",
        "done",
    ]  # fmt: skip
    call, result = came[-4], came[-3]
    assert call["id"] == result["id"]
    assert (call["tool"], call["input"]["path"]) == ("write_file", "note.txt")
    assert result["result"] == "Wrote 5 bytes to note.txt"
    assert text_of(came) == "I write it.Written"
    assert came[-1]["files"] == [{"name": "note.txt", "path": "note.txt", "size": 5}]
    assert came[-1]["usage"] == {
        "input_tokens": 200, "output_tokens": 40, "last_input_tokens": 100, "plan_mode": False,
    }  # fmt: skip
    assert all(each["run"] == conversation and each["time"].endswith("+00:00") for each in came)
    numbers = [each["sequence"] for each in came]
    assert numbers == sorted(numbers)
    assert len({each["event_id"] for each in came}) == len(came)


def test_a_conversation_is_listed_shown_and_deleted(served: Served) -> None:
    conversation = served.new(system_prompt="You are brief.", enable_approval=True)
    served.script("Say two words", Reply(text=("Two words",)))
    with served.talk(conversation) as talk:
        talk.ask("Say two words")
    _, rows = served.request("GET", "/api/conversations?limit=1000")
    row = next(each for each in rows if each["id"] == conversation)
    assert (row["title"], row["message_count"]) == ("Say two words", 2)
    _, shown = served.request("GET", f"/api/conversations/{conversation}")
    assert [(each["role"], each["content"]) for each in shown["messages"]] == [
        ("user", "Say two words"),
        ("assistant", "Two words"),
    ]
    assert (shown["enable_approval"], shown["total_input_tokens"]) == (True, 100)
    system = served.scripts.asked["Say two words"][0]["system"]
    assert [each["text"] for each in system] == ["You are brief."]
    assert served.request("DELETE", f"/api/conversations/{conversation}") == (
        200,
        {"status": "deleted"},
    )
    gone = (404, {"detail": "Conversation not found"})
    assert served.request("GET", f"/api/conversations/{conversation}") == gone
    assert served.request("DELETE", f"/api/conversations/{conversation}") == gone
    _, rows = served.request("GET", "/api/conversations?limit=1000")
    assert conversation not in [each["id"] for each in rows]


def test_the_list_knows_what_was_said_since_it_was_made(served: Served) -> None:
    conversation = served.new()
    served.script("First", Reply(text=("one",)), Reply(text=("two",)))

    def counted() -> int:
        _, rows = served.request("GET", "/api/conversations?limit=1000")
        return next(each["message_count"] for each in rows if each["id"] == conversation)

    with served.talk(conversation) as talk:
        talk.ask("First")
        assert counted() == 2
        talk.ask("Second")
    assert [counted(), counted()] == [4, 4]


def test_a_conversation_that_is_not_there_is_said_and_the_socket_closed(served: Served) -> None:
    with served.talk("0123456789ab") as talk:
        assert talk.receive()["message"] == "Conversation not found"


def test_unknown_fields_and_presets_are_refused_with_their_name(served: Served) -> None:
    for body, field in (({"presett": "work"}, "presett"), ({"preset": "poems"}, "preset")):
        status, answer = served.request("POST", "/api/chat", body)
        assert status == 422
        assert answer["detail"][0]["loc"] == ["body", field]
        assert answer["detail"][0]["input"] == body[field]
        assert (answer["field"], answer["cure"] != "") == (field, True)


@pytest.mark.parametrize("unknown", ["0123456789ab", "nope", "UPPER123", "a" * 40, "%00", "a%0ab"])
def test_an_id_that_is_not_there_is_not_found_whatever_it_looks_like(
    served: Served, unknown: str
) -> None:
    for method in ("GET", "DELETE"):
        status, answer = served.request(method, f"/api/conversations/{unknown}")
        assert (status, answer) == (404, {"detail": "Conversation not found"})
    status, answer = served.request("GET", f"/session/{unknown}")
    assert (status, answer["detail"], answer["field"]) == (404, "Session not found", "session_id")


def test_an_interrupt_ends_the_stream_at_once_and_goes_on_with_the_new_message(
    served: Served,
) -> None:
    conversation = served.new()
    slow = Reply(text=tuple(f"word{number} " for number in range(200)), fault="slow")
    served.script("Count slowly", slow, Reply(text=("Stopped counting",)))
    with served.talk(conversation) as talk:
        talk.say("Count slowly")
        talk.until("text_delta")
        began = time.monotonic()
        talk.send("interrupt", content="Stop that")
        came = talk.until("interrupted")
        assert time.monotonic() - began < 2, "the stream of ten seconds was not read to its end"
        came = talk.until("done")
    assert text_of(came) == "Stopped counting"
    second = served.scripts.asked["Count slowly"][1]["messages"]
    assert [each["role"] for each in second] == ["user", "assistant", "user"]
    # What the user has read is in the history, and no more.
    heard = text_of(talk.seen).removesuffix("Stopped counting")
    assert second[1]["content"] == [{"type": "text", "text": heard}]


def test_a_cancel_kills_the_running_tool_and_leaves_a_history_that_is_valid(
    served: Served,
) -> None:
    conversation = served.new()
    beat = "while :; do echo . >> beats; sleep 0.02; done"
    served.script("Start the long command", bash(beat), Reply(text=("I looked",)))
    with served.talk(conversation) as talk:
        talk.say("Start the long command")
        talk.until("tool_call")
        beats = served.folder / "workspace" / conversation / "beats"
        wait_until(beats.exists)
        began = time.monotonic()
        talk.send("cancel")
        done = talk.until("done")[-1]
        assert time.monotonic() - began < 10, "its limit of a minute was not waited for"
        assert done["cancelled"] is True
        # The end is recorded before the call is killed, which takes moments on a busy machine.
        talk.ask("What happened?")
        so_far = beats.stat().st_size
    asked = served.scripts.asked["Start the long command"][1]["messages"]
    result = asked[2]["content"][0]
    assert result["type"] == "tool_result"
    assert "interrupted the turn while this call ran" in json.dumps(result["content"])
    time.sleep(0.3)
    assert beats.stat().st_size == so_far


def test_messages_during_a_turn_wait_visibly_and_are_worked_on_in_order(served: Served) -> None:
    conversation = served.new()
    slow = Reply(text=("a ", "b ", "c ", "d "), fault="slow")
    served.script("First of three", slow, Reply(text=("two",)), Reply(text=("three",)))
    with served.talk(conversation) as talk:
        for content in ("First of three", "Second", "Third"):
            talk.say(content)
        came = talk.until("done") + talk.until("done") + talk.until("done")
    started = [each["content"] for each in came if each["type"] == "turn_started"]
    assert started == ["First of three", "Second", "Third"]
    second = next(each for each in came if each.get("content") == "Second")
    first_end = next(each for each in came if each["type"] == "done")
    assert second["type"] == "message_received"
    assert came.index(second) < came.index(first_end)


def test_a_turn_runs_alone_whoever_comes_and_goes(served: Served) -> None:
    conversation = served.new()
    slow = Reply(text=tuple(f"{number} " for number in range(30)), fault="slow")
    served.script("One at a time", slow, Reply(text=("second",)))
    with served.talk(conversation) as stays:
        with served.talk(conversation) as leaves:
            leaves.say("One at a time")
            leaves.until("text_delta")
        with served.talk(conversation) as comes:
            comes.say("The next")
            came = stays.until("done") + stays.until("done")
    asked = served.scripts.asked["One at a time"]
    assert [each["role"] for each in asked[1]["messages"]] == ["user", "assistant", "user"]
    assert text_of(came) == "".join(slow.text) + "second"
    turns = [each["type"] for each in came if each["type"] in ("turn_started", "done")]
    assert turns == ["turn_started", "done"] * 2


def test_every_socket_of_a_conversation_sees_the_same(served: Served) -> None:
    conversation = served.new()
    served.script("For both", Reply(text=("to ", "all"), fault="slow"))
    with served.talk(conversation) as one, served.talk(conversation) as other:
        mine, theirs = one.ask("For both"), other.until("done")
    assert text_of(mine) == text_of(theirs) == "to all"
    assert kinds(mine) == kinds(theirs)


def test_who_comes_back_misses_nothing(served: Served) -> None:
    conversation = served.new()
    slow = Reply(text=tuple(f"{number} " for number in range(20)), fault="slow")
    served.script("While I am away", slow, Reply(text=("second",)))
    with served.talk(conversation) as talk:
        talk.say("While I am away")
        last = talk.until("text_delta")[-1]["sequence"]
    wait_until(
        lambda: (
            served.request("GET", f"/api/conversations/{conversation}")[1]["total_input_tokens"] > 0
        )
    )
    with served.talk(conversation, f"?after={last}") as talk:
        came = talk.until("done")
    assert text_of(came) == "".join(slow.text)
    with served.talk(conversation, "?after=0") as talk:
        whole = talk.until("done")
        assert kinds(whole) == ["message_received", "turn_started", "text_delta", "done"]
        assert text_of(talk.ask("Once more")) == "second"


def test_a_failure_of_the_model_is_said_and_the_next_message_works(served: Served) -> None:
    conversation = served.new()
    served.script("It fails first", Reply(status=400), Reply(text=("now it works",)))
    with served.talk(conversation) as talk:
        came = talk.ask("It fails first")
        assert kinds(came)[-2:] == ["error", "done"]
        came = talk.ask("Again")
        assert text_of(came) == "now it works"
    roles = [each["role"] for each in served.scripts.asked["It fails first"][1]["messages"]]
    assert roles == ["user"], "two messages of the user in a row are refused by strict servers"


def test_what_a_client_sends_wrongly_is_named_and_the_socket_stays(served: Served) -> None:
    conversation = served.new()
    served.script("Still there", Reply(text=("yes",)))
    wrong = (
        ("no json", "not JSON"),
        ("[1]", "not a JSON object"),
        (b"\x00\x01", "binary"),
        ('{"type": "dance"}', "unknown type"),
        ('{"type": "message"}', "content: Field required"),
        ('{"type": "message", "content": 5}', "content: Input should be a valid string"),
        ('{"type": "message", "content": "  "}', "Empty message"),
        ('{"type": "interrupt", "content": ""}', "Empty message"),
        ('{"type": "tool_approval_response", "decision": "maybe"}', "decision: "),
        ('{"type": "toggle_teams"}', "enabled: Field required"),
        ('{"type": "cancel"}', "no turn is under way"),
        ('{"type": "tool_approval_response", "decision": "approve"}', "no request is open"),
    )
    with served.talk(conversation) as talk:
        for sent, words in wrong:
            talk.socket.send(sent)
            answer = talk.receive()
            assert answer["type"] == "error", (sent, answer)
            assert words in answer["message"], (sent, answer)
        assert text_of(talk.ask("Still there")) == "yes"


def test_a_cancel_right_after_a_message_cancels_it(served: Served) -> None:
    conversation = served.new()
    served.script("Never mind", Reply(text=tuple(f"{n} " for n in range(40)), fault="slow"))
    with served.talk(conversation) as talk:
        talk.say("Never mind")
        talk.send("cancel")
        came = talk.until("done")
    assert came[-1]["cancelled"] is True
    assert "error" not in kinds(came)


def test_who_answers_without_a_word_is_asked_once_more_without_tools(served: Served) -> None:
    conversation = served.new()
    served.script("Say nothing", bash("echo hi > hi"), Reply(), Reply(text=("I wrote it",)))
    with served.talk(conversation) as talk:
        came = talk.ask("Say nothing")
    assert (text_of(came), came[-1]["type"]) == ("I wrote it", "done")
    assert "error" not in kinds(came)
    *_, before, last = served.scripts.asked["Say nothing"]
    assert ("tools" in before, "tools" in last) == (True, False)
    assert "This is your last answer" in json.dumps(last["system"])
    assert [each["role"] for each in last["messages"]] == ["user", "assistant", "user"]


def test_silence_is_an_error_and_leaves_roles_that_alternate(served: Served) -> None:
    conversation = served.new()
    served.script("Be silent", Reply(), Reply(), Reply(text=("Something",)))
    with served.talk(conversation) as talk:
        came = talk.ask("Be silent")
        assert [each["message"] for each in came if each["type"] == "error"] == [
            "the model gave no answer"
        ]
        assert text_of(talk.ask("Say something")) == "Something"
    asked = served.scripts.asked["Be silent"][-1]["messages"]
    assert [each["role"] for each in asked] == ["user"]


def test_what_was_read_before_a_failure_is_a_part_of_the_conversation(served: Served) -> None:
    conversation = served.new()
    served.script("Break off", Reply(text=("half ", "of it"), fault="cut"), Reply(text=("whole",)))
    with served.talk(conversation) as talk:
        came = talk.ask("Break off")
        assert kinds(came)[-2:] == ["error", "done"]
        heard = text_of(came)
        assert heard.startswith("half ")
        talk.ask("Again")
    assistant = served.scripts.asked["Break off"][1]["messages"][1]
    assert assistant == {"role": "assistant", "content": [{"type": "text", "text": heard}]}


def test_a_deleted_conversation_closes_its_sockets_and_can_be_deleted_at_any_moment(
    served: Served,
) -> None:
    for number in range(6):
        conversation = served.new()
        served.script(f"Deleted {number}", Reply(text=("a ", "b ", "c "), fault="slow"))
        with served.talk(conversation) as talk:
            talk.say(f"Deleted {number}")
            time.sleep(0.02 * number)
            deleted = served.request("DELETE", f"/api/conversations/{conversation}")
            assert deleted == (200, {"status": "deleted"})
            assert talk.until("error")[-1]["message"] == "Conversation not found"
        assert served.request("GET", f"/api/conversations/{conversation}")[0] == 404


def test_who_comes_in_the_middle_of_an_answer_gets_it_once_and_whole(served: Served) -> None:
    conversation = served.new()
    slow = Reply(text=tuple(f"w{n} " for n in range(60)), fault="slow")
    served.script("A long answer", slow, Reply(text=("next",)))
    with served.talk(conversation) as one:
        one.say("A long answer")
        one.until("text_delta")
        one.say("Another message")  # an event in the middle of the answer
        one.until("message_received")
        with served.talk(conversation) as other:
            came = other.until("done")
    assert text_of(came) == "".join(slow.text)


def test_a_workspace_that_cannot_be_used_is_said_in_the_turn(tmp_path: Path) -> None:
    (tmp_path / "work").mkdir()
    (tmp_path / "work" / "taken").write_text("a file")
    with serving(tmp_path, WORKSPACE_DIR="taken") as server, server.talk(server.new()) as talk:
        came = talk.ask("Hello")
    assert "taken" in came[-2]["message"]
    assert came[-2]["cure"]


def test_an_event_has_the_same_id_for_who_heard_the_answer_and_who_comes_later(
    served: Served,
) -> None:
    conversation = served.new(enable_tracing=True)
    calls = (("think", '{"thought": "hm"}'),)
    served.script(
        "Same ids", Reply(text=("I ", "think"), calls=calls, stop="tools"), Reply(text=("ok",))
    )

    def named(messages: list[Message]) -> dict[str, str]:
        told = [each for each in messages if each["type"] != "text_delta"]
        assert len({each["event_id"] for each in told}) == len(told)
        return {each["event_id"]: each["type"] for each in told}

    with served.talk(conversation) as talk:
        live = named(talk.ask("Same ids"))
    with served.talk(conversation, "?after=0") as talk:
        assert named(talk.until("done")) == live


def test_only_a_turn_with_a_call_lays_out_a_place_to_work(served: Served) -> None:
    conversation = served.new()
    place = served.folder / "workspace" / conversation
    served.script("Just talk", Reply(text=("Yes",)), bash("ls -a"), Reply(text=("Seen",)))
    with served.talk(conversation) as talk:
        talk.ask("Just talk")
        assert not (place / ".tasks").exists()
        came = talk.ask("Look around")
    (result,) = (each["result"] for each in came if each["type"] == "tool_result")
    assert {".agent", ".tasks", ".team", ".transcripts"} <= set(result.split())


@pytest.mark.parametrize("after", ["-1", "soon", "1.5", ""])
def test_a_place_that_is_no_number_of_an_event_is_refused(served: Served, after: str) -> None:
    with pytest.raises(InvalidStatus) as refused, served.talk(served.new(), f"?after={after}"):
        pass
    assert refused.value.response.status_code == 403
