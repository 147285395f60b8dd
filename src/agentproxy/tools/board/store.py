"""The files of the board. Any number of conversations and processes may use one board."""

import asyncio
import json
import re
from collections.abc import Callable, Collection
from pathlib import Path
from typing import TypeVar

from pydantic import ValidationError

from agentproxy.events.board import BoardTask
from agentproxy.files.safe_files import BadPath, Locked, SafeDir
from agentproxy.tools.board.graph import (
    BoardError,
    TaskChange,
    Tasks,
    claimed,
    linked,
    released,
    require,
    updated,
)

FOLDER = ".tasks"
LOCK = f"{FOLDER}/.lock"
HIGHEST = f"{FOLDER}/.highest"  # the highest number that a task ever had
MAX_TASKS = 1000
MAX_FILE_BYTES = 1 << 20
PATIENCE = 10.0  # seconds, for others who use the board
FILE = re.compile(r"task_([1-9][0-9]{0,8})\.json")
T = TypeVar("T")


class Board:
    """The board of one workspace. Every method raises BoardError."""

    def __init__(self, workspace: Path, *, patience: float = PATIENCE) -> None:
        self._workspace = workspace
        self._patience = patience

    async def tasks(self) -> Tasks:
        """Returns the tasks by number."""
        return await self._change(lambda tasks: (tasks, tasks))

    async def get(self, key: int) -> BoardTask:
        return require(await self.tasks(), key)

    async def create(
        self, subject: str, *, description: str = "", active_form: str = ""
    ) -> BoardTask:
        """Adds a task with a number that no task ever had."""
        return await asyncio.to_thread(self._create, subject, description, active_form)

    async def update(self, key: int, change: TaskChange) -> BoardTask:
        """Returns the task after the change; a deleted one for the last time."""

        def apply(tasks: Tasks) -> tuple[Tasks, BoardTask]:
            new = updated(tasks, key, change)
            gone = tasks[key].model_copy(update={"status": "deleted"})
            return new, new.get(key, gone)

        return await self._change(apply)

    async def claim(
        self, owner: str, *, run: str = "", had: Collection[int] | None = None
    ) -> BoardTask | None:
        """Gives the first task that nobody has and nothing blocks to `owner`, and to nobody else.

        With `had`, its own open tasks count too, but those in `had`. Returns the task, in progress,
        or None.
        """
        return await self._change(lambda tasks: claimed(tasks, owner, run=run, had=had))

    async def release(self, owner: str, *, run: str) -> None:
        """Opens what the run claimed and did not complete."""
        await self._change(lambda tasks: (released(tasks, owner, run=run), None))

    async def _change(self, apply: Callable[[Tasks], tuple[Tasks, T]]) -> T:
        return await asyncio.to_thread(self._apply, apply)

    def _apply(self, apply: Callable[[Tasks], tuple[Tasks, T]]) -> T:
        def within(root: SafeDir) -> T:
            old = _read(root)
            new, result = apply(linked(old))
            _write(root, old, new)
            return result

        return self._locked(within)

    def _create(self, subject: str, description: str, active_form: str) -> BoardTask:
        def within(root: SafeDir) -> BoardTask:
            old = _read(root)
            if len(old) >= MAX_TASKS:
                raise BoardError(f"{MAX_TASKS} tasks are on the board: delete some")
            key = max(_highest(root), *old, 0) + 1
            task = BoardTask(
                id=key, subject=subject, description=description, active_form=active_form
            )
            root.write(HIGHEST, str(key).encode())
            _write(root, old, {**linked(old), key: task})
            return task

        return self._locked(within)

    def _locked(self, work: Callable[[SafeDir], T]) -> T:
        try:
            # Links are not followed: an agent's command may have made one.
            with SafeDir(self._workspace, links=False) as root, root.locked(LOCK, self._patience):
                return work(root)
        except Locked:
            raise BoardError("the board is in use by somebody else: try again") from None
        except BadPath as error:
            raise BoardError(f"the board cannot be used: {error}") from None
        except OSError as error:
            raise BoardError(f"the board cannot be used: {error.strerror}") from None


def _read(root: SafeDir) -> Tasks:
    tasks: dict[int, BoardTask] = {}
    for name, kind in root.entries(FOLDER, most=4 * MAX_TASKS):
        found = FILE.fullmatch(name)
        if found is None or kind != "file":
            continue
        tasks[int(found[1])] = _task(root, f"{FOLDER}/{name}", int(found[1]))
    return tasks


def _task(root: SafeDir, path: str, key: int) -> BoardTask:
    try:
        task = BoardTask.model_validate_json(root.read(path, limit=MAX_FILE_BYTES))
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        raise BoardError(f"{path} is damaged ({first['msg']}): mend it or delete it") from None
    if task.id != key or task.status == "deleted":
        raise BoardError(f"{path} is damaged (its id or status): mend it or delete it")
    return task


def _write(root: SafeDir, old: Tasks, new: Tasks) -> None:
    # Each file is whole at every moment. A board whose files were written in part is mended by
    # `linked` when it is read.
    for key in old.keys() - new.keys():
        root.delete(_path(key))
    for key, task in new.items():
        if old.get(key) != task:
            text = json.dumps(task.shown(), indent=2, ensure_ascii=False)
            root.write(_path(key), f"{text}\n".encode("utf-8", "surrogatepass"))


def _path(key: int) -> str:
    return f"{FOLDER}/task_{key}.json"


def _highest(root: SafeDir) -> int:
    try:
        return int(root.read(HIGHEST, limit=100))
    except (FileNotFoundError, ValueError):
        return 0
