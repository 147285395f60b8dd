"""A server that is killed or stopped loses nothing that it acknowledged, and repeats no call."""

import json
import signal
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from support.answers import Reply
from support.chats import Scripts, kinds, start_server, text_of, wait_until
from support.model_server import model_server


def bash(command: str) -> Reply:
    return Reply(calls=(("bash", json.dumps({"command": command})),), stop="tools")


def test_a_killed_server_goes_on_where_it_was_and_repeats_no_call(tmp_path: Path) -> None:
    scripts = Scripts()
    with model_server(think=scripts.think) as model:
        served = start_server(tmp_path, model, scripts)
        served.script(
            "Count the runs",
            bash("echo once >> runs; sleep 20"),
            Reply(text=("It was cut off",)),
            Reply(text=("Fine",)),
        )
        conversation = served.new()
        with served.talk(conversation) as talk:
            talk.say("Count the runs")
            talk.until("tool_call")
            runs = served.folder / "workspace" / conversation / "runs"
            wait_until(runs.exists)
            served.kill()
        served = start_server(tmp_path, model, scripts)
        with served.talk(conversation, "?after=0") as talk:
            came = talk.until("done")
            assert (
                "outcome unknown" in next(e for e in came if e["type"] == "tool_result")["result"]
            )
            assert text_of(came) == "It was cut off"
            assert kinds(talk.ask("Go on")) == [
                "message_received", "turn_started", "text_delta", "done",
            ]  # fmt: skip
        assert runs.read_text() == "once\n"
        assert served.stop() == 0
        served.kill()


def test_a_request_for_approval_waits_across_a_restart(tmp_path: Path) -> None:
    scripts = Scripts()
    with model_server(think=scripts.think) as model:
        served = start_server(tmp_path, model, scripts)
        served.script("Ask me", bash("touch allowed"), Reply(text=("done",)))
        conversation = served.new(enable_approval=True)
        with served.talk(conversation) as talk:
            talk.say("Ask me")
            request = talk.until("tool_approval_request")[-1]
        assert served.stop() == 0
        served.kill()
        served = start_server(tmp_path, model, scripts)
        with served.talk(conversation) as talk:
            assert talk.receive()["request_id"] == request["request_id"]
            talk.send("tool_approval_response", decision="approve")
            assert talk.until("done")[-1]["files"][0]["path"] == "allowed"
        served.kill()


def test_a_conversation_of_a_later_version_hides_no_other(tmp_path: Path) -> None:
    scripts = Scripts()
    with model_server(think=scripts.think) as model:
        served = start_server(tmp_path, model, scripts)
        odd, plain = served.new(), served.new()
        for conversation in (odd, plain):
            served.script("Hello", Reply(text=("Hello",)))
            with served.talk(conversation) as talk:
                talk.ask("Hello")
        assert served.stop() == 0
        served.kill()
        with closing(sqlite3.connect(tmp_path / "home/journal.sqlite3")) as journal, journal:
            journal.execute(
                "UPDATE events SET data = json_set(data, '$.moons', 2) WHERE number = "
                "(SELECT min(number) FROM events WHERE kind = 'user_turn_started')"
            )
        served = start_server(tmp_path, model, scripts)
        status, listed = served.request("GET", "/api/conversations")
        assert status == 200
        titles = {each["id"]: each["title"] for each in listed}
        assert titles == {plain: "Hello", odd: "(cannot be read)"}
        assert served.stop() == 0
        served.kill()


def test_messages_that_waited_are_worked_on_after_a_kill_although_nobody_comes_back(
    tmp_path: Path,
) -> None:
    scripts = Scripts()
    with model_server(think=scripts.think) as model:
        served = start_server(tmp_path, model, scripts)
        talks = [served.new() for _ in range(3)]
        for word in talks:
            slow = Reply(text=tuple(f"{n} " for n in range(40)), fault="slow")
            served.script(word, slow, *(Reply(text=("more",)) for _ in range(4)))
        for word in talks:
            with served.talk(word) as talk:
                for number in range(3):
                    talk.say(f"{word} {number}")
                while talk.until("message_received")[-1]["content"] != f"{word} 2":
                    pass
        served.kill()
        served = start_server(tmp_path, model, scripts)

        def answered(word: str) -> bool:
            _, shown = served.request("GET", f"/api/conversations/{word}")
            said = [each["content"] for each in shown["messages"] if each["role"] == "user"]
            return said == [f"{word} {n}" for n in range(3)] and (
                shown["messages"][-1]["role"] == "assistant"
            )

        wait_until(lambda: all(answered(word) for word in talks))
        served.stop()
        served.kill()


@pytest.mark.parametrize("times", [1, 2])
def test_ctrl_c_stops_the_server_without_a_trace(tmp_path: Path, times: int) -> None:
    scripts = Scripts()
    with model_server(think=scripts.think) as model:
        served = start_server(tmp_path, model, scripts)
        with served.talk(served.new()):
            for _ in range(times):
                served.process.send_signal(signal.SIGINT)
            code = served.process.wait(timeout=30)
        assert (code, served.log.read_text()) == (0, "")
