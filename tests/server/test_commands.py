"""Which commands of the agent run."""

import json
import subprocess
from pathlib import Path

from support.answers import Reply
from support.chats import Served, calls, serving


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
        "pwd; ls | wc -l",
        f"ls {home}",
        "env | grep -c ANTHROPIC",
        "cat /proc/net/dev | grep -c eth",
    )
    assert told[0].endswith("\n0")
    assert "No such file" in told[1]
    assert told[2].startswith("0")
    assert told[3].startswith("0")


def test_folders_of_our_own_are_read_and_not_changed_by_commands_or_tools_of_files(
    served: Served,
) -> None:
    conversation = served.new()
    workspace = served.folder / "workspace" / conversation
    (workspace / "deep").mkdir(parents=True)
    (workspace / "deep/link").symlink_to("../.agent")
    (workspace / "straight").symlink_to(".team")
    own = (".agent", ".tasks", ".team", ".transcripts")
    tries = [
        *(f"echo bad > {name}/x" for name in own),
        "rm -rf .agent",
        "mv .tasks away",
        "echo bad > deep/link/memory.md",
        "cat .tasks/task_1.json | head -2",
    ]
    writes = [".agent/memory.md", "deep/link/memory.md", "straight/x", "././.tasks/task_1.json"]
    served.script(
        "Change ours",
        calls(("task_create", {"subject": "A"})),
        bash(*tries),
        calls(
            *(("write_file", {"path": path, "content": "bad"}) for path in writes),
            ("edit_file", {"path": ".tasks/task_1.json", "old_text": "A", "new_text": "B"}),
            ("read_file", {"path": ".tasks/task_1.json", "limit": 2}),
            ("background_run", {"command": "echo bad > .agent/memory.md"}),
            ("write_file", {"path": "deep/fine/.tasks", "content": "good"}),
        ),
        Reply(text=("ok",)),
    )
    with served.talk(conversation) as talk:
        came = talk.ask("Change ours")
    said = "\n".join(each["result"] for each in came if each["type"] == "tool_result")
    assert said.count("Read-only file system") >= 5, said
    assert said.count("belongs to Agent Proxy") == 5, said
    assert '"subject": "A"' in (workspace / ".tasks/task_1.json").read_text()
    files = {str(path.relative_to(workspace)) for path in workspace.glob(".*/*")}
    assert files == {".agent/session", ".tasks/.highest", ".tasks/.lock", ".tasks/task_1.json"}
    assert (workspace / "deep/fine/.tasks").read_text() == "good"


def test_without_the_guard_a_command_would_change_them(tmp_path: Path) -> None:
    # The twin of the test above: what the mounts are there for.
    (tmp_path / ".agent").mkdir()
    subprocess.run(["/bin/sh", "-c", "echo bad > .agent/x"], cwd=tmp_path, check=True)
    assert (tmp_path / ".agent/x").read_text() == "bad\n"
