"""background_run and check_background: commands that run on while the agent goes on."""

import hashlib

from agentproxy.events.background import BackgroundWanted
from agentproxy.models.port import ToolSpec
from agentproxy.tools.background.tasks import BackgroundTasks
from agentproxy.tools.port import (
    Arguments,
    Bench,
    Permission,
    Resumable,
    ToolOutcome,
    failure,
    object_schema,
    optional_text_of,
    schema,
    text_of,
)

MAX_AT_ONCE = 8
STARTED_COMMAND = 80  # characters


class BackgroundRun(Resumable):
    """Starts a command and answers at once."""

    spec = ToolSpec(
        "background_run",
        "Run a bash command in the background, such as a long build or test. The answer is its id, "
        "at once. You are told when it has ended. There is no network. It is stopped at a limit of "
        "time, and when the user has left.",
        schema({"command": "the command line"}),
    )

    def __init__(self, tasks: BackgroundTasks, *, run: str) -> None:
        self._tasks = tasks
        self._run = run

    def permission(self, arguments: Arguments) -> Permission:
        return Permission("run", text_of(arguments, "command"))

    async def run(self, arguments: Arguments, bench: Bench) -> ToolOutcome:
        command = text_of(arguments, "command")
        if "\0" in command:
            return failure("the command contains a NUL character")
        if len(self._tasks.running) >= MAX_AT_ONCE:
            return failure(f"{MAX_AT_ONCE} background commands run already: wait for one to end")
        # Of the call, so that the same call has the same id in every process.
        key = hashlib.sha256(f"{self._run}/{bench.call}".encode()).hexdigest()[:8]
        wanted = BackgroundWanted(task=key, command=command)
        text = f"Background task {key} started: {command[:STARTED_COMMAND]}"
        return ToolOutcome(text, facts=(wanted,))


class CheckBackground:
    """Tells how commands in the background stand."""

    spec = ToolSpec(
        "check_background",
        "Show the status and the result of a background command; without an id, list all.",
        object_schema({"task_id": {"type": "string", "description": "the id of the command"}}),
    )

    def __init__(self, tasks: BackgroundTasks) -> None:
        self._tasks = tasks

    def permission(self, arguments: Arguments) -> Permission:
        optional_text_of(arguments, "task_id")
        return Permission()

    async def run(self, arguments: Arguments, bench: Bench) -> ToolOutcome:
        del bench
        key, known = optional_text_of(arguments, "task_id"), self._tasks.known
        if not key:
            lines = [f"{task.id}: {task.line}" for task in known.values()]
            return ToolOutcome("\n".join(lines) or "No background tasks.")
        task = known.get(key)
        if task is None:
            return failure(f"Unknown background task {key}")
        return ToolOutcome(f"{task.line}\n{task.result or '(still running)'}")
