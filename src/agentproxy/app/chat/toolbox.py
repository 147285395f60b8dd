"""The tools of a conversation."""

from agentproxy.conversation.face import CHAT
from agentproxy.conversation.kinds import KINDS
from agentproxy.conversation.state import Chat
from agentproxy.tools.background.tools import BackgroundRun, CheckBackground
from agentproxy.tools.board.tools import board_tools
from agentproxy.tools.port import ToolOutcome, failure
from agentproxy.tools.registry import OutsideTools, Registry, talking_tools
from agentproxy.tools.skills.library import SkillLibrary
from agentproxy.tools.skills.tools import ListSkills, ReadSkill
from agentproxy.tools.task import Delegate, Task
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


class NoDelegate:
    """Stands where tools are only listed."""

    async def run(self, key: str, kind: str, *, title: str, prompt: str) -> ToolOutcome:
        del key, title, prompt
        return failure(f"no {kind} agent can be made here")


def chat_tools(
    skills: SkillLibrary, state: Chat, *, run: str, delegate: Delegate, outside: OutsideTools
) -> Registry:
    """Returns the tools of a conversation. `state` and `outside` are followed as they change."""
    tools = talking_tools().plus(
        ListSkills(skills),
        ReadSkill(skills),
        Task(delegate, {name: kind.summary for name, kind in KINDS.items()}),
        BackgroundRun(state.background, run=run),
        CheckBackground(state.background),
        *board_tools(state.board),
        *todo_tools(state.todos),
    )
    return _own(tools.sorted_like(ORDER), state, outside)


def all_tools(skills: SkillLibrary, outside: OutsideTools) -> Registry:
    """Returns the tools that a conversation may have, to be listed."""
    state = CHAT.new_state()
    return chat_tools(skills, state, run="", delegate=NoDelegate(), outside=outside)


def _own(tools: Registry, state: Chat, outside: OutsideTools) -> Registry:
    """Returns the tools of a conversation of this state: an agent that helps has fewer."""
    order = state.child_order
    if order is None:
        return tools.with_outside(outside)
    kind = KINDS[order.name]
    return tools.only({name for name in tools.names if kind.has(name, depth=order.depth)})
