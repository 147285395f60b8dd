"""todo_write, todo_add, todo_complete and todo_list: the agent's own list of steps."""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import get_args

from pydantic import JsonValue

from agentproxy.events.todos import Todo, TodosChanged, TodoStatus
from agentproxy.models.port import ToolSpec
from agentproxy.tools.port import (
    Arguments,
    BadArguments,
    Bench,
    Permission,
    Resumable,
    Tool,
    ToolOutcome,
    failure,
    object_schema,
    schema,
    text_of,
)
from agentproxy.tools.todos.todo_list import BadTodos, TodoList, checked, completed, rendered

MAX_CHARACTERS = 1000  # of one text
STATUSES: tuple[str, ...] = get_args(TodoStatus)
CONTENT = {"content": "what is to be done"}
BOTH = CONTENT | {"activeForm": "what is being done while it is in progress, such as: Fixing it"}
ITEM: JsonValue = object_schema(
    {
        "content": {"type": "string", "description": BOTH["content"]},
        "status": {"type": "string", "enum": list(STATUSES)},
        "activeForm": {"type": "string", "description": BOTH["activeForm"]},
    },
    "content",
    "status",
    "activeForm",
)


class _TodoTool(Resumable, ABC):
    """The state is folded from the facts of each call, so a call that was cut off did nothing."""

    def __init__(self, todos: TodoList) -> None:
        self._list = todos

    def permission(self, arguments: Arguments) -> Permission:
        del arguments
        return Permission()

    async def run(self, arguments: Arguments, bench: Bench) -> ToolOutcome:
        del bench
        try:
            todos = checked(self.changed(arguments, self._list.todos))
        except BadTodos as error:
            return failure(str(error))
        facts = (TodosChanged(todos=todos),) if todos != self._list.todos else ()
        return ToolOutcome(rendered(todos), facts=facts)

    @abstractmethod
    def changed(self, arguments: Arguments, todos: tuple[Todo, ...]) -> Sequence[Todo]:
        """Returns the list after the call. Raises BadArguments, BadTodos."""


class TodoWrite(_TodoTool):
    """Replaces the list."""

    spec = ToolSpec(
        "todo_write",
        "Replace your list of steps. At most 20, and one in progress.",
        object_schema({"items": {"type": "array", "items": ITEM}}, "items"),
    )

    def changed(self, arguments: Arguments, todos: tuple[Todo, ...]) -> Sequence[Todo]:
        del todos
        items = arguments.get("items")
        if not isinstance(items, list):
            raise BadArguments("'items' must be a list")
        return [_todo(item) for item in items]


class TodoAdd(_TodoTool):
    """Adds a step."""

    spec = ToolSpec("todo_add", "Add a step to your list.", schema(BOTH))

    def changed(self, arguments: Arguments, todos: tuple[Todo, ...]) -> Sequence[Todo]:
        return [*todos, _todo({**arguments, "status": "pending"})]


class TodoComplete(_TodoTool):
    """Marks a step as done."""

    spec = ToolSpec("todo_complete", "Mark a step of your list as done.", schema(CONTENT))

    def changed(self, arguments: Arguments, todos: tuple[Todo, ...]) -> Sequence[Todo]:
        return completed(todos, text_of(arguments, "content"))


class TodoListing(_TodoTool):
    """Shows the list."""

    spec = ToolSpec("todo_list", "Show your list of steps.", schema({}))

    def changed(self, arguments: Arguments, todos: tuple[Todo, ...]) -> Sequence[Todo]:
        del arguments
        return todos


def todo_tools(todos: TodoList) -> Sequence[Tool]:
    """Returns the tools of one list."""
    return (TodoWrite(todos), TodoAdd(todos), TodoComplete(todos), TodoListing(todos))


def _todo(item: JsonValue) -> Todo:
    if not isinstance(item, dict):
        raise BadArguments("each of 'items' must be an object")
    status = item.get("status")
    if not isinstance(status, str) or status not in STATUSES:
        raise BadTodos(f"Invalid status: {status}")
    content, doing = _line(item, "content"), _line(item, "activeForm")
    return Todo.model_validate({"content": content, "status": status, "active_form": doing})


def _line(item: Arguments, name: str) -> str:
    text = text_of(item, name).strip()
    if not 0 < len(text) <= MAX_CHARACTERS:
        raise BadArguments(f"{name!r} must have from 1 to {MAX_CHARACTERS} characters")
    return text
