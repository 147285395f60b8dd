"""Which commands of the agent run."""

import json
from pathlib import Path

from support.answers import Reply
from support.chats import Served, serving


def bash(*commands: str) -> Reply:
    calls = tuple(("bash", json.dumps({"command": command})) for command in commands)
    return Reply(calls=calls, stop="tools")


def results(server: Served, word: str, *commands: str) -> list[str]:
    server.script(word, bash(*commands), Reply(text=("ok",)))
    with server.talk(server.new()) as talk:
        came = talk.ask(word)
    told = {each["id"]: each["result"] for each in came if each["type"] == "tool_result"}
    return [told[each["id"]] for each in came if each["type"] == "tool_call"]


def test_with_a_list_only_its_programs_run(tmp_path: Path) -> None:
    with serving(tmp_path, ALLOWED_COMMANDS="echo,cat") as server:
        told = results(server, "Try some", "echo hi", "ls", "echo $(id)")
    assert told == [
        "hi",
        "Error: Command 'ls' not in allowed list",
        "Error: Command 'id' not in allowed list",
    ]


def test_a_command_sees_its_workspace_and_no_network_and_nothing_of_the_user(
    served: Served,
) -> None:
    home = served.folder.parent / "home"
    assert home.is_dir()
    told = results(
        served,
        "Look around",
        "pwd; ls -A | wc -l",
        f"ls {home}",
        "env | grep -c ANTHROPIC",
        "cat /proc/net/dev | grep -c eth",
    )
    assert told[0].endswith("\n0")
    assert "No such file" in told[1]
    assert told[2].startswith("0")
    assert told[3].startswith("0")
