"""`pa message`: what a person tells the worker of a run, from any terminal."""

import json
import signal
from pathlib import Path

import pytest
from support.at_work import at_work, is_verified, ordered, quick_pa, resumed, scripted
from support.front_door import Pa
from support.life import Life, of_kind

pytestmark = pytest.mark.slow

TEXT = "It is called answer.txt"
WRITE: dict[str, object] = {"do": "write", "path": "answer.txt", "text": "right\n"}


@pytest.fixture
def pa(tmp_path: Path) -> Pa:
    """`pa` with a project that takes no time to check."""
    return quick_pa(tmp_path)


def test_our_own_agent_is_told_while_it_works(pa: Pa) -> None:
    push = {"name": "bash", "arguments": {"command": "git push origin"}}
    write = {"name": "write_file", "arguments": {"path": "answer.txt", "content": "right\n"}}
    turns = [{"calls": [push]}, {"on": TEXT, "calls": [write]}, {"text": "Done."}]
    model = pa.scripts / "model.json"
    model.write_text(json.dumps(turns))
    words = ordered("builtin")
    life = Life(pa, *words, "--model", f"scripted:{model}", env={"AGENTPROXY_HOLD": "60"})
    assert life.sees(of_kind("request_referred"))
    run = str(life.events[0]["run"])
    sent = pa("message", run, TEXT)
    assert (sent.code, sent.out) == (0, f"sent to run {run}\n")
    assert life.sees(of_kind("message_delivered"))
    assert pa("deny", run, "not now").code == 0
    ran = life.end()
    assert is_verified(ran), ran.of_kind("worker_ended")
    assert [each["text"] for each in ran.of_kind("message_received")] == [TEXT]
    assert ran.of_kind("message_delivered")[0]["heard"]


def test_a_run_that_nobody_works_on_keeps_it_for_the_next_brief(pa: Pa) -> None:
    heard = f'grep -q "{TEXT}" "$AGENTPROXY_BRIEF" || sleep 60; echo right > answer.txt'
    life, run = at_work(pa, heard)
    life.signal(signal.SIGINT)
    assert life.end().code == 130
    stored = pa("message", run, TEXT)
    assert (stored.code, stored.out) == (
        0,
        f"stored for run {run}; continue it with pa resume {run}\n",
    )
    assert is_verified(resumed(pa, run))


def test_it_says_as_json_what_became_of_it_as_its_sisters_do(pa: Pa) -> None:
    run = str(pa(*scripted(pa, {"do": "ask", "text": "Which?"}, WRITE)).result["run"])
    for command, *words in (("message", TEXT), ("answer", "This one")):
        said = pa(command, run, *words, "--output", "json")
        assert said.records == [{"run": run, "command": command, "status": "stored"}]
    said = pa("stop", run, "-o", "json")
    assert said.records == [{"run": run, "command": "stop", "status": "stopped"}]


def test_what_can_reach_nobody_is_a_usage_error(pa: Pa) -> None:
    run = str(pa(*scripted(pa, WRITE)).result["run"])
    for words, why in (
        ((run, TEXT), f"run {run} has already ended"),
        ((run, " "), "TEXT is empty"),
        (("zzzz", TEXT), "zzzz"),
        ((run,), "TEXT"),
    ):
        refused = pa("message", *words)
        assert refused.code == 2
        assert why in refused.err
