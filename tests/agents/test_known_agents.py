"""Each known agent's table, as `pa agents add` writes it, with the agent's real program."""

import json

import pytest
from support.agents import mends, needs, path_with_agents
from support.front_door import Pa
from support.model_server import Server, model_server
from support.projects import PYTEST
from support.relay import KEY, keys_for

from agentproxy.workers.known.table import known_agents

pytestmark = pytest.mark.agents


def variables(server: Server) -> dict[str, str]:
    openrouter = {"OPENROUTER_API_KEY": KEY, "OPENROUTER_BASE_URL": f"{server.url}/v1"}
    return {**keys_for(server), **openrouter, "PATH": path_with_agents()}


@pytest.mark.parametrize("name", known_agents())
def test_an_agent_does_the_small_task_for_five_cents(tested: Pa, name: str) -> None:
    needs(name)
    with model_server(think=mends(name)) as server:
        env = variables(server)
        added = tested("agents", "add", name, env=env)
        assert added.code == 0, added.err
        ran = tested(
            "-o", "json", "--worker", name, "--check", PYTEST,
            "--budget", "0.05", "Fix add in calc.py", env=env,
        )  # fmt: skip
    told = (ran.err, [each for each in ran.records if each["kind"] != "output"][-6:])
    assert (ran.code, ran.result["verdict"]) == (0, "verified"), told
    assert 0 < ran.result["usd"] <= 0.05
    assert not any(settled["estimated"] for settled in ran.of_kind("model_settled"))
    assert KEY not in ran.out + json.dumps(server.asked)
