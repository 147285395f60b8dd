"""What a client of a conversation may send, parsed. Pure."""

import json
from typing import Annotated, Literal, cast

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

from agentproxy.events.chat import Feature
from agentproxy.events.commands import (
    Approve,
    CancelTurn,
    ChangeFeature,
    Command,
    DecidePlan,
    Deny,
    Redirect,
    SendMessage,
)

MAX_CONTENT_CHARACTERS = 1_000_000
Content = Annotated[str, Field(max_length=MAX_CONTENT_CHARACTERS)]
FEATURES: dict[str, Feature] = {
    "toggle_plan_mode": "plan_mode",
    "toggle_teams": "teams",
    "toggle_approval": "approval",
}
Id = Annotated[str, Field(max_length=200)]


class BadMessage(ValueError):
    """A message cannot be followed. The text names the field and the cure."""


class _Message(BaseModel):
    # Fields of later clients are passed over.
    model_config = ConfigDict(frozen=True, extra="ignore", strict=True)


class _Say(_Message):
    type: Literal["message"] = "message"
    content: Content


class _Interrupt(_Message):
    type: Literal["interrupt"]
    content: Content


class _Cancel(_Message):
    type: Literal["cancel"]


class _Approval(_Message):
    type: Literal["tool_approval_response"]
    decision: Literal["approve", "deny", "auto_approve"]
    request_id: Id = ""
    reason: Content = ""


class _Toggle(_Message):
    type: Literal["toggle_plan_mode", "toggle_teams", "toggle_approval"]
    enabled: bool


class _PlanApproval(_Message):
    type: Literal["plan_approval"]
    decision: Literal["approve", "reject"]
    feedback: Content = ""


_Sent = _Say | _Interrupt | _Cancel | _Approval | _Toggle | _PlanApproval
_ANY: TypeAdapter[_Sent] = TypeAdapter(Annotated[_Sent, Field(discriminator="type")])
ACCEPTED = (
    "message{content}, interrupt{content}, cancel, "
    "tool_approval_response{decision, request_id}, plan_approval{decision, feedback}, "
    "toggle_plan_mode{enabled}, toggle_teams{enabled}, toggle_approval{enabled}"
)


def parse_message(text: str | None) -> Command:
    """Returns the command that a client sent; None is a binary message. Raises BadMessage."""
    if text is None:
        raise BadMessage(f"a binary message; send JSON as text: {ACCEPTED}")
    try:
        data = json.loads(text)
    except (ValueError, RecursionError):
        raise BadMessage(f"not JSON; send an object with a type: {ACCEPTED}") from None
    if not isinstance(data, dict):
        raise BadMessage(f"not a JSON object; send one with a type: {ACCEPTED}")
    try:
        return _command(
            _ANY.validate_python({"type": "message", **cast("dict[str, object]", data)})
        )
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        if first["type"] == "union_tag_invalid":
            raise BadMessage(f"unknown type; send one of {ACCEPTED}") from None
        # The first part is the type, which chooses the form.
        place = ".".join(str(part) for part in first["loc"][1:]) or "type"
        raise BadMessage(f"{place}: {first['msg']}") from None


def _command(message: _Sent) -> Command:
    match message:
        case _Say():
            return SendMessage(text=_text(message.content))
        case _Interrupt():
            return Redirect(text=_text(message.content))
        case _Cancel():
            return CancelTurn()
        case _Toggle():
            return ChangeFeature(feature=FEATURES[message.type], enabled=message.enabled)
        case _:
            return _decision(message)


def _decision(message: _Approval | _PlanApproval) -> Command:
    match message:
        case _PlanApproval():
            approved = message.decision == "approve"
            return DecidePlan(approved=approved, feedback=message.feedback)
        case _Approval(decision="deny"):
            return Deny(request=message.request_id, reason=message.reason)
        case _Approval():
            rest = message.decision == "auto_approve"
            return Approve(request=message.request_id, rest=rest)


def _text(content: str) -> str:
    if not content.strip():
        raise BadMessage("content: Empty message; write what the agent should do")
    if any("\ud800" <= sign <= "\udfff" for sign in content):
        raise BadMessage("content: half of a surrogate pair; send valid Unicode")
    return content
