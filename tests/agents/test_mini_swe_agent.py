"""mini-swe-agent as a worker: it asks its model through the relay, and its work is proven."""

import json

import pytest
from support.agents import agents_table
from support.front_door import Pa, Ran
from support.model_server import Reply, model_server
from support.projects import MEND, PYTEST
from support.relay import KEY, keys_for

pytestmark = pytest.mark.agents


@pytest.fixture
def pa(tested: Pa) -> Pa:
    return tested


def bash(command: str) -> Reply:
    call = ("bash", json.dumps({"command": command}))
    return Reply(text=("So.",), calls=(call,), stop="tools", usage=(1000, 200))


SUBMITS = bash("echo COMPLETE_TASK_AND_SUBMIT_FINAL_OUTPUT")


def configured(pa: Pa) -> None:
    folder = pa.home / "config" / "agentproxy"
    folder.mkdir(parents=True)
    (folder / "config.toml").write_text(agents_table())


def order(pa: Pa, *replies: Reply) -> tuple[Ran, list[dict[str, object]]]:
    configured(pa)
    with model_server(*replies) as server:
        words = ("-o", "json", "--worker", "mini", "--model", "gpt-4o", "--check", PYTEST)
        ran = pa(*words, "Fix it", env=keys_for(server))
    return ran, server.asked


def test_it_mends_a_repository_through_the_relay_and_is_proven(pa: Pa) -> None:
    ran, asked = order(pa, bash("cat calc.py; env"), bash(MEND), SUBMITS)
    assert (ran.code, ran.result["verdict"]) == (0, "verified"), (ran.err, ran.records[-4:])
    assert "return a - b" in json.dumps(asked[1])
    settled = ran.of_kind("model_settled")
    assert len(settled) == len(asked) == 3
    assert sum(item["usd"] for item in settled) == pytest.approx(3 * 0.0045)
    assert not any(item["estimated"] for item in settled)
    assert KEY not in ran.out + json.dumps(asked)
    assert "a - b" in (pa.project / "calc.py").read_text()


def test_it_is_stopped_where_the_money_of_the_run_ends_and_goes_on_with_more(pa: Pa) -> None:
    configured(pa)
    words = ("-o", "json", "--worker", "mini", "--model", "gpt-4o", "--check", PYTEST)
    with model_server(bash("echo again"), repeat=True) as server:
        ran = pa(*words, "--budget", "0.1", "Fix it", env=keys_for(server))
        asked = len(server.asked)
    assert (ran.code, asked >= 1) == (5, True), (ran.result, ran.records[-3:])
    assert ran.of_kind("worker_ended")[0]["out_of_money"]
    assert 0 < ran.result["usd"] <= 0.1
    with model_server(bash(MEND), SUBMITS) as server:
        again = pa("resume", "-o", "json", "--budget", "5", env=keys_for(server))
    assert again.code == 0, again.result
    assert again.result["usd"] > ran.result["usd"]
