"""mini-swe-agent as a worker whose money ends; test_known_agents.py shows the rest."""

import json

import pytest
from support.agents import needs, path_with_agents
from support.front_door import Pa
from support.model_server import Reply, model_server
from support.projects import MEND, PYTEST
from support.relay import keys_for

pytestmark = pytest.mark.agents


@pytest.fixture
def pa(tested: Pa) -> Pa:
    return tested


def bash(command: str) -> Reply:
    call = ("bash", json.dumps({"command": command}))
    return Reply(text=("So.",), calls=(call,), stop="tools", usage=(1000, 200))


SUBMITS = bash("echo COMPLETE_TASK_AND_SUBMIT_FINAL_OUTPUT")


def configured(pa: Pa) -> None:
    needs("mini")
    pa.env["PATH"] = path_with_agents()
    assert pa("agents", "add", "mini").code == 0


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
