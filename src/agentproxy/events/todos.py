"""Facts about the list of steps that the agent keeps for itself."""

from typing import Literal

from agentproxy.events.envelope import Fact, FrozenModel

TodoStatus = Literal["pending", "in_progress", "completed"]


class Todo(FrozenModel):
    content: str
    status: TodoStatus
    active_form: str  # what is being done while it is in progress


class TodosChanged(Fact):
    """The agent changed its list."""

    kind: Literal["todos_changed"] = "todos_changed"
    todos: tuple[Todo, ...]
