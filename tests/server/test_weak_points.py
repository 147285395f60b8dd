"""What the described service did wrong, and this one does not. See weak_points.toml."""

import json
import os
import subprocess
import sys
from pathlib import Path

from support.answers import Reply
from support.chats import Served, kinds, serving, text_of

FILLED = {"conversation_id": "0123456789ab", "session_id": "0123456789ab", "path": "x"}


def bash(command: str) -> Reply:
    return Reply(calls=(("bash", json.dumps({"command": command})),), stop="tools")


def results_of(served: Served, word: str, *commands: str, **asked: object) -> list[str]:
    """The results of commands that the agent of a new conversation runs."""
    served.script(word, *(bash(command) for command in commands), Reply(text=("ran",)))
    with served.talk(served.new(**asked)) as talk:
        came = talk.ask(word)
    return [each["result"] for each in came if each["type"] == "tool_result"]


def test_harmless_commands_run_and_harmful_ones_do_not(served: Served) -> None:
    harmless = (
        "echo a > /dev/null; echo b",
        "echo $(echo c)",
        "echo 'shutdown the app'",
        "echo sudo | grep -c 'sudo'",
    )
    assert results_of(served, "Run what is harmless", *harmless) == [
        "b", "c", "shutdown the app", "1",
    ]  # fmt: skip
    # Each of these is only read, and the sandbox has nothing that they could harm.
    harmful = ("rm -rf /*", "rm -rf ~", 'rm -rf "/"', "find / -delete", ":(){ :|:& };:")
    for result in results_of(served, "Run what is harmful", *harmful):
        assert "Blocked dangerous pattern in command" in result


def test_output_that_is_no_text_is_not_lost(served: Served) -> None:
    (result,) = results_of(served, "Print bytes", r"printf '\377\376whole\n'")
    assert "whole" in result


def test_a_process_that_is_left_behind_keeps_no_command_waiting(served: Served) -> None:
    (result,) = results_of(served, "Leave one behind", "sleep 30 & echo bg")
    assert result == "bg"


def test_the_words_of_who_denies_a_call_reach_the_model(served: Served) -> None:
    served.script("Heed me", bash("touch x"), Reply(text=("I see",)))
    with served.talk(served.new(enable_approval=True)) as talk:
        talk.say("Heed me")
        request = talk.until("tool_approval_request")[-1]["request_id"]
        talk.send(
            "tool_approval_response", decision="deny", request_id=request, reason="Ask Ada first"
        )
        talk.until("done")
    assert "Ask Ada first" in json.dumps(served.scripts.asked["Heed me"][1]["messages"][-1])


def test_a_switch_during_a_turn_is_not_dropped_in_silence(served: Served) -> None:
    slow = Reply(text=tuple(f"w{n} " for n in range(20)), fault="slow")
    served.script("Switch meanwhile", slow)
    with served.talk(served.new()) as talk:
        talk.say("Switch meanwhile")
        talk.until("text_delta")
        for name in ("plan_mode", "approval", "teams"):
            talk.send(f"toggle_{name}", enabled=True)
            assert "a turn is under way" in talk.until("error")[-1]["message"]
        talk.until("done")


def test_a_failure_is_tried_again_as_often_as_set_and_no_more(tmp_path: Path) -> None:
    with serving(tmp_path, LLM_MAX_RETRIES="3", LLM_RETRY_BASE_DELAY="0.01") as served:
        served.script("Be busy", *(Reply(status=429) for _ in range(20)))
        with served.talk(served.new()) as talk:
            assert kinds(talk.ask("Be busy"))[-2:] == ["error", "done"]
        assert len(served.scripts.asked["Be busy"]) == 4


def test_turns_that_run_out_after_reading_end_with_an_answer(tmp_path: Path) -> None:
    with serving(tmp_path, MAX_TURNS="3") as served:
        think = Reply(calls=(("think", '{"thought": "hm"}'),), stop="tools")
        served.script("Think and think", think, think, think, Reply(text=("In short: nothing",)))
        with served.talk(served.new()) as talk:
            came = talk.ask("Think and think")
        assert text_of(came).endswith("In short: nothing")
        assert "tools" not in served.scripts.asked["Think and think"][-1]


def test_a_summary_of_a_later_turn_is_kept_and_its_tokens_count(tmp_path: Path) -> None:
    with serving(tmp_path, CONTEXT_WINDOW="1000") as served:
        conversation = served.new()
        rounds = [Reply(text=(f"answer {n}",), usage=(100 * n, 5)) for n in range(1, 8)]
        served.script("Long 0", *rounds)
        served.script("AGENT: answer 1", Reply(text=("In short.",), usage=(1000, 50)))
        served.script("In short.", *(Reply(text=("after",), usage=(100, 5)) for _ in range(2)))
        with served.talk(conversation) as talk:
            for number in range(7):
                talk.ask(f"Long {number}")
            assert "compact" in kinds(talk.ask("Long 7"))
        with served.talk(conversation) as talk:
            assert "compact" not in kinds(talk.ask("Long 8")), "it is not made twice"
        _, shown = served.request("GET", f"/api/conversations/{conversation}")
        assert [each["content"] for each in shown["messages"] if each["role"] == "user"] == [
            f"Long {number}" for number in range(9)
        ]
        assert shown["total_input_tokens"] == sum(100 * n for n in range(1, 8)) + 1000 + 200


def test_an_answer_that_was_interrupted_or_broke_off_counts_in_usage_and_budget(
    tmp_path: Path,
) -> None:
    with serving(tmp_path, MAX_TOKEN_BUDGET="500") as served:
        slow = Reply(text=tuple(f"w{n} " for n in range(60)), fault="slow")
        broken = Reply(text=("half ", "of it"), fault="cut")
        served.script("Count until then", slow, Reply(text=("ok",)), broken)
        conversation = served.new()
        with served.talk(conversation) as talk:
            talk.say("Count until then")
            talk.until("text_delta")
            talk.send("interrupt", content="Rather this")
            talk.until("interrupted")
            used = talk.until("done")[-1]["usage"]
            # What was cut off is estimated; it belongs to the message before.
            assert used["input_tokens"] > 1000
            assert used["last_input_tokens"] == 100
            again = talk.ask("And that")[-1]["usage"]
        assert again["input_tokens"] > used["input_tokens"]
        _, shown = served.request("GET", f"/api/conversations/{conversation}")
        assert shown["total_input_tokens"] == again["input_tokens"]


def test_health_names_no_model_that_has_no_key(tmp_path: Path) -> None:
    with serving(tmp_path, ANTHROPIC_API_KEY="") as served:
        status, answer = served.request("GET", "/health")
        assert (status, answer["model"]) == (200, None)


def test_teammates_of_one_conversation_are_not_seen_in_another(served: Served) -> None:
    spawn = {"name": "eve", "role": "r", "prompt": "Wait for nothing at all"}
    served.script(
        "Hire eve",
        Reply(calls=(("spawn_teammate", json.dumps(spawn)),), stop="tools"),
        Reply(text=("ok",)),
    )
    served.script("Wait for nothing at all", Reply(text=("ok",)))
    listing = Reply(calls=(("list_teammates", "{}"),), stop="tools")
    served.script("Who is there", listing, Reply(text=("nobody",)))
    with served.talk(served.new(enable_teams=True)) as one:
        one.ask("Hire eve")
        with served.talk(served.new(enable_teams=True)) as other:
            came = other.ask("Who is there")
    assert [each["result"] for each in came if each["type"] == "tool_result"] == ["No teammates."]


def test_every_route_but_health_asks_for_the_key(tmp_path: Path) -> None:
    with serving(tmp_path, API_KEY="the key") as served:
        _, described = served.request("GET", "/openapi.json")
        served.key = ""
        for path, methods in described["paths"].items():
            for method in methods:
                status, _ = served.request(method.upper(), path.format(**FILLED), {})
                assert status == (200 if path == "/health" else 401), (method, path)


def test_another_engine_of_databases_is_refused_by_name(tmp_path: Path) -> None:
    ran = subprocess.run(
        [sys.executable, "-m", "agentproxy", "serve", "--port", "0"],
        cwd=tmp_path,
        env={
            "PATH": os.environ["PATH"],
            "HOME": str(tmp_path),
            "DATABASE_URL": "postgresql+asyncpg://localhost/x",
        },
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert ran.returncode == 2
    assert "DATABASE_URL" in ran.stderr
    assert "only SQLite keeps the journal so far" in ran.stderr
