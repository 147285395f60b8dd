"""A conversation as a client gets it whole."""

from collections.abc import Mapping, Sequence
from typing import Any, Literal

from pydantic import BaseModel

from agentproxy.app.chat.views import ChatView
from agentproxy.conversation.state import Chat
from agentproxy.events.conversation import ToolCall
from agentproxy.events.run import ThinkingEffort
from agentproxy.server.times import iso


class ShownMessage(BaseModel):
    role: Literal["user", "assistant"]
    content: str
    created_at: str


class WaitingMessage(BaseModel):
    message_id: str
    content: str


class AskedCall(BaseModel):
    name: str
    input: Mapping[str, Any]
    id: str


class OpenRequest(BaseModel):
    request_id: str
    tools: Sequence[AskedCall]
    teammate: str  # who asks, or "" for the agent itself


class ShownChat(BaseModel):
    id: str
    title: str
    system_prompt: str
    preset: str
    enable_teams: bool
    enable_tracing: bool
    enable_approval: bool
    enable_plan_mode: bool
    # A server of an earlier version does not tell these.
    enable_thinking: bool = False
    thinking_effort: ThinkingEffort = "high"
    created_at: str
    messages: Sequence[ShownMessage]
    total_input_tokens: int
    total_output_tokens: int
    # What a client needs to go on from here: the rest comes over the socket with ?after=sequence.
    sequence: int
    active: bool  # a turn is under way
    waiting: Sequence[WaitingMessage]
    requests: Sequence[OpenRequest]
    plan: str | None  # waits for a decision


def shown_chat(view: ChatView) -> ShownChat:
    order, state = view.order, view.state
    return ShownChat(
        id=view.row.run,
        title=view.row.title,
        system_prompt=order.system_prompt,
        preset=order.preset,
        enable_teams=state.teams,
        enable_tracing=order.tracing,
        enable_approval=state.approval,
        enable_plan_mode=state.plan_mode,
        enable_thinking=order.thinking,
        thinking_effort=order.thinking_effort,
        created_at=iso(view.row.created),
        messages=[
            ShownMessage(role=each.role, content=each.text, created_at=iso(each.time))
            for each in view.messages
        ],
        total_input_tokens=state.used.input,
        total_output_tokens=state.used.output,
        sequence=view.sequence,
        active=bool(state.active),
        waiting=[
            WaitingMessage(message_id=key, content=text)
            for key, text in state.dialogue.messages.items()
        ],
        requests=_open_requests(state),
        plan=state.plan if not state.active else None,
    )


def _open_requests(state: Chat) -> list[OpenRequest]:
    own = state.active and state.waits_for_approval
    found = [_open_request(state.asked, tuple(state.unsafe.values()))] if own else []
    return found + [
        _open_request(key, asked.calls, teammate=state.children[asked.child].name)
        for key, asked in state.team.asked.items()
        if asked.allowed is None
    ]


def _open_request(request: str, calls: Sequence[ToolCall], *, teammate: str = "") -> OpenRequest:
    tools = [AskedCall(name=call.name, input=call.arguments, id=call.id) for call in calls]
    return OpenRequest(request_id=request, tools=tools, teammate=teammate)
