"""task_create, task_get, task_update and task_list: the board of tasks."""

import json
from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import get_args

from pydantic import JsonValue

from agentproxy.events.board import BoardTask, TaskStatus
from agentproxy.models.port import ToolSpec
from agentproxy.tools.board.graph import BoardError, TaskChange, rendered
from agentproxy.tools.board.seen import SeenBoard
from agentproxy.tools.board.store import Board
from agentproxy.tools.port import (
    Arguments,
    BadArguments,
    Bench,
    Permission,
    Tool,
    ToolOutcome,
    failure,
    object_schema,
)

STATUSES: tuple[TaskStatus, ...] = get_args(TaskStatus)
MAX_SUBJECT = 500  # characters
MAX_TEXT = 20_000
MAX_LINKS = 1000
TEXT: JsonValue = {"type": "string"}
NUMBER: JsonValue = {"type": "integer", "minimum": 1, "description": "the number of the task"}
NUMBERS: JsonValue = {"type": "array", "items": {"type": "integer", "minimum": 1}}
WORDS: dict[str, JsonValue] = {
    "subject": {"type": "string", "description": "the task in a line"},
    "description": {"type": "string", "description": "what is to be done"},
    "activeForm": {"type": "string", "description": "what is being done, such as: Fixing it"},
}


class _BoardTool(ABC):
    def __init__(self, seen: SeenBoard) -> None:
        self._seen = seen

    def permission(self, arguments: Arguments) -> Permission:
        del arguments
        return Permission()

    async def run(self, arguments: Arguments, bench: Bench) -> ToolOutcome:
        board = Board(bench.tree)
        try:
            outcome = ToolOutcome(await self.answer(arguments, board))
        except (BadArguments, BoardError) as error:
            outcome = failure(str(error))
        try:
            look = self._seen.look(await board.tasks())
        except BoardError:
            return outcome
        # Clients are shown the board also after a call that failed.
        return ToolOutcome(outcome.text, failed=outcome.failed, facts=(look,))

    @abstractmethod
    async def answer(self, arguments: Arguments, board: Board) -> str:
        """Returns what the model is told. Raises BadArguments, BoardError."""


class TaskCreate(_BoardTool):
    """Adds a task."""

    spec = ToolSpec("task_create", "Add a task to the board.", object_schema(WORDS, "subject"))

    async def answer(self, arguments: Arguments, board: Board) -> str:
        subject = _subject(arguments)
        if subject is None:
            raise BadArguments("'subject' must be a text")
        task = await board.create(
            subject,
            description=_text(arguments, "description") or "",
            active_form=_text(arguments, "activeForm", most=MAX_SUBJECT) or "",
        )
        return _json(task)


class TaskGet(_BoardTool):
    """Shows a task."""

    spec = ToolSpec(
        "task_get", "Show a task of the board, whole.", object_schema({"taskId": NUMBER}, "taskId")
    )

    async def run(self, arguments: Arguments, bench: Bench) -> ToolOutcome:
        try:
            return ToolOutcome(await self.answer(arguments, Board(bench.tree)))
        except BoardError as error:
            return failure(str(error))

    async def answer(self, arguments: Arguments, board: Board) -> str:
        return _json(await board.get(_number(arguments.get("taskId"), "taskId")))


class TaskUpdate(_BoardTool):
    """Changes a task."""

    spec = ToolSpec(
        "task_update",
        "Change a task of the board. A task that is completed blocks no other any more. The status "
        "deleted removes it.",
        object_schema(
            {
                "taskId": NUMBER,
                "status": {"type": "string", "enum": list(STATUSES)},
                **WORDS,
                "owner": {"type": "string", "description": "who works on it"},
                "addBlockedBy": {**NUMBERS, "description": "tasks that must be done before it"},
                "addBlocks": {**NUMBERS, "description": "tasks that must wait for it"},
                "metadata": {"type": "object", "description": "a null removes a key"},
            },
            "taskId",
        ),
    )

    async def answer(self, arguments: Arguments, board: Board) -> str:
        change = TaskChange(
            status=_status(arguments),
            subject=_subject(arguments),
            description=_text(arguments, "description"),
            active_form=_text(arguments, "activeForm", most=MAX_SUBJECT),
            owner=_text(arguments, "owner", most=MAX_SUBJECT),
            add_blocked_by=_numbers(arguments, "addBlockedBy"),
            add_blocks=_numbers(arguments, "addBlocks"),
            metadata=_metadata(arguments),
        )
        return _json(await board.update(_number(arguments.get("taskId"), "taskId"), change))


class TaskList(_BoardTool):
    """Shows the board."""

    spec = ToolSpec("task_list", "Show all tasks of the board.", object_schema({}))

    async def answer(self, arguments: Arguments, board: Board) -> str:
        del arguments
        return rendered(await board.tasks())


def board_tools(seen: SeenBoard) -> Sequence[Tool]:
    """Returns the tools of the board, for a conversation that has seen so much of it."""
    return (TaskCreate(seen), TaskGet(seen), TaskUpdate(seen), TaskList(seen))


def _json(task: BoardTask) -> str:
    return json.dumps(task.shown(), indent=2, ensure_ascii=False)


def _number(value: JsonValue, name: str) -> int:
    # Models send numbers as texts, and whole ones with a fraction of 0.
    if isinstance(value, str) and value.isascii() and value.isdigit() and len(value) < 10:
        value = int(value)
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    if isinstance(value, bool) or not isinstance(value, int) or value < 1:
        raise BadArguments(f"{name!r} must be the number of a task, such as 3")
    return value


def _numbers(arguments: Arguments, name: str) -> Sequence[int]:
    values = arguments.get(name)
    if values is None:
        return ()
    if not isinstance(values, list) or len(values) > MAX_LINKS:
        raise BadArguments(f"{name!r} must be a list of the numbers of tasks")
    return [_number(value, name) for value in values]


def _text(arguments: Arguments, name: str, *, most: int = MAX_TEXT) -> str | None:
    value = arguments.get(name)
    if value is None:
        return None
    if not isinstance(value, str) or len(value) > most:
        raise BadArguments(f"{name!r} must be a text of at most {most} characters")
    return value


def _subject(arguments: Arguments) -> str | None:
    subject = _text(arguments, "subject", most=MAX_SUBJECT)
    if subject is not None and not subject.strip():
        raise BadArguments("'subject' must not be empty")
    return subject


def _status(arguments: Arguments) -> TaskStatus | None:
    value = arguments.get("status")
    if value is None:
        return None
    for status in STATUSES:
        if status == value:
            return status
    raise BoardError(f"Invalid status: {value}")


def _metadata(arguments: Arguments) -> dict[str, JsonValue]:
    value = arguments.get("metadata")
    if value is None:
        return {}
    if not isinstance(value, dict) or len(json.dumps(value)) > MAX_TEXT:
        raise BadArguments(f"'metadata' must be an object of at most {MAX_TEXT} characters")
    return value
