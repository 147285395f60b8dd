"""What a person at a terminal needs to know of a conversation, folded from its events. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from agentproxy.cli.chat.port import Message

KEPT_CALLS = 500  # that can still be shown whole
NO_USAGE: Message = {"input_tokens": 0, "output_tokens": 0, "last_input_tokens": 0}


@dataclass
class Call:
    """A call of a tool. `result` is None while it runs."""

    number: int
    id: str
    tool: str
    input: Message
    result: str | None = None
    failed: bool = False


@dataclass
class ChatStory:
    """Folds in place."""

    active: bool = False
    turn: str = ""  # the id of the message that is worked on, or was last
    waiting: dict[str, str] = field(default_factory=dict[str, str])
    requests: dict[str, Sequence[Message]] = field(default_factory=dict[str, Sequence[Message]])
    plan: str | None = None  # waits for a decision
    switches: dict[str, bool] = field(default_factory=dict[str, bool])
    usage: Message = field(default_factory=lambda: dict(NO_USAGE))
    calls: list[Call] = field(default_factory=list[Call])
    running: dict[str, Call] = field(default_factory=dict[str, Call])
    _made: int = 0  # calls so far
    _of_teammates: set[str] = field(default_factory=set[str])  # requests that outlive the turn

    def take(self, message: Message) -> None:
        """Folds the next event."""
        match message["type"]:
            case "message_received":
                self.waiting[message["message_id"]] = message["content"]
            case "turn_started":
                self.active, self.turn = True, message["message_id"]
                self.waiting.pop(self.turn, None)
            case "tool_call":
                self._call(message)
            case "tool_result":
                self._result(message)
            case "tool_approval_request":
                self.requests[message["request_id"]] = message["tools"]
                if message.get("teammate"):
                    self._of_teammates.add(message["request_id"])
            case "tool_approval_result":
                self.requests.pop(message["request_id"], None)
            case "done" | "interrupted":
                self._end(message)
            case _:
                self._switch(message)

    def answered(self, request: str) -> None:
        self.requests.pop(request, None)

    def _call(self, message: Message) -> None:
        self._made += 1
        call = Call(self._made, message["id"], message["tool"], message["input"])
        self.running[call.id] = call
        self.calls = [*self.calls[-KEPT_CALLS + 1 :], call]

    def _result(self, message: Message) -> None:
        call = self.running.pop(message["id"], None)
        if call is not None:
            call.result, call.failed = message["result"], bool(message.get("failed"))
        # Somebody else has answered.
        for request, tools in list(self.requests.items()):
            if any(each["id"] == message["id"] for each in tools):
                del self.requests[request]

    def _end(self, message: Message) -> None:
        self.active = False
        self.usage = message["usage"]
        self.requests = {
            request: tools
            for request, tools in self.requests.items()
            if request in self._of_teammates
        }
        self.running.clear()

    def _switch(self, message: Message) -> None:
        kind = message["type"]
        if kind in ("plan_mode_changed", "approval_changed", "teams_changed"):
            self.switches[kind.removesuffix("_changed")] = message["enabled"]
        elif kind == "plan_ready":
            self.plan = message["plan"]
        elif kind in ("plan_approved", "plan_rejected"):
            self.plan = None


def story_of(record: Message) -> ChatStory:
    """Returns where a conversation stands; `record` is its answer over HTTP."""
    return ChatStory(
        active=record["active"],
        waiting={each["message_id"]: each["content"] for each in record["waiting"]},
        _of_teammates={each["request_id"] for each in record["requests"] if each["teammate"]},
        requests={each["request_id"]: each["tools"] for each in record["requests"]},
        plan=record["plan"],
        switches={name: record[f"enable_{name}"] for name in ("plan_mode", "approval", "teams")},
        usage={
            **NO_USAGE,
            "input_tokens": record["total_input_tokens"],
            "output_tokens": record["total_output_tokens"],
        },
    )
