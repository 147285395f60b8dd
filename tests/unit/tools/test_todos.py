"""The agent's own list of steps: what is allowed, and how it reads."""

import asyncio
from typing import cast

import pytest
from pydantic import JsonValue

from agentproxy.events.todos import TodosChanged
from agentproxy.tools.port import Bench, ToolOutcome
from agentproxy.tools.todos.todo_list import TodoList
from agentproxy.tools.todos.tools import todo_tools

A: JsonValue = {"content": "a", "status": "completed", "activeForm": "Doing a"}
B: JsonValue = {"content": "b", "status": "in_progress", "activeForm": "Doing b"}
C: JsonValue = {"content": "c", "status": "pending", "activeForm": "Doing c"}


def use(todos: TodoList, name: str, **arguments: JsonValue) -> ToolOutcome:
    tool = next(each for each in todo_tools(todos) if each.spec.name == name)
    outcome = asyncio.run(tool.run(arguments, cast("Bench", None)))
    for fact in outcome.facts:
        todos.fold(fact)
    return outcome


def test_the_list_reads_as_in_the_documents() -> None:
    todos = TodoList()
    assert use(todos, "todo_list").text == "No todos."
    said = use(todos, "todo_write", items=[A, B, C])
    assert said.text == "[x] a\n[>] b <- Doing b\n[ ] c\n(1/3 completed)"
    assert [type(fact) for fact in said.facts] == [TodosChanged]
    added = use(todos, "todo_add", content="d", activeForm="Doing d")
    assert added.text.endswith("[ ] d\n(1/4 completed)")
    done = use(todos, "todo_complete", content="b")
    assert done.text == "[x] a\n[x] b\n[ ] c\n[ ] d\n(2/4 completed)"
    assert use(todos, "todo_list").text == done.text
    assert use(todos, "todo_write", items=[]).text == "No todos."


def test_of_equal_entries_the_first_open_one_is_done() -> None:
    todos = TodoList()
    use(todos, "todo_write", items=[{**cast("dict[str, JsonValue]", A), "content": "c"}, C])
    assert use(todos, "todo_complete", content="c").text == "[x] c\n[x] c\n(2/2 completed)"


@pytest.mark.parametrize(
    ("name", "arguments", "says"),
    [
        ("todo_write", {"items": [C] * 21}, "Error: Max 20 todos allowed"),
        ("todo_write", {"items": [B, B]}, "Error: Only one task can be in_progress at a time"),
        (
            "todo_write",
            {"items": [{"content": "a", "status": "deleted", "activeForm": "x"}]},
            "Error: Invalid status: deleted",
        ),
        ("todo_complete", {"content": "x"}, "Error: Todo not found: x"),
    ],
)
def test_what_is_not_allowed_is_said_and_changes_nothing(
    name: str, arguments: dict[str, JsonValue], says: str
) -> None:
    todos = TodoList()
    use(todos, "todo_write", items=[C])
    outcome = use(todos, name, **arguments)
    assert (outcome.text, outcome.failed, outcome.facts) == (says, True, ())
    assert use(todos, "todo_list").text == "[ ] c\n(0/1 completed)"


def test_the_list_takes_20_and_no_more() -> None:
    todos = TodoList()
    for number in range(20):
        assert not use(todos, "todo_add", content=str(number), activeForm="x").failed
    assert use(todos, "todo_add", content="21", activeForm="x").failed
    assert len(todos.todos) == 20
