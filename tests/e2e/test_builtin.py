"""Our own agent at work: through the real process, with a model that follows a script."""

import json
import time
from collections import Counter

import pytest
from support.front_door import Pa
from support.life import Life, nobody_is_left
from support.model_server import Reply, Server, model_server
from support.projects import CHECK

Turn = dict[str, object]


def bash(command: str, *, text: str = "", **more: object) -> Turn:
    return {"text": text, "calls": [{"name": "bash", "arguments": {"command": command}}], **more}


EDIT: Turn = {
    "text": "It subtracts.",
    "calls": [
        {
            "name": "edit_file",
            "arguments": {"path": "calc.py", "old_text": "a - b", "new_text": "a + b"},
        }
    ],
}
DONE: Turn = {"text": "Mended: add adds."}


def order(pa: Pa, *turns: Turn) -> list[str]:
    script = pa.scripts / "model.json"
    script.write_text(json.dumps(turns))
    model = f"scripted:{script}"
    return ["-o", "json", "--worker", "builtin", "--model", model, "--check", CHECK, "Fix it"]


def test_our_own_agent_looks_mends_and_is_proven(tested: Pa) -> None:
    look: Turn = {
        "text": "I look at both.",
        "calls": [
            {"name": "read_file", "arguments": {"path": "calc.py"}},
            {"name": "bash", "arguments": {"command": "python -m pytest -q"}},
        ],
    }
    edit = {**EDIT, "expect": "1 failed, 1 passed"}
    ran = tested(*order(tested, look, edit, {**DONE, "expect": "Edited calc.py"}))
    assert ran.code == 0, (ran.err, ran.records[-3:])
    # The two calls of one answer run side by side, so either may start first.
    *looks, last = [item["tool"] for item in ran.of_kind("tool_started")]
    assert (sorted(looks), last) == (["bash", "read_file"], "edit_file")
    assert ran.of_kind("worker_ended")[0]["output"] == "Mended: add adds."
    assert "a - b" in (tested.project / "calc.py").read_text()


def test_what_running_tests_leaves_behind_is_no_part_of_the_claim(tested: Pa) -> None:
    tested.git("rm", "-q", ".gitignore")
    tested.commit("Nothing is ignored")
    ran = tested(*order(tested, bash("python -m pytest -q"), EDIT, DONE))
    assert ran.code == 0, ran.result
    assert [item["path"] for item in ran.of_kind("claim_recorded")[0]["changes"]] == ["calc.py"]


def test_a_claim_of_our_own_agent_is_not_believed_either(pa: Pa) -> None:
    lie = bash("echo '# better' >> calc.py")
    ran = pa(*order(pa, lie, {"text": "All tests pass now."})[:-1], "--max-rounds", "1", "Fix it")
    assert ran.of_kind("worker_ended")[0]["claims"]
    assert (ran.code, ran.result["verdict"]) == (1, "refuted")


def test_what_policy_forbids_does_not_run_and_the_agent_is_told_why(pa: Pa) -> None:
    ran = pa(*order(pa, bash("rm -rf /"), {**EDIT, "expect": "not allowed"}, DONE))
    assert ran.code == 0
    assert [item["tool"] for item in ran.of_kind("tool_started")] == ["edit_file"]
    assert ran.of_kind("tool_finished")[0]["failed"]


def test_tools_that_there_are_not_and_faulty_arguments_are_answered_as_errors(pa: Pa) -> None:
    odd: Turn = {
        "calls": [
            {"name": "fly", "arguments": {}},
            {"name": "bash", "arguments": {}},
            {"name": "bash", "faulty": "the JSON ends in the middle"},
        ]
    }
    ran = pa(*order(pa, odd, EDIT, DONE))
    said = [item["text"] for item in ran.of_kind("tool_finished")[:3]]
    assert sorted(said) == [
        "Error: 'command' must be a text",
        "Error: Unknown tool: fly",
        "Error: the arguments cannot be used: the JSON ends in the middle",
    ]
    assert ran.code == 0


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ((), "no model is chosen"),
        (("--model", "no-such-model"), 'there is no model "no-such-model"'),
        (("--model", "scripted:nowhere.json"), "nowhere.json"),
    ],
)
def test_without_a_model_it_ends_with_6_and_says_what_to_do(
    pa: Pa, options: tuple[str, ...], says: str
) -> None:
    ran = pa("--worker", "builtin", *options, "--check", CHECK, "Fix it")
    assert ran.code == 6
    assert says in ran.err
    assert len(ran.err.splitlines()) == 2


def test_a_model_that_fails_parks_the_run_and_resume_goes_on(pa: Pa) -> None:
    words = order(pa, EDIT, {"fault": "unavailable"})
    ran = pa(*words, env={"LLM_RETRY_BASE_DELAY": "0", "LLM_RETRY_MAX_DELAY": "0.01"})
    assert ran.code == 6
    assert "overloaded" in ran.result["reason"]
    order(pa, EDIT, DONE)
    again = pa("resume", "-o", "json")
    assert again.code == 0, again.err
    assert [item["tool"] for item in again.of_kind("tool_started")] == ["edit_file"]


def test_a_conversation_that_grew_too_long_ends_its_round_and_the_next_begins_afresh(
    pa: Pa,
) -> None:
    again: Turn = {**EDIT, "on": "This is round 2"}
    done: Turn = {**DONE, "on": "Edited calc.py"}
    ran = pa(*order(pa, bash("echo long"), {"fault": "too_long"}, again, done))
    assert ran.code == 0, ran.result
    first, second = ran.of_kind("worker_ended")
    assert (first["claims"], second["claims"]) == (False, True)
    assert "no longer fits into the model's context" in first["reason"]


def test_a_killed_agent_repeats_nothing_and_is_told_what_nobody_saw_end(pa: Pa) -> None:
    slow = bash("echo begun >> log; sleep 20; echo ended >> log")
    check = bash("grep -c begun log", text="I look.", expect="outcome unknown")
    words = order(pa, bash("echo once >> log"), slow, check, EDIT, DONE)
    life = Life(pa, *words)
    assert life.sees(
        lambda record: record["kind"] == "tool_started" and "sleep" in str(record["data"])
    )
    time.sleep(0.5)
    life.kill()
    assert nobody_is_left(str(pa.home)) == []
    ran = pa("resume", "-o", "json")
    assert ran.code == 0, (ran.err, ran.records[-4:])
    ids = Counter(item["call"] for item in ran.of_kind("tool_finished"))
    assert set(ids.values()) == {1}
    assert [item["call"] for item in ran.of_kind("tool_finished") if item["unknown"]] == [
        "call-2-1"
    ]
    shown = next(item for item in ran.of_kind("tool_finished") if item["call"] == "call-3-1")
    assert shown["text"] == "1"


COMPATIBLE = ("GROQ", "DEEPSEEK", "OPENROUTER", "RUNPOD")


def keys_for(server: Server) -> dict[str, str]:
    return {
        "AGENTPROXY_JUDGE": "none",
        "ANTHROPIC_API_KEY": "sk-ant-not-a-real-key",
        "ANTHROPIC_BASE_URL": server.url,
        "OPENAI_API_KEY": "sk-not-a-real-key",
        "OPENAI_BASE_URL": f"{server.url}/v1",
        "GEMINI_API_KEY": "not-a-real-key",
        "GEMINI_BASE_URL": server.url,
        "OLLAMA_BASE_URL": f"{server.url}/v1",
        **{f"{vendor}_API_KEY": "not-a-real-key" for vendor in COMPATIBLE},
        **{f"{vendor}_BASE_URL": f"{server.url}/v1" for vendor in COMPATIBLE},
    }


UNJUDGED = ("-o", "json", "--worker", "builtin", "--judge", "none")
OVER_HTTP = (
    Reply(
        text=("It ", "subtracts."),
        calls=(
            ("edit_file", '{"path": "calc.py", "old_text": "a - b", "new_text": "a + b"}'),
            ("bash", '{"command": "python -m pytest -q; env"}'),
        ),
        stop="tools",
    ),
    Reply(text=("Mended.",)),
)


@pytest.mark.parametrize(
    "model",
    [
        "claude-sonnet-4-6",
        pytest.param("gpt-4o", marks=pytest.mark.slow),
        pytest.param("responses/gpt-4o", marks=pytest.mark.slow),
        pytest.param("gemini/gemini-2.5-pro", marks=pytest.mark.slow),
        pytest.param("ollama/llama3", marks=pytest.mark.slow),
        pytest.param("groq/llama-3.3-70b-versatile", marks=pytest.mark.slow),
        pytest.param("deepseek/deepseek-chat", marks=pytest.mark.slow),
        pytest.param("openrouter/qwen/qwen3:free", marks=pytest.mark.slow),
        pytest.param("openrouter/qwen/qwen3", marks=pytest.mark.slow),
        pytest.param("runpod/mine", marks=pytest.mark.slow),
    ],
)
def test_the_same_task_is_proven_through_every_wire_and_no_key_is_seen(pa: Pa, model: str) -> None:
    with model_server(*OVER_HTTP) as server:
        words = [*UNJUDGED, "--model", model, "--check", CHECK, "Fix it"]
        ran = pa(*words, env=keys_for(server))
    assert ran.code == 0, (ran.err, ran.records[-3:])
    used = [item["usage"]["input"] for item in ran.of_kind("model_answered")]
    assert used == [100, 100]
    assert "Edited calc.py" in json.dumps(server.asked[1])
    assert "a-real-key" not in ran.out + json.dumps(server.asked)


def test_a_secret_in_the_tree_is_not_sent_to_a_model(pa: Pa) -> None:
    secret = "hunter2-hunter2-hunter2"
    pa.write({"deploy.sh": f"export DEPLOY={secret}\n"})
    pa.commit("A script with a password")
    look = Reply(calls=(("read_file", '{"path": "deploy.sh"}'),), stop="tools")
    edit = '{"path": "calc.py", "old_text": "a - b", "new_text": "a + b"}'
    fix = Reply(calls=(("edit_file", edit),), stop="tools")
    with model_server(look, fix, Reply(text=("Done.",))) as server:
        words = ["-o", "json", "--worker", "builtin", "--model", "claude-sonnet-4-6"]
        env = {**keys_for(server), "DEPLOY_PASSWORD": secret}
        ran = pa(*words, "--check", CHECK, "Fix it", env=env)
    assert ran.code == 0, ran.result
    assert "export DEPLOY=[REDACTED]" in json.dumps(server.asked[1:])
    assert secret not in json.dumps(server.asked)


def test_a_key_that_is_refused_ends_with_6_and_the_cure(pa: Pa) -> None:
    with model_server(Reply(status=401)) as server:
        words = [*UNJUDGED, "--model", "claude-x", "--check", CHECK, "x"]
        ran = pa(*words, env=keys_for(server))
    assert ran.code == 6
    assert "check the key" in json.dumps(ran.of_kind("effect_failed"))


def test_a_model_without_its_key_ends_with_6_and_names_the_variable(pa: Pa) -> None:
    ran = pa(
        "--worker", "builtin", "--model", "claude-sonnet-4-6", "Fix it",
        env={"ANTHROPIC_API_KEY": ""},
    )  # fmt: skip
    assert ran.code == 6
    assert "ANTHROPIC_API_KEY" in ran.err
