"""Commands in the background: they run across turns, and the agent is told how they ended."""

import re
import secrets
from pathlib import Path

import pytest
from support.answers import Body, Reply
from support.chats import (
    Message,
    Scripts,
    Served,
    Talk,
    calls,
    kinds,
    results,
    serving,
    start_server,
    text_of,
    wait_until,
)
from support.life import nobody_is_left
from support.model_server import model_server


def begin(*commands: str) -> Reply:
    return calls(*(("background_run", {"command": command}) for command in commands))


def ids(came: list[Message]) -> list[str]:
    told = (re.match(r"Background task ([0-9a-f]{8}) started: ", each) for each in results(came))
    return [each[1] for each in told if each]


def folder(server: Served, conversation: str) -> Path:
    return server.folder / "workspace" / conversation


def notices(came: list[Message]) -> list[Message]:
    return [
        each
        for message in came
        if message["type"] == "background_result"
        for each in message["notifications"]
    ]


def last_texts(body: Body) -> list[tuple[str, str]]:
    """The role and the words of each message after the first."""
    return [
        (message["role"], part["text"])
        for message in body["messages"][1:]
        for part in message["content"]
        if part["type"] == "text"
    ]


def wait_and_ask(talk: Talk, word: str, done: Path) -> list[Message]:
    wait_until(done.exists)
    # The file is there just before the command has ended.
    for _ in range(100):
        came = talk.ask(word)
        if notices(came):
            return came
    raise AssertionError("nothing was told")


def test_a_command_is_answered_at_once_and_its_end_is_told_at_the_next_turn(
    served: Served,
) -> None:
    command = "sleep 0.3; echo out; echo err >&2; echo more; touch done; exit 3"
    served.script("Build it", begin(command), *(Reply(text=(f"{n}",)) for n in range(100)))
    conversation = served.new()
    with served.talk(conversation) as talk:
        came = talk.ask("Build it")
        (key,) = ids(came)
        assert results(came) == [f"Background task {key} started: {command}"]
        told = wait_and_ask(talk, "How is it", folder(served, conversation) / "done")
    assert notices(told) == [
        {
            "task_id": key,
            "status": "completed",
            "command": command,
            "result": "out\nmore\nerr\n(exit code 3)",
            "exit_code": 3,
        }
    ]
    order = kinds(told)
    assert order.index("background_result") < order.index("text_delta")
    messages = served.scripts.asked["Build it"][-1]["messages"]
    roles = [message["role"] for message in messages]
    assert roles == ["user", "assistant"] * (len(roles) // 2) + ["user"]
    *_, result, noted, question = last_texts({"messages": messages})
    block = (
        f"<background-results>\n[bg:{key}] completed: out\nmore\nerr\n(exit code 3)\n"
        "</background-results>"
    )
    assert (result, noted, question) == (
        ("user", block),
        ("assistant", "Noted background results."),
        ("user", "How is it"),
    )


def test_clients_are_told_of_an_end_at_once_although_nobody_speaks(served: Served) -> None:
    command = "until [ -e go ]; do sleep 0.05; done; echo out; exit 3"
    served.script("Build alone", begin(command), *(Reply(text=(f"{n}",)) for n in range(9)))
    conversation = served.new()
    with served.talk(conversation) as talk, served.talk(conversation) as other:
        came = talk.ask("Build alone")
        (key,) = ids(came)
        (folder(served, conversation) / "go").touch()
        ended = talk.receive()
        other.until("background_ended")
        assert other.seen[-1] == ended
        asked = len(served.scripts.asked["Build alone"])
        shown = {"task_id": key, "status": "completed", "command": command, "exit_code": 3}
        shown |= {"type": "background_ended", "result": "out\n(exit code 3)"}
        assert {name: ended[name] for name in shown} == shown
        # The agent hears of it at its next turn, as ever, and clients are told of that too.
        assert len(served.scripts.asked["Build alone"]) == asked
        (notice,) = notices(talk.ask("How is it"))
        assert notice["task_id"] == key
    with served.talk(conversation, f"?after={ended['sequence'] - 1}") as late:
        assert late.receive() == ended


def test_an_end_is_told_in_the_middle_of_a_turn_before_the_next_question_to_the_model(
    served: Served,
) -> None:
    served.script(
        "Build and wait",
        begin("echo built"),
        calls(("bash", {"command": "sleep 1"})),
        Reply(text=("I saw it",)),
    )
    with served.talk(served.new()) as talk:
        came = talk.ask("Build and wait")
    assert [each["result"] for each in notices(came)] == ["built"]
    messages = served.scripts.asked["Build and wait"][-1]["messages"]
    assert [message["role"] for message in messages][-3:] == ["user", "assistant", "user"]
    results_, noted, go_on = messages[-3:]
    assert [part["type"] for part in results_["content"]] == ["tool_result", "text"]
    assert noted["content"][0]["text"] == "Noted background results."
    assert go_on["content"][0]["text"]


def test_check_background_shows_one_or_all_or_that_there_is_none(served: Served) -> None:
    served.script(
        "Check it",
        calls(("check_background", {}), ("check_background", {"task_id": "0123abcd"})),
        begin("sleep 60 # " + "x" * 100),
        Reply(text=("begun",)),
    )
    with served.talk(served.new()) as talk:
        came = talk.ask("Check it")
        (key,) = ids(came)
        assert results(came)[:2] == [
            "No background tasks.",
            "Error: Unknown background task 0123abcd",
        ]
        assert results(came)[2] == f"Background task {key} started: sleep 60 # " + "x" * 69
        served.scripts.by_word["Check it"] += [
            calls(("check_background", {}), ("check_background", {"task_id": key})),
            Reply(text=("seen",)),
        ]
        line = "[running] sleep 60 # " + "x" * 49
        assert results(talk.ask("And now")) == [f"{key}: {line}", f"{line}\n(still running)"]


def test_of_a_long_output_both_ends_are_kept_and_a_notice_is_short(served: Served) -> None:
    command = f"seq 1 100000; : {'x' * 100}"
    served.script(
        "Print on",
        begin(command),
        calls(("bash", {"command": "sleep 0.4"})),
        *(calls(("check_background", {})) for _ in range(40)),
    )
    with served.talk(served.new()) as talk:
        talk.say("Print on")
        told = talk.until("background_result")[-1]["notifications"][0]
        served.scripts.by_word["Print on"][:] = [
            calls(("check_background", {"task_id": told["task_id"]})),
            Reply(text=("read",)),
        ]
        talk.until("done")
    assert (told["command"], len(told["result"])) == (command[:80], 500)
    parts = served.scripts.asked["Print on"][-1]["messages"][-1]["content"]
    result = parts[0]["content"][0]["text"]
    head, _, rest = result.partition("\n")
    assert head == f"[completed] {command[:60]}"
    assert rest.startswith("1\n2\n")
    assert rest.endswith("\n100000")
    assert 50_000 <= len(rest) < 50_100


def test_what_bash_may_not_run_does_not_run_in_the_background_either(tmp_path: Path) -> None:
    with serving(tmp_path, ALLOWED_COMMANDS="echo,sleep") as server:
        server.script("Try", begin("id", "rm -rf /", "echo hi & id"), Reply(text=("no",)))
        with server.talk(server.new()) as talk:
            told = results(talk.ask("Try"))
    assert told[0] == "Error: Command 'id' not in allowed list"
    assert told[1] == "Error: Blocked dangerous pattern in command"
    assert told[2] == "Error: Command 'id' not in allowed list"


def test_it_waits_for_approval_and_does_not_run_in_plan_mode(served: Served) -> None:
    served.script("Ask first", begin("touch ran"), Reply(text=("well",)))
    conversation = served.new(enable_approval=True)
    with served.talk(conversation) as talk:
        talk.say("Ask first")
        request = talk.until("tool_approval_request")[-1]
        assert [each["name"] for each in request["tools"]] == ["background_run"]
        talk.send("tool_approval_response", decision="deny", request_id=request["request_id"])
        assert results(talk.until("done")) == ["User denied this tool call"]
    served.script("Plan first", begin("touch ran"), Reply(text=("well",)))
    planned = served.new(enable_plan_mode=True)
    with served.talk(planned) as talk:
        assert results(talk.ask("Plan first"))[0].startswith("Error: plan mode is on")
    assert not (folder(served, conversation) / "ran").exists()
    assert not (folder(served, planned) / "ran").exists()


def test_a_command_has_a_time_limit_and_all_its_processes_end_with_it(tmp_path: Path) -> None:
    with serving(tmp_path, BACKGROUND_TIMEOUT="1") as server:
        mark = secrets.token_hex(8)
        command = f"(sleep 60; echo {mark}) & touch done; sleep 30"
        server.script("Too long", begin(command), *(Reply(text=("ok",)) for _ in range(100)))
        conversation = server.new()
        with server.talk(conversation) as talk:
            talk.ask("Too long")
            (told,) = notices(wait_and_ask(talk, "So", folder(server, conversation) / "done"))
            assert (told["status"], told["result"]) == ("timeout", "Error: Timeout (1s)")
        assert nobody_is_left(mark) == []


def test_only_so_many_run_at_once_and_each_has_its_own_id(served: Served) -> None:
    served.script("Many", begin(*(f"sleep 60 # {n}" for n in range(9))), Reply(text=("all",)))
    with served.talk(served.new()) as talk:
        came = talk.ask("Many")
    assert len(set(ids(came))) == 8
    assert results(came)[-1] == ("Error: 8 background commands run already: wait for one to end")


def test_a_turn_that_is_cancelled_leaves_it_running_and_the_session_takes_it_along(
    tmp_path: Path,
) -> None:
    with serving(tmp_path, SESSION_GRACE="0.5") as server:
        # One line every 100 ms, as long as it lives.
        command = "for n in $(seq 600); do echo $n >> lives; sleep 0.1; done"
        server.script(
            "Live", begin(command), calls(("bash", {"command": "sleep 60"})), Reply(text=("dead",))
        )
        conversation = server.new()
        lives = folder(server, conversation) / "lives"
        with server.talk(conversation) as talk:
            talk.say("Live")
            talk.until("tool_result")
            talk.until("tool_call")
            talk.send("cancel")
            talk.until("done")
            so_far = lives.read_text() if lives.exists() else ""
            wait_until(lambda: lives.exists() and len(lives.read_text()) > len(so_far))
        with server.talk(conversation, "?after=0"):
            pass  # one who comes back in time keeps it
        still = [0, 1]

        def rests() -> bool:
            still.append(lives.stat().st_size)
            return still[-20:] == [still[-1]] * 20

        def slowly() -> bool:
            server.request("GET", "/health")
            return rests()

        wait_until(slowly)
        with server.talk(conversation) as talk:
            came = talk.ask("And")
            (told,) = notices(came)
            assert told["status"] == "cancelled"
            assert told["result"] == "Error: Cancelled: the session ended"
            assert text_of(came) == "dead"


@pytest.mark.parametrize("how", ["killed", "stopped"])
def test_after_a_server_that_is_gone_it_is_told_as_ended_and_is_not_run_twice(
    tmp_path: Path, how: str
) -> None:
    scripts = Scripts()
    with model_server(think=scripts.think) as model:
        served = start_server(tmp_path, model, scripts)
        served.script("Once", begin("echo once >> runs; sleep 60"), Reply(text=("begun",)))
        conversation = served.new()
        runs = folder(served, conversation) / "runs"
        with served.talk(conversation) as talk:
            talk.ask("Once")
            wait_until(runs.exists)
            if how == "stopped":
                served.stop()
            served.kill()
        served = start_server(tmp_path, model, scripts)
        served.script("Once", Reply(text=("I know",)))
        with served.talk(conversation) as talk:
            (told,) = notices(talk.ask("And"))
        assert told["status"] == ("error" if how == "killed" else "cancelled")
        assert ("outcome unknown" in told["result"]) is (how == "killed")
        assert runs.read_text() == "once\n"
        assert served.stop() == 0
        served.kill()
