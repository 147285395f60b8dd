"""Each example of docs/extending.md works, as an installed package of a server."""

import json
import re
import tomllib
from collections.abc import Generator
from pathlib import Path

import pytest
from support.answers import Reply
from support.chats import Message, Served, kinds, serving

PAGE = (Path(__file__).resolve().parents[2] / "docs" / "extending.md").read_text()


def blocks(kind: str) -> list[str]:
    return re.findall(rf"^```{kind}\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL)


@pytest.fixture(scope="module")
def extended(tmp_path_factory: pytest.TempPathFactory) -> Generator[Served]:
    """A server beside which the page's package is installed, and one that is broken."""
    folder = tmp_path_factory.mktemp("extended")
    site = folder / "site"
    site.mkdir()
    for block in blocks("python"):
        (name,) = re.findall(r"^# (\w+\.py)$", block, re.MULTILINE)
        (site / name).write_text(block)
    (toml,) = blocks("toml")
    points = tomllib.loads(toml)["project"]["entry-points"]["agentproxy.tools"]
    points |= {"broken": "not_there:x", "bash": "takes_a_name:bash"}
    (site / "takes_a_name.py").write_text(
        "from agentproxy.tools.custom import tool\n"
        '@tool()\ndef bash(x: int) -> str:\n    "Not ours."\n    return ""\n'
    )
    info = site / "team_tools-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: team-tools\nVersion: 1.0\n")
    lines = "".join(f"{name} = {value}\n" for name, value in points.items())
    (info / "entry_points.txt").write_text(f"[agentproxy.tools]\n{lines}")
    (folder / "work" / "skills" / "release-notes").mkdir(parents=True)
    (skill,) = blocks("markdown")
    (folder / "work" / "skills" / "release-notes" / "SKILL.md").write_text(skill)
    with serving(folder, PYTHONPATH=str(site)) as server:
        yield server


def call(server: Served, word: str, tool: str, **arguments: object) -> Message:
    asked = Reply(calls=((tool, json.dumps(arguments)),), stop="tools")
    server.script(word, asked, Reply(text=("done",)))
    with server.talk(server.new()) as talk:
        return next(each for each in talk.ask(word) if each["type"] == "tool_result")


def test_the_tools_of_a_package_are_listed_and_called(extended: Served) -> None:
    listed = {
        each["name"]: each["description"] for each in extended.request("GET", "/api/tools")[1]
    }
    assert listed["count_words"] == "Count the words of a text."
    assert {"note", "roll_dice", "bash"} <= listed.keys()
    assert listed["bash"] != "Not ours."
    counted = call(extended, "Count them", "count_words", text="one two three")
    assert (counted["result"], counted["failed"]) == ("3 words", False)
    noted = call(extended, "Note it", "note", line="all is well")
    assert noted["result"] == "noted"
    (workspace,) = (extended.folder / "workspace").glob("*/notes.txt")
    assert workspace.read_text() == "[good] all is well\n"
    rolled = call(extended, "Roll it", "roll_dice", count=3)
    assert re.fullmatch(r"[1-6] [1-6] [1-6]", rolled["result"])
    wrong = call(extended, "Note wrongly", "note", line="x", mood="so so")
    assert wrong["failed"] is True
    assert wrong["result"].startswith("Error: 'mood': ")
    raised = call(extended, "Roll wrongly", "roll_dice", count="many")
    assert raised["failed"] is True
    assert raised["result"].startswith("Error: Error executing tool roll_dice: ")


def test_what_cannot_be_used_is_named_and_the_rest_works(extended: Served) -> None:
    status, health = extended.request("GET", "/health")
    assert (status, health["unusable_tools"]) == (200, 2)
    bash, broken = extended.request("GET", "/api/tool-sources")[1]["unusable_tools"]
    assert "bash is the name of a tool of Agent Proxy" in bash
    assert "not_there" in broken


def test_only_a_tool_that_says_it_is_read_only_runs_without_approval(extended: Served) -> None:
    calls = (("count_words", '{"text": "a b"}'), ("note", '{"line": "x"}'))
    extended.script("Both", Reply(calls=calls, stop="tools"), Reply(text=("ok",)))
    with extended.talk(extended.new(enable_approval=True)) as talk:
        talk.say("Both")
        request = talk.until("tool_approval_request")[-1]
        assert [each["name"] for each in request["tools"]] == ["note"]
        talk.send("tool_approval_response", decision="deny", request_id=request["request_id"])
        results = [each for each in talk.until("done") if each["type"] == "tool_result"]
    assert {each["tool"]: each["failed"] for each in results} == {
        "count_words": False,
        "note": True,
    }
    extended.script("Safe alone", Reply(calls=calls[:1], stop="tools"), Reply(text=("ok",)))
    with extended.talk(extended.new(enable_approval=True)) as talk:
        assert "tool_approval_request" not in kinds(talk.ask("Safe alone"))


def test_plan_mode_has_no_tools_of_packages(extended: Served) -> None:
    extended.script("Plan it", Reply(text=("the plan",)))
    with extended.talk(extended.new(enable_plan_mode=True)) as talk:
        talk.ask("Plan it")
    offered = {each["name"] for each in extended.scripts.asked["Plan it"][0]["tools"]}
    assert not {"count_words", "note", "roll_dice"} & offered


def test_the_skill_of_the_page_is_loaded(extended: Served) -> None:
    names = [each["name"] for each in extended.request("GET", "/api/skills")[1]]
    assert "release-notes" in names
    assert "Read `/" in call(extended, "Load it", "read_skill", skill="release-notes")["result"]
