"""Validates a person's request for a run, and makes the recorded order."""

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated

from pydantic import AfterValidator, ValidationError

from agentproxy.app.utf8_check import NotText, is_text
from agentproxy.config.mistakes import ConfigError as ConfigError
from agentproxy.config.mistakes import explained as explained
from agentproxy.config.mistakes import first_mistake
from agentproxy.config.settings import Settings
from agentproxy.config.words import Money, PositiveSeconds, Rounds, refusal
from agentproxy.events.envelope import FrozenModel
from agentproxy.events.run import Order, SandboxLevel

FROM_SETTINGS = ("worker", "model", "budget", "max_rounds", "max_time", "sandbox", "mutants")


class BadRequest(ValueError):
    """A request with the wrong `field`, the `problem` and the `cure`."""

    def __init__(self, field: str, problem: str, cure: str) -> None:
        super().__init__(f"{field}: {problem}" + (f" ({cure})" if cure else ""))
        self.field = field
        self.problem = problem
        self.cure = cure


def _readable(text: str) -> str:
    if not is_text(text):
        raise refusal("it is not UTF-8", cure="write it in UTF-8")
    if "\0" in text:
        raise refusal("it contains a NUL character", cure="remove it")
    return text


def _said(text: str) -> str:
    if not text.strip():
        raise refusal("it is empty", cure="describe what to do")
    return text


def _runnable(command: str) -> str:
    if not command.strip():
        raise refusal("it is empty", cure="give a command, such as 'pytest -q'")
    return command


ReadableText = Annotated[str, AfterValidator(_readable)]
Task = Annotated[ReadableText, AfterValidator(_said)]
CommandLine = Annotated[ReadableText, AfterValidator(_runnable)]


class TaskRequest(FrozenModel):
    """Settings replace None and "". `budget` is in US dollars, `max_time` in seconds.

    `directory` is where the person is. `judge` may be "none".
    """

    task: Task
    directory: Path
    worker: ReadableText = ""
    model: ReadableText = ""
    judge: ReadableText = ""
    budget: Money | None = None
    checks: tuple[CommandLine, ...] = ()
    keep: tuple[CommandLine, ...] = ()
    known_red: tuple[ReadableText, ...] = ()
    max_rounds: Rounds | None = None
    max_time: PositiveSeconds | None = None
    from_head: bool = False
    include_untracked: bool = False
    sandbox: SandboxLevel | None = None
    screenshots: tuple[Path, ...] = ()
    captions: tuple[ReadableText, ...] = ()
    mission: ReadableText = ""


def read_request(given: Mapping[str, object]) -> TaskRequest:
    """Validates the fields of a request. Raises BadRequest."""
    try:
        return TaskRequest.model_validate(given)
    except ValidationError as error:
        raise BadRequest(*first_mistake(error)) from None


def make_order(request: TaskRequest, *, root: Path, settings: Settings) -> Order:
    """Makes the order to record; `root` is the repository's root. Raises NotText."""
    usual = {name: getattr(settings, name) for name in FROM_SETTINGS}
    asked = request.model_dump(exclude={"directory", "judge", "screenshots"})
    given = {
        name: value for name, value in (*usual.items(), *asked.items()) if value not in (None, "")
    }
    order = Order.model_validate(
        {
            "worker": "",
            **given,
            "repository": str(root),
            "directory": str(request.directory.resolve().relative_to(root.resolve())),
        }
    )
    for name, path in (
        ("the repository's path", order.repository),
        ("the directory", order.directory),
    ):
        if not is_text(path):
            raise NotText(name, path, cure="rename the folder")
    return order
