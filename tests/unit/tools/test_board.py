"""Tasks that wait for one another, and their files."""

import asyncio
import fcntl
import json
import subprocess
import sys
from pathlib import Path

import pytest

from agentproxy.events.board import BoardTask
from agentproxy.tools.board.graph import (
    BoardError,
    TaskChange,
    claimed,
    linked,
    released,
    rendered,
    updated,
)
from agentproxy.tools.board.seen import SeenBoard
from agentproxy.tools.board.store import Board


def board(*links: tuple[int, int], number: int = 4) -> dict[int, BoardTask]:
    """Tasks 1 to `number`. The first of a link blocks the second."""
    tasks = {key: BoardTask(id=key, subject=f"t{key}") for key in range(1, number + 1)}
    for blocker, blocked in links:
        tasks = updated(tasks, blocker, TaskChange(add_blocks=[blocked]))
    return tasks


def waits(tasks: dict[int, BoardTask]) -> dict[int, tuple[int, ...]]:
    return {key: task.blocked_by for key, task in tasks.items() if task.blocked_by}


@pytest.mark.parametrize("change", [TaskChange(add_blocks=[2]), TaskChange(add_blocked_by=[2])])
def test_a_link_is_at_both_of_its_ends_and_ends_when_the_blocker_is_done(
    change: TaskChange,
) -> None:
    tasks = updated(board(), 1, change)
    first, second = (1, 2) if change.add_blocks else (2, 1)
    assert tasks[first].blocks == (second,)
    assert tasks[second].blocked_by == (first,)
    done = updated(tasks, first, TaskChange(status="completed"))
    assert waits(done) == {}
    # A task that is taken up again blocks again.
    assert waits(updated(done, first, TaskChange(status="pending"))) == {second: (first,)}


def test_who_is_done_already_blocks_nobody() -> None:
    done = updated(board(), 1, TaskChange(status="completed"))
    assert waits(updated(done, 2, TaskChange(add_blocked_by=[1, 3]))) == {2: (3,)}


def test_a_deleted_task_is_gone_with_its_links() -> None:
    tasks = updated(board((1, 2), (2, 3)), 2, TaskChange(status="deleted"))
    assert 2 not in tasks
    assert waits(tasks) == {}
    assert tasks[1].blocks == ()


@pytest.mark.parametrize(
    ("key", "change", "says"),
    [
        (9, TaskChange(), "Task 9 not found"),
        (1, TaskChange(add_blocks=[9]), "Task 9 not found"),
        (1, TaskChange(add_blocked_by=[9]), "Task 9 not found"),
        (1, TaskChange(add_blocks=[1]), "Task 1 cannot wait for itself"),
        (1, TaskChange(add_blocked_by=[1]), "Task 1 cannot wait for itself"),
        (2, TaskChange(add_blocks=[1]), r"Task 2 cannot block task 1: a circle \(2 -> 1 -> 2\)"),
        (3, TaskChange(add_blocks=[1]), r"a circle \(3 -> 1 -> 2 -> 3\)"),
        (1, TaskChange(add_blocked_by=[3]), r"a circle \(3 -> 1 -> 2 -> 3\)"),
        (4, TaskChange(add_blocks=[1], add_blocked_by=[3]), "a circle"),
    ],
)
def test_links_to_itself_to_nobody_and_in_a_circle_are_refused(
    key: int, change: TaskChange, says: str
) -> None:
    with pytest.raises(BoardError, match=says):
        updated(board((1, 2), (2, 3)), key, change)


def test_a_board_whose_files_were_written_in_part_is_whole_again() -> None:
    tasks = board((1, 2))
    for part in (
        {**tasks, 2: tasks[2].model_copy(update={"blocked_by": ()})},
        {**tasks, 1: tasks[1].model_copy(update={"blocks": (9, 1)})},
    ):
        assert linked(part)[2].blocked_by in ((1,), tasks[2].blocked_by)
        assert linked(part)[1].blocks == (2,)
    half_done = {**tasks, 1: tasks[1].model_copy(update={"status": "completed"})}
    assert waits(linked(half_done)) == {}


def test_the_board_reads_as_in_the_documents() -> None:
    assert rendered({}) == "No tasks."
    tasks = board((1, 2), (3, 2))
    tasks = updated(tasks, 2, TaskChange(owner="bob"))
    tasks = updated(tasks, 3, TaskChange(status="in_progress", active_form="Doing"))
    tasks = updated(tasks, 4, TaskChange(status="completed"))
    assert rendered(tasks) == (
        "[ ] #1: t1\n[ ] #2: t2 (blocked by: [1, 3]) @bob\n[>] #3: t3 <- Doing\n[x] #4: t4\n"
        "(1/4 completed)"
    )


def test_metadata_is_merged_and_a_null_removes_a_key() -> None:
    tasks = updated(board(), 1, TaskChange(metadata={"a": 1, "b": 2}))
    assert updated(tasks, 1, TaskChange(metadata={"a": None, "c": 3}))[1].metadata == {
        "b": 2,
        "c": 3,
    }


def test_two_conversations_with_an_agent_of_one_name_do_a_task_once() -> None:
    assigned = {1: BoardTask(id=1, subject="a", owner="ann")}
    tasks, first = claimed(assigned, "ann", run="r1", had=())
    _, second = claimed(tasks, "ann", run="r2", had=())
    again, same = claimed(tasks, "ann", run="r1", had=())
    assert (first is not None, second, same is not None) == (True, None, True)
    assert released(again, "ann", run="r2") == again
    assert released(again, "ann", run="r1")[1].status == "pending"


def test_a_free_task_is_claimed_in_order() -> None:
    tasks = updated(board((1, 2)), 3, TaskChange(owner="eve"))
    tasks, first = claimed(tasks, "bob")
    tasks, second = claimed(tasks, "bob")
    tasks, third = claimed(tasks, "bob")
    assert [task.id if task else 0 for task in (first, second, third)] == [1, 4, 0]
    assert (tasks[1].owner, tasks[1].status) == ("bob", "in_progress")


def test_a_conversation_keeps_only_what_differs_from_its_last_look() -> None:
    seen = SeenBoard()
    first = seen.look(board())
    assert len(first.changed) == 4
    seen.fold(first)
    new = updated(updated(board(), 1, TaskChange(owner="bob")), 4, TaskChange(status="deleted"))
    look = seen.look(new)
    assert ([task.id for task in look.changed], look.gone) == ([1], (4,))
    seen.fold(look)
    assert seen.tasks == list(new.values())
    assert seen.look(new).changed == ()


def files(workspace: Path) -> dict[str, dict[str, object]]:
    found = workspace.glob(".tasks/task_*.json")
    return {path.name: json.loads(path.read_text()) for path in found}


def test_each_task_is_a_file_with_the_documented_names(tmp_path: Path) -> None:
    async def work() -> None:
        mine = Board(tmp_path)
        await mine.create("one", description="all of it", active_form="Doing one")
        await mine.create("two")
        await mine.update(2, TaskChange(add_blocked_by=[1]))

    asyncio.run(work())
    assert files(tmp_path)["task_1.json"] == {
        "id": 1, "subject": "one", "description": "all of it", "status": "pending",
        "blockedBy": [], "blocks": [2], "owner": "", "activeForm": "Doing one", "metadata": {},
    }  # fmt: skip
    assert files(tmp_path)["task_2.json"]["blockedBy"] == [1]


def test_a_number_is_never_given_twice(tmp_path: Path) -> None:
    async def work() -> list[int]:
        mine = Board(tmp_path)
        await mine.create("one")
        await mine.create("two")
        await mine.update(2, TaskChange(status="deleted"))
        return [(await mine.create("three")).id, *(await Board(tmp_path).tasks())]

    assert asyncio.run(work()) == [3, 1, 3]
    assert sorted(files(tmp_path)) == ["task_1.json", "task_3.json"]


CREATES = """
import asyncio, sys
from pathlib import Path
from agentproxy.tools.board.store import Board

async def work():
    await asyncio.gather(*(Board(Path(sys.argv[1])).create(sys.argv[2]) for _ in range(20)))

asyncio.run(work())
"""


def test_conversations_and_processes_at_once_lose_no_task(tmp_path: Path) -> None:
    processes = [
        subprocess.Popen([sys.executable, "-c", CREATES, str(tmp_path), name]) for name in "abc"
    ]
    assert [process.wait(timeout=60) for process in processes] == [0, 0, 0]
    found = files(tmp_path)
    assert sorted(each["id"] for each in found.values()) == list(range(1, 61))  # pyright: ignore[reportArgumentType]
    assert sorted(str(each["subject"]) for each in found.values()) == [
        *"a" * 20,
        *"b" * 20,
        *"c" * 20,
    ]


def test_only_one_of_many_gets_a_task(tmp_path: Path) -> None:
    async def work() -> list[BoardTask | None]:
        await Board(tmp_path).create("only")
        return await asyncio.gather(*(Board(tmp_path).claim(str(n)) for n in range(10)))

    assert sum(task is not None for task in asyncio.run(work())) == 1


@pytest.mark.parametrize(
    ("name", "content", "says"),
    [
        ("task_1.json", "{", r"\.tasks/task_1\.json is damaged"),
        ("task_1.json", '{"id": 2, "subject": "x"}', r"\.tasks/task_1\.json is damaged"),
        ("task_1.json", '{"id": 1}', r"\.tasks/task_1\.json is damaged"),
    ],
)
def test_a_damaged_file_is_named(tmp_path: Path, name: str, content: str, says: str) -> None:
    (tmp_path / ".tasks").mkdir()
    (tmp_path / ".tasks" / name).write_text(content)
    with pytest.raises(BoardError, match=says):
        asyncio.run(Board(tmp_path).tasks())


def test_a_link_leads_nowhere(tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    inside = tmp_path / "inside"
    inside.mkdir()
    (inside / ".tasks").symlink_to(outside)
    with pytest.raises(BoardError, match="cannot be used"):
        asyncio.run(Board(inside).create("x"))
    (inside / ".tasks").unlink()
    asyncio.run(Board(inside).create("x"))
    (outside / "secret").write_text("{}")
    (inside / ".tasks/task_2.json").symlink_to(outside / "secret")
    with pytest.raises(BoardError, match="not a regular file"):
        asyncio.run(Board(inside).create("y"))
    assert (outside / "secret").read_text() == "{}"


def test_nobody_waits_for_ever_for_one_who_holds_the_lock(tmp_path: Path) -> None:
    asyncio.run(Board(tmp_path).create("x"))
    with (tmp_path / ".tasks/.lock").open() as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        with pytest.raises(BoardError, match="in use"):
            asyncio.run(Board(tmp_path, patience=0.1).create("y"))
