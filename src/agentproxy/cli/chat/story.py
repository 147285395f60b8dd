"""What a person at a terminal needs to know of a conversation, folded from its events. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from agentproxy.cli.chat.port import Message

KEPT_CALLS = 500  # and thoughts, that can still be shown whole
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
class Thought:
    """What the model thought before an answer."""

    number: int
    text: str


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
    thinking: str = ""  # the effort that the model is asked to think with, if it is
    folded: list[Call | Thought] = field(default_factory=list[Call | Thought])
    running: dict[str, Call] = field(default_factory=dict[str, Call])
    _made: int = 0  # calls and thoughts so far
    _pieces: list[str] = field(default_factory=list[str])  # of the thought of the present answer
    _thought: Thought | None = None  # the same, once other parts of the answer came
    _new: list[Thought] = field(default_factory=list[Thought])
    _of_teammates: set[str] = field(default_factory=set[str])  # requests that outlive the turn

    def take(self, message: Message) -> None:
        """Folds the next event."""
        match message["type"]:
            case "thinking_delta" | "thinking" | "text_delta":
                self._think(message)
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

    @property
    def thinks(self) -> bool:
        """Whether a thought is all that has come of the present answer."""
        return bool(self._pieces) and self._thought is None

    def new_thought(self) -> Thought | None:
        """Returns a thought that is to be shown now; each one once."""
        return self._new.pop() if self._new else None

    def answered(self, request: str) -> None:
        self.requests.pop(request, None)

    def _think(self, message: Message) -> None:
        kind, text = message["type"], str(message["content"])
        if kind == "thinking_delta":
            self._pieces.append(text)
        elif kind == "text_delta":
            if self.thinks:
                self._fold_thought("".join(self._pieces))
        else:
            self._fold_thought(text)
            self._forget_thought()

    def _fold_thought(self, text: str) -> None:
        if self._thought is not None:
            self._thought.text = text
            return
        self._thought = Thought(self._number(), text)
        self._new = [self._thought]
        self._keep(self._thought)

    def _forget_thought(self) -> None:
        self._pieces.clear()
        self._thought = None

    def _number(self) -> int:
        self._made += 1
        return self._made

    def _keep(self, shown: Call | Thought) -> None:
        self.folded = [*self.folded[-KEPT_CALLS + 1 :], shown]

    def _call(self, message: Message) -> None:
        call = Call(self._number(), message["id"], message["tool"], message["input"])
        self.running[call.id] = call
        self._keep(call)

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
        self._forget_thought()
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
        thinking=record["thinking_effort"] if record["enable_thinking"] else "",
        switches={name: record[f"enable_{name}"] for name in ("plan_mode", "approval", "teams")},
        usage={
            **NO_USAGE,
            "input_tokens": record["total_input_tokens"],
            "output_tokens": record["total_output_tokens"],
        },
    )
