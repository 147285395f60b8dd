"""The agent's own list of steps, folded from facts. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass

from agentproxy.events.envelope import Fact
from agentproxy.events.todos import Todo, TodosChanged

MAX_TODOS = 20
MARKS = {"completed": "[x]", "in_progress": "[>]", "pending": "[ ]"}


class BadTodos(ValueError):
    """A list that is not allowed. The text says why."""


@dataclass(slots=True)
class TodoList:
    """Folds in place."""

    todos: tuple[Todo, ...] = ()

    def fold(self, fact: Fact) -> None:
        if isinstance(fact, TodosChanged):
            self.todos = fact.todos


def checked(todos: Sequence[Todo]) -> tuple[Todo, ...]:
    """Returns a list that is allowed. Raises BadTodos."""
    if len(todos) > MAX_TODOS:
        raise BadTodos(f"Max {MAX_TODOS} todos allowed")
    if sum(todo.status == "in_progress" for todo in todos) > 1:
        raise BadTodos("Only one task can be in_progress at a time")
    return tuple(todos)


def completed(todos: Sequence[Todo], content: str) -> tuple[Todo, ...]:
    """Returns the list with one entry done. Raises BadTodos."""
    places = [place for place, todo in enumerate(todos) if todo.content == content]
    if not places:
        raise BadTodos(f"Todo not found: {content}")
    # Of entries with equal words, the first that is not done yet.
    open_ = [place for place in places if todos[place].status != "completed"]
    chosen = (open_ or places)[0]
    done = todos[chosen].model_copy(update={"status": "completed"})
    return (*todos[:chosen], done, *todos[chosen + 1 :])


def rendered(todos: Sequence[Todo]) -> str:
    """Returns the list in words."""
    if not todos:
        return "No todos."
    done = sum(todo.status == "completed" for todo in todos)
    return "\n".join([*map(_line, todos), f"({done}/{len(todos)} completed)"])


def _line(todo: Todo) -> str:
    doing = f" <- {todo.active_form}" if todo.status == "in_progress" else ""
    return f"{MARKS[todo.status]} {todo.content}{doing}"
