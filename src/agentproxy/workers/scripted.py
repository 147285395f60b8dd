"""A worker that follows a script: a real adapter for tests and rehearsals."""

import asyncio
import itertools
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, TypeAdapter, ValidationError

from agentproxy.events.envelope import FrozenModel, first_fault
from agentproxy.events.requests import Request
from agentproxy.events.work import WorkerEnded
from agentproxy.files.safe_files import BadPath, SafeDir
from agentproxy.workers.port import Brief, WorkerCallbacks, WorkerError

MEGABYTE = 1 << 20
CURE = (
    "write a JSON list of rounds, each a list of steps such as "
    '{"do": "write", "path": "a.py", "text": "..."}'
)


class WriteStep(FrozenModel):
    do: Literal["write"]
    path: str
    text: str


class Delete(FrozenModel):
    do: Literal["delete"]
    path: str


class Say(FrozenModel):
    do: Literal["say"]
    text: str


class AskPermission(FrozenModel):
    """A refusal ends the round without a claim."""

    do: Literal["ask_permission"]
    action: Literal["run", "read", "write", "network"]
    subject: str


class AskQuestion(FrozenModel):
    """Asks a question."""

    do: Literal["ask"]
    text: str
    options: tuple[str, ...] = ()
    into: str = ""  # the file that the answer is appended to


class Wait(FrozenModel):
    do: Literal["wait"]
    seconds: float = Field(ge=0, le=3600)


class GiveUp(FrozenModel):
    do: Literal["give_up"]
    reason: str  # the round ends without a claim


Step = Annotated[
    WriteStep | Delete | Say | AskPermission | AskQuestion | Wait | GiveUp,
    Field(discriminator="do"),
]
SCRIPT: TypeAdapter[list[list[Step]]] = TypeAdapter(list[list[Step]])


def parse_script(data: bytes, *, source: str) -> list[list[Step]]:
    """Parses the JSON of a script: rounds, each a list of steps. `source` is the file name.

    Raises WorkerError.
    """
    try:
        return SCRIPT.validate_json(data)
    except ValidationError as error:
        where, problem = first_fault(error)
        raise WorkerError(f"{source}: {where}: {problem}", cure=CURE) from error


class ScriptedWorker:
    """Plays one list of steps a round. A round beyond the script ends without a claim."""

    def __init__(self, name: str, script: Sequence[Sequence[Step]]) -> None:
        self._name = name
        self._script = script
        self._told: dict[str, str] = {}

    @property
    def name(self) -> str:
        return self._name

    @property
    def claims_by(self) -> str:
        return "come to the end of your script"

    @property
    def goes_on_from_facts(self) -> bool:
        return False

    @property
    def opens_session(self) -> bool:
        return False

    def grants(self) -> Sequence[str]:
        return ()

    async def message(self, text: str, *, key: str) -> bool:
        self._told.setdefault(key, text)
        return True

    async def work(self, brief: Brief, callbacks: WorkerCallbacks) -> WorkerEnded:
        number = brief.round
        if number > len(self._script):
            return WorkerEnded(round=number, claims=False, reason="its script has no such round")
        numbers = itertools.count(1)
        worked = 0.0
        with SafeDir(brief.place.tree) as root:
            for step in self._script[number - 1]:
                if isinstance(step, Wait):
                    patience = min(step.seconds, brief.seconds - worked)
                    await asyncio.sleep(patience)
                    worked += patience
                    if patience < step.seconds:
                        return _out_of_time(number, worked)
                key = f"{number}.{next(numbers)}"
                where = (root, Path(brief.place.directory))
                try:
                    refusal = await _play(step, where, callbacks=callbacks, key=key)
                except (BadPath, FileNotFoundError) as error:
                    refusal = f"its script cannot be followed: {error}"
                if refusal:
                    return WorkerEnded(round=number, claims=False, reason=refusal, seconds=worked)
        return WorkerEnded(round=number, claims=True, reason="its script says so", seconds=worked)


def _out_of_time(number: int, seconds: float) -> WorkerEnded:
    return WorkerEnded(
        round=number, claims=False, reason="its time was up", seconds=seconds, out_of_time=True
    )


async def _play(
    step: Step, where: tuple[SafeDir, Path], *, callbacks: WorkerCallbacks, key: str
) -> str:
    root, folder = where
    match step:
        case WriteStep():
            root.write(str(folder / step.path), step.text.encode())
        case Delete():
            root.delete(str(folder / step.path))
        case Say():
            callbacks.show(step.text + "\n")
        case Wait():
            pass
        case GiveUp():
            return step.reason
        case AskPermission():
            return await _ask_permission(step, callbacks, key)
        case AskQuestion():
            await _ask_question(step, where, callbacks=callbacks, key=key)
    return ""


async def _ask_permission(step: AskPermission, callbacks: WorkerCallbacks, key: str) -> str:
    decision = await callbacks.ask(
        Request(
            id=key,
            kind="permission",
            text=f"{step.action} {step.subject}",
            action=step.action,
            subject=step.subject,
        )
    )
    return "" if decision.allowed else f"it was refused: {decision.text}"


async def _ask_question(
    step: AskQuestion, where: tuple[SafeDir, Path], *, callbacks: WorkerCallbacks, key: str
) -> None:
    root, folder = where
    decision = await callbacks.ask(
        Request(id=key, kind="question", text=step.text, options=step.options)
    )
    if step.into:
        path = str(folder / step.into)
        before = root.read(path, limit=MEGABYTE) if root.exists(path) else b""
        root.write(path, before + decision.text.encode() + b"\n")
