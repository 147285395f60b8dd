"""Claude Code through its SDK: in the sandbox, with a scripted model, and its work is proven."""

import json
from dataclasses import replace

import pytest
from support.claude_code import claude_table
from support.front_door import Pa, Ran
from support.model_server import Reply, Server, model_server
from support.projects import PYTEST
from support.relay import KEY, keys_for

pytestmark = pytest.mark.agents
WORDS = ("-o", "json", "--worker", "claude", "--model", "claude-sonnet-4-6", "--check", PYTEST)
DONE = Reply(text=("It is ", "mended."), usage=(1200, 20))


@pytest.fixture
def pa(tested: Pa) -> Pa:
    folder = tested.home / "config" / "agentproxy"
    folder.mkdir(parents=True)
    (folder / "config.toml").write_text(claude_table())
    return tested


def calls(tool: str, **arguments: object) -> Reply:
    given = ((tool, json.dumps(arguments)),)
    return Reply(text=("So.",), calls=given, stop="tools", usage=(1000, 200))


def bash(command: str) -> Reply:
    return calls("Bash", command=command, description="A step")


def order(pa: Pa, *replies: Reply, more: tuple[str, ...] = ()) -> tuple[Ran, Server]:
    # Its own record of the conversation drops a message whose id it knows.
    told = [replace(reply, key=f"{place}-") for place, reply in enumerate(replies)]
    with model_server(*told) as server:
        ran = pa(*WORDS, *more, "Fix it", env=keys_for(server))
    return ran, server


def test_it_mends_a_repository_and_is_proven(pa: Pa) -> None:
    file = str(pa.project / "calc.py")
    ran, server = order(
        pa,
        calls("Read", file_path=file),
        calls("Edit", file_path=file, old_string="a - b", new_string="a + b"),
        bash("python -m pytest -q"),
        DONE,
    )
    assert (ran.code, ran.result["verdict"]) == (0, "verified"), (ran.err, ran.records[-6:])
    # It works in the user's own environment: the tests ran there.
    assert "passed" in json.dumps(server.asked[3]["messages"])
    assert [each["tool"] for each in ran.of_kind("tool_started")] == ["Read", "Edit", "Bash"]
    assert ran.of_kind("worker_ended")[0]["output"] == "It is mended."
    assert KEY not in ran.out + json.dumps(server.asked)
    assert "a - b" in (pa.project / "calc.py").read_text()
