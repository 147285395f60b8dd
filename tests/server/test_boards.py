"""The agent's list of steps and its board of tasks, through the socket."""

import json
from pathlib import Path

from support.answers import Reply
from support.chats import Message, Scripts, Served, calls, results, start_server
from support.model_server import model_server


def updates(came: list[Message], kind: str) -> list[list[Message]]:
    name = "todos" if kind == "todo_update" else "tasks"
    return [each[name] for each in came if each["type"] == kind]


def test_steps_are_written_one_call_after_the_other_and_shown_to_clients(served: Served) -> None:
    item = {"content": "plan", "status": "in_progress", "activeForm": "Planning"}
    served.script(
        "Keep steps",
        calls(
            ("todo_write", {"items": [item]}),
            ("todo_add", {"content": "build", "activeForm": "Building"}),
            ("todo_add", {"content": "test", "activeForm": "Testing"}),
            ("todo_complete", {"content": "plan"}),
            ("todo_complete", {"content": "nothing"}),
            ("todo_list", {}),
        ),
        Reply(text=("ok",)),
    )
    conversation = served.new()
    with served.talk(conversation) as talk:
        came = talk.ask("Keep steps")
    told = results(came)
    assert told[0] == "[>] plan <- Planning\n(0/1 completed)"
    assert told[3] == told[5] == "[x] plan\n[ ] build\n[ ] test\n(1/3 completed)"
    assert told[4] == "Error: Todo not found: nothing"
    shown = updates(came, "todo_update")
    assert len(shown) == 4
    assert shown[-1] == [
        {"content": "plan", "status": "completed", "activeForm": "Planning"},
        {"content": "build", "status": "pending", "activeForm": "Building"},
        {"content": "test", "status": "pending", "activeForm": "Testing"},
    ]
    served.script("Keep steps", calls(("todo_list", {})), Reply(text=("ok",)))
    with served.talk(conversation) as talk:
        assert results(talk.ask("And now")) == [told[5]]


def test_tasks_have_numbers_in_order_links_at_both_ends_and_their_files(served: Served) -> None:
    served.script(
        "Fill the board",
        calls(
            ("task_list", {}),
            ("task_create", {"subject": "A", "description": "first"}),
            ("task_create", {"subject": "B", "activeForm": "Doing B"}),
            ("task_update", {"taskId": "1", "addBlocks": ["2"], "owner": "me"}),
            ("task_update", {"taskId": 2, "addBlocks": [1]}),
            ("task_get", {"taskId": 2}),
            ("task_list", {}),
            ("task_update", {"taskId": 1, "status": "completed"}),
            ("task_update", {"taskId": 2, "status": "in_progress"}),
            ("task_list", {}),
            ("task_get", {"taskId": 99}),
            ("task_get", {"taskId": "two"}),
            ("task_update", {"taskId": 2, "status": "done"}),
            ("task_update", {"taskId": 1, "status": "deleted"}),
        ),
        Reply(text=("ok",)),
    )
    conversation = served.new()
    with served.talk(conversation) as talk:
        came = talk.ask("Fill the board")
    told = results(came)
    assert told[0] == "No tasks."
    assert json.loads(told[1]) == {
        "id": 1, "subject": "A", "description": "first", "status": "pending", "blockedBy": [],
        "blocks": [], "owner": "", "activeForm": "", "metadata": {},
    }  # fmt: skip
    assert told[1].startswith('{\n  "id": 1,')
    assert json.loads(told[2])["id"] == 2
    assert json.loads(told[3])["blocks"] == [2]
    assert told[4] == "Error: Task 2 cannot block task 1: a circle (2 -> 1 -> 2)"
    assert json.loads(told[5])["blockedBy"] == [1]
    assert told[6] == "[ ] #1: A @me\n[ ] #2: B (blocked by: [1])\n(0/2 completed)"
    assert told[9] == "[x] #1: A @me\n[>] #2: B <- Doing B\n(1/2 completed)"
    assert told[10] == "Error: Task 99 not found"
    assert told[11] == "Error: 'taskId' must be the number of a task, such as 3"
    assert told[12] == "Error: Invalid status: done"
    assert json.loads(told[13])["status"] == "deleted"
    # After task_create, task_update and task_list, also when the call failed.
    shown = updates(came, "task_update")
    assert len(shown) == 11
    assert [task["id"] for task in shown[-1]] == [2]
    folder = served.folder / "workspace" / conversation / ".tasks"
    assert [path.name for path in sorted(folder.glob("task_*"))] == ["task_2.json"]
    assert json.loads((folder / "task_2.json").read_text()) == shown[-1][0]


def test_tasks_survive_a_kill_and_no_other_conversation_sees_them(tmp_path: Path) -> None:
    scripts = Scripts()
    with model_server(think=scripts.think) as model:
        server = start_server(tmp_path, model, scripts)
        server.script("Note it", calls(("task_create", {"subject": "A"})), Reply(text=("ok",)))
        conversation = server.new()
        with server.talk(conversation) as talk:
            talk.ask("Note it")
        server.kill()
        server = start_server(tmp_path, model, scripts)
        again = calls(("task_create", {"subject": "B"}), ("task_list", {}))
        server.script("Note it", again, Reply(text=("ok",)))
        with server.talk(conversation) as talk:
            came = talk.ask("And another")
            assert results(came)[1] == "[ ] #1: A\n[ ] #2: B\n(0/2 completed)"
            assert [task["id"] for task in updates(came, "task_update")[-1]] == [1, 2]
        server.script("Someone else", calls(("task_list", {})), Reply(text=("ok",)))
        with server.talk(server.new()) as talk:
            assert results(talk.ask("Someone else")) == ["No tasks."]
        assert server.stop() == 0
        server.kill()


def test_plan_mode_leaves_the_board_and_the_steps_that_are_read(served: Served) -> None:
    served.script(
        "Plan it",
        calls(
            ("task_create", {"subject": "A"}),
            ("task_list", {}),
            ("todo_list", {}),
            ("todo_add", {"content": "a", "activeForm": "A"}),
        ),
        Reply(text=("ok",)),
    )
    with served.talk(served.new(enable_plan_mode=True)) as talk:
        talk.say("Plan it")
        told = results(talk.until("plan_ready", "error"))
    refused = "Error: plan mode is on: todo_add is not available before the user has approved"
    assert [each for each in told if not each.startswith(refused)][1:] == [
        "[ ] #1: A\n(0/1 completed)",
        "No todos.",
    ]
    assert len(told) == 4
