"""The commands of a conversation that run in the background, folded from facts. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from agentproxy.events.background import (
    BackgroundEnded,
    BackgroundNotice,
    BackgroundStarted,
    BackgroundStatus,
    BackgroundTold,
    BackgroundWanted,
)
from agentproxy.events.envelope import Fact

NOTICE_COMMAND = 80  # characters
NOTICE_RESULT = 500
SHOWN_COMMAND = 60
MAX_KEPT = 50  # commands; of older ones the results are gone


@dataclass(frozen=True, slots=True)
class BackgroundTask:
    """One command. `started` is false until it is about to run."""

    id: str
    command: str
    status: BackgroundStatus = "running"
    started: bool = False
    result: str = ""
    exit_code: int | None = None

    @property
    def line(self) -> str:
        return f"[{self.status}] {self.command[:SHOWN_COMMAND]}"


@dataclass(slots=True)
class BackgroundTasks:
    """Folds in place."""

    known: dict[str, BackgroundTask] = field(default_factory=dict[str, BackgroundTask])
    untold: list[str] = field(default_factory=list[str])  # ids, in the order of their ends

    @property
    def running(self) -> Sequence[BackgroundTask]:
        return [task for task in self.known.values() if task.status == "running"]

    def is_running(self, key: str) -> bool:
        task = self.known.get(key)
        return task is not None and task.status == "running"

    def notices(self) -> tuple[BackgroundNotice, ...]:
        """Returns what the agent has not been told yet."""
        return tuple(notice_of(self.known[key]) for key in self.untold)

    def fold(self, fact: Fact) -> None:
        match fact:
            case BackgroundWanted():
                self._forget_oldest()
                self.known[fact.task] = BackgroundTask(fact.task, fact.command)
            case BackgroundStarted() if fact.task in self.known:
                self.known[fact.task] = replace(self.known[fact.task], started=True)
            case BackgroundEnded() if self.is_running(fact.task):
                self.known[fact.task] = replace(
                    self.known[fact.task],
                    status=fact.status,
                    result=fact.result,
                    exit_code=fact.exit_code,
                )
                self.untold.append(fact.task)
            case BackgroundTold():
                told = {notice.task for notice in fact.notices}
                self.untold = [key for key in self.untold if key not in told]
            case _:
                pass

    def _forget_oldest(self) -> None:
        # What runs, and what nobody was told of, stays.
        gone = [
            key
            for key, task in self.known.items()
            if task.status != "running" and key not in self.untold
        ]
        for key in gone[: max(0, len(self.known) + 1 - MAX_KEPT)]:
            del self.known[key]


def result_of(output: str, exit_code: int | None) -> str:
    """Returns the output of a command that ended, with its exit code unless it is 0."""
    if not exit_code:
        return output or "(no output)"
    return "\n".join(filter(None, (output, f"(exit code {exit_code})")))


def notice_of(task: BackgroundTask) -> BackgroundNotice:
    """Returns how a command ended, in short."""
    result = task.result
    if len(result) > NOTICE_RESULT:
        last = f"\n(exit code {task.exit_code})" if task.exit_code else ""
        result = result[: NOTICE_RESULT - len(last)] + last
    return BackgroundNotice(
        task=task.id,
        status=task.status,
        command=task.command[:NOTICE_COMMAND],
        result=result,
        exit_code=task.exit_code,
    )
