"""What a call of Claude Code asks for: a permission, an answer, or nothing. Pure."""

import posixpath
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Literal, cast

from agentproxy.events.requests import Request

Arguments = Mapping[str, object]

ASKS: Final = "AskUserQuestion"
# They use nothing but lists of the program itself, or start agents whose calls are seen too.
FREE: Final = frozenset({
    "Agent", "BashOutput", "EnterPlanMode", "ExitPlanMode", "KillBash", "KillShell", "ListAgents",
    "ListMcpResourcesTool", "Skill", "Task", "TaskCreate", "TaskGet", "TaskList", "TaskOutput",
    "TaskStop", "TaskUpdate", "TodoWrite", "ToolSearch",
})  # fmt: skip
_RUNS: Final = {"Bash": "command", "Monitor": "command"}
_READS: Final = {"Read": "file_path", "Glob": "path", "Grep": "path", "LS": "path"}
_WRITES: Final = {
    "Edit": "file_path", "MultiEdit": "file_path", "NotebookEdit": "notebook_path",
    "Write": "file_path",
}  # fmt: skip
_NETWORK: Final = {"WebFetch": "url", "WebSearch": "query"}
_WHOLE: Final = {"Glob": ".", "Grep": ".", "LS": "."}  # without a path they look at the tree


@dataclass(frozen=True, slots=True)
class OwnPlaces:
    """What a call may use without a question."""

    folders: tuple[str, ...] = ()  # absolute, inside the sandbox; nothing of the user is in them
    readable: tuple[str, ...] = ()  # that the user granted
    servers: Collection[str] = ()  # of MCP, that the user configured


def permission_for(
    tool: str, given: Arguments, *, key: str, own: OwnPlaces = OwnPlaces()
) -> Request | None:
    """Returns the request for a permission, or None where the call needs none."""
    if tool in FREE or tool == ASKS or _server_of(tool) in own.servers:
        return None
    action, subject = _wanted(tool, given)
    free = {"read": (*own.folders, *own.readable), "write": own.folders}.get(action, ())
    if _within(subject, free):
        return None
    return Request(
        id=key,
        kind="permission",
        text=f"{action or 'use'} {subject}".strip(),
        action=action,
        subject=subject,
        told=True,
    )


def _wanted(
    tool: str, given: Arguments
) -> tuple[Literal["run", "read", "write", "network", ""], str]:
    if tool in _RUNS:
        return "run", _text(given, _RUNS[tool])
    if tool in _READS:
        return "read", _text(given, _READS[tool]) or _WHOLE.get(tool, "")
    if tool in _WRITES:
        return "write", _text(given, _WRITES[tool])
    if tool in _NETWORK:
        return "network", _text(given, _NETWORK[tool])
    # No rule covers this: a person decides.
    return "", tool


def _text(given: Arguments, name: str) -> str:
    value = given.get(name)
    return value if isinstance(value, str) else ""


def _within(path: str, folders: Sequence[str]) -> bool:
    plain = posixpath.normpath(path)
    return any(plain == each or plain.startswith(f"{each}/") for each in folders)


def _server_of(tool: str) -> str:
    head, _, rest = tool.partition("__")
    return rest.partition("__")[0] if head == "mcp" else ""


@dataclass(frozen=True, slots=True)
class Question:
    """One question of a call, and the request for its answer."""

    asked: str
    request: Request


def questions_of(given: Arguments, *, key: str) -> Sequence[Question]:
    """Returns the questions of a call, in their order."""
    found: list[Question] = []
    for number, each in enumerate(_objects(given.get("questions")), start=1):
        asked = _text(each, "question")
        options = tuple(_text(option, "label") for option in _objects(each.get("options")))
        request = Request(
            id=f"{key}.{number}",
            kind="question",
            text=asked,
            options=tuple(option for option in options if option),
            told=True,
        )
        found.append(Question(asked, request))
    return found


def _objects(value: object) -> Sequence[Arguments]:
    if not isinstance(value, list):
        return []
    return [
        cast("Arguments", each) for each in cast("list[object]", value) if isinstance(each, dict)
    ]
