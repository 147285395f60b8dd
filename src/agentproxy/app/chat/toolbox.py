"""The tools of a conversation."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from agentproxy.conversation.face import CHAT
from agentproxy.conversation.kinds import KINDS
from agentproxy.conversation.safe_tools import SAFE_TOOLS
from agentproxy.conversation.state import Chat
from agentproxy.tools.background.tools import BackgroundRun, CheckBackground
from agentproxy.tools.board.tools import board_tools
from agentproxy.tools.navigation.tools import navigation_tools
from agentproxy.tools.port import Tool, ToolOutcome, failure
from agentproxy.tools.registry import OutsideTools, Registry, coding_tools, talking_tools
from agentproxy.tools.skills.library import SkillLibrary
from agentproxy.tools.skills.tools import ListSkills, ReadSkill
from agentproxy.tools.task import Delegate, Task
from agentproxy.tools.team.lead_tools import (
    Broadcast,
    CheckProtocol,
    ListTeammates,
    PlanReview,
    ShutdownRequest,
    SpawnTeammate,
)
from agentproxy.tools.team.mailing import ReadInbox, SendTeamMessage
from agentproxy.tools.team.member_tools import Idle, ShutdownResponse, SubmitPlan
from agentproxy.tools.team.roster import Roster
from agentproxy.tools.todos.tools import todo_tools

# The order of the documents. What they do not name comes last.
ORDER = (
    "bash", "read_file", "write_file", "edit_file", "task", "list_skills", "read_skill", "think",
    "compact", "task_create", "task_get", "task_update", "task_list", "background_run",
    "check_background", "spawn_teammate", "list_teammates", "send_message", "read_inbox",
    "broadcast", "shutdown_request", "check_protocol", "plan_review", "todo_write", "todo_add",
    "todo_complete", "todo_list", "read_file_range", "search_code", "list_symbols",
    "find_references", "enter_plan_mode", "exit_plan_mode",
)  # fmt: skip
# Also of tools that only teammates have: a tool of somebody else must not get their rights.
OUR_NAMES = frozenset(ORDER) | SAFE_TOOLS


class NoDelegate:
    """Stands where tools are only listed."""

    async def run(self, key: str, kind: str, *, title: str, prompt: str) -> ToolOutcome:
        del key, title, prompt
        return failure(f"no {kind} agent can be made here")


@dataclass(frozen=True, slots=True)
class ToolPorts:
    """What tools reach outside of their own conversation."""

    outside: OutsideTools
    custom: Sequence[Tool] = ()  # of installed packages
    delegate: Delegate = field(default_factory=NoDelegate)
    max_teammates: int = 5


def chat_tools(skills: SkillLibrary, state: Chat, *, run: str, ports: ToolPorts) -> Registry:
    """Returns the tools of a conversation. `state` and what is outside are followed."""
    order = state.child_order
    if order is not None and order.role == "teammate":
        return _of_a_teammate(state)
    tools = talking_tools().plus(
        ListSkills(skills),
        ReadSkill(skills),
        Task(ports.delegate, {name: kind.summary for name, kind in KINDS.items()}),
        BackgroundRun(state.background, run=run),
        CheckBackground(state.background),
        *board_tools(state.board),
        *todo_tools(state.todos),
        *navigation_tools(),
        *_of_a_lead(state.team, ports.max_teammates),
        *ports.custom,
    )
    tools = tools.sorted_like(ORDER)
    if order is None:
        return tools.with_outside(ports.outside)
    kind = KINDS[order.name]
    return tools.only({name for name in tools.names if kind.has(name)})


def all_tools(skills: SkillLibrary, ports: ToolPorts) -> Registry:
    """Returns the tools that a conversation may have, to be listed."""
    return chat_tools(skills, CHAT.new_state(), run="", ports=ports)


def _of_a_lead(roster: Roster, most: int) -> Iterator[Tool]:
    yield SpawnTeammate(roster, most=most)
    yield ListTeammates(roster)
    yield SendTeamMessage(roster)
    yield ReadInbox(roster)
    yield Broadcast(roster)
    yield ShutdownRequest(roster)
    yield CheckProtocol(roster)
    yield PlanReview(roster)


def _of_a_teammate(state: Chat) -> Registry:
    roster = state.team
    board = [each for each in board_tools(state.board) if each.spec.name != "task_create"]
    return coding_tools().plus(
        *board,
        SendTeamMessage(roster),
        ReadInbox(roster),
        Idle(),
        SubmitPlan(roster),
        ShutdownResponse(roster),
    )
