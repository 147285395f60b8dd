"""Tasks that wait for one another. Every change gives a new board, or a reason against it. Pure."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from pydantic import JsonValue

from agentproxy.events.board import BoardTask, TaskStatus

MARKS = {"completed": "[x]", "in_progress": "[>]", "pending": "[ ]"}
Tasks = Mapping[int, BoardTask]


class BoardError(Exception):
    """What was asked for cannot be done. The text says why."""


RUN = "agentproxy_run"  # in the metadata: the run of the teammate that took the task


@dataclass(frozen=True, slots=True)
class TaskChange:
    """What of a task changes; None leaves a field as it is. A null in `metadata` removes a key."""

    status: TaskStatus | None = None
    subject: str | None = None
    description: str | None = None
    active_form: str | None = None
    owner: str | None = None
    add_blocked_by: Sequence[int] = ()
    add_blocks: Sequence[int] = ()
    metadata: Mapping[str, JsonValue] = field(default_factory=dict[str, JsonValue])


def require(tasks: Tasks, key: int) -> BoardTask:
    """Raises BoardError."""
    if key not in tasks:
        raise BoardError(f"Task {key} not found")
    return tasks[key]


def updated(tasks: Tasks, key: int, change: TaskChange) -> dict[int, BoardTask]:
    """Returns the board after a change of one task. Raises BoardError."""
    task = require(tasks, key)
    if change.status == "deleted":
        return linked({each: found for each, found in tasks.items() if each != key})
    new = {**tasks, key: _with_fields(task, change)}
    for blocker in change.add_blocked_by:
        new = _with_link(new, blocker, key)
    for blocked in change.add_blocks:
        new = _with_link(new, key, blocked)
    return linked(new)


def linked(tasks: Tasks) -> dict[int, BoardTask]:
    """Returns the board with each link at both of its ends.

    A task that is completed blocks nobody; it blocks again when it is taken up again. So a board
    whose files were written only in part is whole again.
    """
    links = {
        (blocker, blocked)
        for key, task in tasks.items()
        for blocker, blocked in (
            *((key, other) for other in task.blocks),
            *((other, key) for other in task.blocked_by),
        )
        if blocker != blocked and blocker in tasks and blocked in tasks
    }
    return {
        key: task.model_copy(
            update={
                "blocks": _ordered(blocked for blocker, blocked in links if blocker == key),
                "blocked_by": _ordered(
                    blocker
                    for blocker, blocked in links
                    if blocked == key and tasks[blocker].status != "completed"
                ),
            }
        )
        for key, task in sorted(tasks.items())
    }


def claimed(
    tasks: Tasks, owner: str, *, run: str = "", had: Collection[int] | None = None
) -> tuple[dict[int, BoardTask], BoardTask | None]:
    """Returns the board where `owner` works on the first task for it, and that task.

    Such a task is open, nobody has it, and nothing blocks it. With `had` its own tasks count too,
    but those in `had`. `run` is written into it: two conversations that share a board may each have
    an agent of this name.
    """
    for key, task in sorted(tasks.items()):
        free = task.status == "pending" and not task.owner
        own = had is not None and key not in had and _is_own(task, owner, run)
        if (free or own) and not task.blocked_by:
            marked: dict[str, JsonValue] = {RUN: run} if run else {}
            change = TaskChange(status="in_progress", owner=owner, metadata=marked)
            new = updated(tasks, key, change)
            return new, new[key]
    return dict(tasks), None


def released(tasks: Tasks, owner: str, *, run: str) -> dict[int, BoardTask]:
    """Returns the board where what this run has begun and not completed is open again."""
    return {
        key: task.model_copy(update={"status": "pending", "owner": ""})
        if task.status == "in_progress" and task.owner == owner and task.metadata.get(RUN) == run
        else task
        for key, task in tasks.items()
    }


def _is_own(task: BoardTask, owner: str, run: str) -> bool:
    unfinished = task.status in ("pending", "in_progress")
    return task.owner == owner and unfinished and task.metadata.get(RUN, run) == run


def rendered(tasks: Tasks) -> str:
    """Returns the board in words."""
    if not tasks:
        return "No tasks."
    done = sum(task.status == "completed" for task in tasks.values())
    lines = [_line(task) for _, task in sorted(tasks.items())]
    return "\n".join([*lines, f"({done}/{len(lines)} completed)"])


def _line(task: BoardTask) -> str:
    blocked = f" (blocked by: {list(task.blocked_by)})" if task.blocked_by else ""
    owner = f" @{task.owner}" if task.owner else ""
    doing = f" <- {task.active_form}" if task.status == "in_progress" and task.active_form else ""
    return f"{MARKS[task.status]} #{task.id}: {task.subject}{blocked}{owner}{doing}"


def _with_fields(task: BoardTask, change: TaskChange) -> BoardTask:
    fields: dict[str, object] = {
        name: value
        for name in ("status", "subject", "description", "active_form", "owner")
        if (value := getattr(change, name)) is not None
    }
    merged = {**task.metadata, **change.metadata}
    kept = {name: value for name, value in merged.items() if value is not None}
    return task.model_copy(update={**fields, "metadata": kept})


def _with_link(tasks: dict[int, BoardTask], blocker: int, blocked: int) -> dict[int, BoardTask]:
    first = require(tasks, blocker)
    require(tasks, blocked)
    if blocker == blocked:
        raise BoardError(f"Task {blocker} cannot wait for itself")
    if path := _path(tasks, blocked, blocker):
        way = " -> ".join(map(str, (blocker, *path)))
        raise BoardError(f"Task {blocker} cannot block task {blocked}: a circle ({way})")
    return {**tasks, blocker: first.model_copy(update={"blocks": (*first.blocks, blocked)})}


def _path(tasks: Tasks, start: int, end: int) -> tuple[int, ...]:
    """Returns a way from task to task along what they block, or ()."""
    waiting: list[tuple[int, ...]] = [(start,)]
    seen = {start}
    while waiting:
        path = waiting.pop()
        if path[-1] == end:
            return path
        for other in tasks[path[-1]].blocks:
            if other in tasks and other not in seen:
                seen.add(other)
                waiting.append((*path, other))
    return ()


def _ordered(keys: Iterable[int]) -> tuple[int, ...]:
    return tuple(sorted(set(keys)))
