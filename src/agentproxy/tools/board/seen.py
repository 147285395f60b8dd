"""The board as one conversation has last seen it, folded from facts. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from agentproxy.events.board import BoardSeen, BoardTask
from agentproxy.events.envelope import Fact


@dataclass(slots=True)
class SeenBoard:
    """Folds in place."""

    _tasks: dict[int, BoardTask] = field(default_factory=dict[int, BoardTask])

    @property
    def tasks(self) -> Sequence[BoardTask]:
        return [task for _, task in sorted(self._tasks.items())]

    def fold(self, fact: Fact) -> None:
        if isinstance(fact, BoardSeen):
            for key in fact.gone:
                self._tasks.pop(key, None)
            self._tasks.update((task.id, task) for task in fact.changed)

    def look(self, tasks: Mapping[int, BoardTask]) -> BoardSeen:
        """Returns the fact of another look at the board."""
        changed = tuple(task for key, task in tasks.items() if self._tasks.get(key) != task)
        return BoardSeen(changed=changed, gone=tuple(sorted(self._tasks.keys() - tasks.keys())))
