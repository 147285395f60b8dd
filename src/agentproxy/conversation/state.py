"""The state of a conversation, folded from its facts. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from agentproxy.agent.state import Conversation
from agentproxy.conversation.safe_tools import SAFE_TOOLS
from agentproxy.events.conversation import ToolCall
from agentproxy.events.envelope import Event
from agentproxy.events.run import AgentOrder, ChildOrder, ChildRole
from agentproxy.models.trace_log import TraceLog
from agentproxy.tools.background.tasks import BackgroundTasks
from agentproxy.tools.board.seen import SeenBoard
from agentproxy.tools.team.roster import Roster
from agentproxy.tools.todos.todo_list import TodoList

MAX_TITLE_CHARACTERS = 80


@dataclass(slots=True)
class Child:
    """An agent that works for this conversation."""

    run: str
    role: ChildRole
    name: str
    duty: str = ""
    task: str = ""
    seen: int = 0  # the newest event of its run that this conversation was told of
    tools: int = 0  # calls that have ended
    ended: bool = False


@dataclass(slots=True)
class Chat(Conversation):
    """Folds in place; only the engine changes it."""

    order: AgentOrder | None = None
    active: str = ""  # the id of the message that is worked on; "" between turns
    title: str = ""
    plan_mode: bool = False
    teams: bool = False
    approval: bool = False
    approved_rest: bool = False  # a person allowed all calls until the session ends
    # The id of the request for approval of the newest answer's calls, once it was made.
    asked: str = ""
    failed: bool = False  # the last turn
    plan: str | None = None  # waits for the user's decision
    said: list[str] = field(default_factory=list[str])  # the agent's texts of the present turn
    wanted: str | None = None  # the focus of the summary that the agent asked for
    summarise_at: int = 140_000  # tokens of a question, at which older messages become a summary
    ledger: tuple[str, ...] = ()  # decisions and dead ends that summaries have kept
    too_long: bool = False  # a question was; older messages become a summary before the next one
    compacted_at: int = 0  # the turn after which the last summary was made
    # The calls of the newest answer that need an approval where it is switched on.
    unsafe: dict[str, ToolCall] = field(default_factory=dict[str, ToolCall])
    keeps_memory: bool = False  # ENABLE_MEMORY
    # The agent's turn up to which notes are wanted, and up to which they were made.
    to_remember: int = 0
    remembered: int = 0
    safe: frozenset[str] = SAFE_TOOLS  # tools that need no approval
    traced: TraceLog = field(default_factory=TraceLog)
    background: BackgroundTasks = field(default_factory=BackgroundTasks)
    children: dict[str, Child] = field(default_factory=dict[str, Child])  # by their runs
    todos: TodoList = field(default_factory=TodoList)
    board: SeenBoard = field(default_factory=SeenBoard)
    team: Roster = field(default_factory=Roster)

    def fold(self, event: Event) -> None:
        Conversation.fold(self, event)  # `super` does not know a class with slots
        self.background.fold(event.fact)
        self.todos.fold(event.fact)
        self.board.fold(event.fact)
        self.team.run = event.run
        self.team.fold(event.fact)

    @property
    def child_order(self) -> ChildOrder | None:
        """The order of an agent that works for another conversation."""
        return self.order if isinstance(self.order, ChildOrder) else None

    def require_order(self) -> AgentOrder:
        if self.order is None:
            raise ValueError("the conversation's first event is missing")
        return self.order

    @property
    def waits_for_approval(self) -> bool:
        return bool(self.asked) and self.asked not in self.dialogue.decided

    def unsafe_calls(self) -> Sequence[ToolCall]:
        """Returns the open calls that need an approval, as long as it is switched on."""
        if not self.approval or self.approved_rest:
            return ()
        return [call for key, call in self.open.items() if key in self.unsafe]
