"""What a server says, checked: it may be another service than Agent Proxy."""

import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Annotated, Any, TypeVar

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, TypeAdapter

from agentproxy.cli.chat.port import Message
from agentproxy.server.chat.records import AskedCall, ShownChat

T = TypeVar("T")


class NotOurs(Exception):
    """No Agent Proxy says this."""


def _moment(text: str) -> str:
    try:
        datetime.fromisoformat(text).astimezone()
    except OverflowError:
        raise ValueError(text) from None
    return text


class _Answer(BaseModel):
    # A server of another version may say more.
    model_config = ConfigDict(strict=True, extra="ignore")


class NewConversation(_Answer):
    # It becomes a part of addresses.
    conversation_id: str = Field(pattern=r"^[0-9A-Za-z_-]+$")


class Row(_Answer):
    id: str
    title: str
    created_at: Annotated[str, AfterValidator(_moment)]
    message_count: int


class _ServerEvent(_Answer):
    sequence: int | None = None


class _WithMessageId(_ServerEvent):
    message_id: str
    content: str


class _Content(_ServerEvent):
    content: str


class _Call(_ServerEvent):
    id: str
    tool: str
    input: Mapping[str, Any]


class _Result(_ServerEvent):
    id: str
    result: str


class _ApprovalRequest(_ServerEvent):
    request_id: str
    tools: Sequence[AskedCall]


class _Denied(_ServerEvent):
    request_id: str
    tools: Sequence[str]


class _Usage(_Answer):
    input_tokens: int
    output_tokens: int


class _WorkspaceFile(_Answer):
    path: str


class _TurnEnd(_ServerEvent):
    usage: _Usage
    files: Sequence[_WorkspaceFile] = ()


class _Said(_ServerEvent):
    message: str


class _Switched(_ServerEvent):
    enabled: bool


class _Plan(_ServerEvent):
    plan: str


class _Lists(_ServerEvent):
    todos: Sequence[Mapping[str, Any]] = ()
    tasks: Sequence[Mapping[str, Any]] = ()


# By the type of the event, the fields that this program reads.
EVENTS: Mapping[str, type[_ServerEvent]] = {
    "message_received": _WithMessageId,
    "turn_started": _WithMessageId,
    "text_delta": _Content,
    "thinking_delta": _Content,
    "thinking": _Content,
    "tool_call": _Call,
    "tool_result": _Result,
    "tool_approval_request": _ApprovalRequest,
    "tool_approval_result": _Denied,
    "done": _TurnEnd,
    "interrupted": _TurnEnd,
    "error": _Said,
    "compact": _Said,
    "plan_mode_changed": _Switched,
    "approval_changed": _Switched,
    "teams_changed": _Switched,
    "plan_ready": _Plan,
    "todo_update": _Lists,
    "task_update": _Lists,
}
CREATED = TypeAdapter(NewConversation)
ROWS = TypeAdapter(list[Row])
RECORD = TypeAdapter(ShownChat)
_MESSAGE: TypeAdapter[Message] = TypeAdapter(Message)


def read_answer(text: str | bytes, kind: TypeAdapter[T]) -> T:
    """Raises NotOurs."""
    return _checked(_parsed(text), kind)


def read_event(text: str | bytes) -> Message:
    """Returns an event as it was sent. One of an unknown type passes. Raises NotOurs."""
    message = _checked(_parsed(text), _MESSAGE)
    name = message.get("type")
    if not isinstance(name, str):
        raise NotOurs
    try:
        EVENTS.get(name, _ServerEvent).model_validate(message)
    except ValueError:
        raise NotOurs from None
    return message


def _parsed(text: str | bytes) -> object:
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        raise NotOurs from None


def _checked(value: object, kind: TypeAdapter[T]) -> T:
    try:
        return kind.validate_python(value, strict=True)
    except ValueError:
        raise NotOurs from None
