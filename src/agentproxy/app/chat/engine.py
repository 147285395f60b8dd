"""Builds what drives a conversation: its models, its tools, and what its calls may do."""

import asyncio
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from agentproxy.agent.parts import AllowCall
from agentproxy.app.chat.board import WorkspaceBoard
from agentproxy.app.chat.chat_models import ChatModels
from agentproxy.app.chat.children import ChildHost, ChildRuns, Subagents
from agentproxy.app.chat.instructions import instructions_of, read_listings
from agentproxy.app.chat.services import DISK, ChatServices
from agentproxy.app.chat.toolbox import ToolPorts, chat_tools
from agentproxy.app.following import Follower
from agentproxy.app.hub import FragmentStream

# Imported to register their handlers.
from agentproxy.conversation import approvals as approvals
from agentproxy.conversation import calls as calls
from agentproxy.conversation import remember as remember
from agentproxy.conversation import run_background as run_background
from agentproxy.conversation import run_team as run_team
from agentproxy.conversation import summaries as summaries
from agentproxy.conversation import tracing as tracing
from agentproxy.conversation import turns as turns
from agentproxy.conversation.background import BACKGROUND
from agentproxy.conversation.compaction import OldResults
from agentproxy.conversation.face import CHAT
from agentproxy.conversation.parts import ChatParts
from agentproxy.conversation.prompts import Listings
from agentproxy.conversation.state import Chat
from agentproxy.conversation.team import MAIL, TEAMMATE
from agentproxy.engine.context import Context
from agentproxy.engine.loop import Engine
from agentproxy.engine.recorder import SCOPE, Recorder
from agentproxy.events.background import BackgroundEnded
from agentproxy.events.chat import UserTurnEnded
from agentproxy.events.conversation import ToolCall
from agentproxy.events.envelope import Fact, RunId
from agentproxy.events.team import MailDelivered, TeammateChanged
from agentproxy.journal.port import JournalError, Lease
from agentproxy.models.port import ModelError, PromptTooLong
from agentproxy.policy.allowed_programs import not_listed
from agentproxy.policy.commands import command_line
from agentproxy.policy.rulings import Policy, Refuse
from agentproxy.text.system_errors import in_words
from agentproxy.tools.board.store import Board
from agentproxy.tools.port import ERROR, Bench, KeptBench, Permission
from agentproxy.workers.port import WorkPlace
from agentproxy.workspace.sandbox.port import SandboxError

FROM_WITHIN = Policy(root="/workspace")
SAY_AGAIN = "say it again: of more than ten messages the older ones become a summary before it"
DEFECT = "this is a defect of Agent Proxy; report it with the id of the conversation"


async def chat_engine(
    host: ChildHost,
    recorder: Recorder[Chat],
    models: ChatModels,
    *,
    lease: Lease,
    fragments: FragmentStream,
) -> Engine[Chat, ChatParts]:
    """Returns what drives a conversation. Raises OSError, SandboxError."""
    services, state = host.services, recorder.state
    order = state.require_order()
    children = ChildRuns(lease.run, recorder, host)
    await services.mcp.settled()
    ports = ToolPorts(
        outside=services.mcp,
        custom=services.packaged.tools,
        delegate=Subagents(children),
        max_teammates=services.settings.max_teammates,
    )
    tools = chat_tools(services.skills, state, run=lease.run, ports=ports)
    with_skills = tools.find("read_skill") is not None

    def open_bench() -> Bench:
        bench = services.tools.open_bench(
            Path(order.workspace),
            sandbox=services.sandbox,
            home=services.app.folder(_root_of(state, lease)) / "home",
            read_only=bool(state.child_order and state.child_order.read_only),
            skills=services.skills,
            show=lambda text: fragments.show("tool", text),
            bash_seconds=services.settings.bash_timeout,
        )
        return replace(bench, variables=lambda: _joining(services.app.follower, lease.run, state))

    def prepare() -> Listings:
        # A workspace that cannot be used is told in every turn, also in one without calls.
        Path(order.workspace).mkdir(parents=True, exist_ok=True, mode=0o700)
        return read_listings(services, order, with_skills=with_skills)

    read = await asyncio.to_thread(prepare)
    parts = ChatParts(
        model=models.work,
        effort=order.effort,
        summariser=models.summaries,
        memory=services.memory,
        noter=models.notes,
        noting=services.noting,
        summary_temperature=services.settings.compact_temperature,
        tools=tools,
        bench=KeptBench(open_bench),
        allow=_allow(services),
        instructions=instructions_of(services, state, read),
        shown=OldResults(),
        children=children,
        board=WorkspaceBoard(Board(Path(order.workspace))),
        idle_seconds=services.settings.teammate_idle_timeout,
        idle_look=services.settings.teammate_idle_look,
        background_seconds=services.settings.background_timeout,
    )
    context = Context(
        state=state,
        parts=parts,
        record=recorder.record,
        until=recorder.until,
        show=fragments.show,
    )
    return Engine(face=CHAT, recorder=recorder, context=context, faults=fault_of)


def _joining(follower: Follower, run: RunId, state: Chat) -> Mapping[str, str]:
    """Returns what lets a program of the present effect join the trace of the turn."""
    if not state.active:  # a command of the background, after the turn
        return {}
    return follower.joining(
        WorkPlace(
            run,
            state.lifecycle.segment,
            SCOPE.get().effect,
            turn=state.active,
            is_child=state.child_order is not None,
        )
    ).variables


def _allow(services: ChatServices) -> AllowCall:
    allowed = services.settings.allowed_commands

    async def allow(_call: ToolCall, permission: Permission) -> str:
        if permission.action != "run":
            return ""
        # The sandbox keeps a command away from everything else. These harm it from within.
        if isinstance(command_line(permission.subject, FROM_WITHIN), Refuse):
            return "Blocked dangerous pattern in command"
        if allowed and (name := not_listed(permission.subject, allowed)):
            return f"Command '{name}' not in allowed list"
        return ""

    return allow


def _root_of(state: Chat, lease: Lease) -> str:
    """Returns the run of the conversation of the user: those who work for it share its HOME."""
    return state.child_order.root if state.child_order else lease.run


def fault_of(key: str, error: Exception) -> Fact | None:
    """Returns what failed: a turn, or something beside it. None for the journal."""
    if isinstance(error, JournalError):
        return None
    return _fault_beside(key, error) or _failed_turn(error)


def _fault_beside(key: str, error: Exception) -> Fact | None:
    """Returns the fact that ends an effect which no turn owns."""
    if key.startswith(BACKGROUND):
        task, text = key.removeprefix(BACKGROUND), f"{ERROR}{error}"
        return BackgroundEnded(task=task, status="error", result=text)
    if key.startswith(TEAMMATE):
        child = key.removeprefix(TEAMMATE)
        return TeammateChanged(child=child, seen=0, status="shutdown", reason=str(error))
    return MailDelivered(mail=key.removeprefix(MAIL)) if key.startswith(MAIL) else None


def _failed_turn(error: Exception) -> UserTurnEnded:
    if isinstance(error, PromptTooLong):
        # CONTEXT_WINDOW may be larger than what this model takes.
        return UserTurnEnded(ending="failed", error=str(error), cure=SAY_AGAIN, too_long=True)
    if isinstance(error, ModelError | SandboxError):
        return UserTurnEnded(ending="failed", error=str(error), cure=error.cure)
    if isinstance(error, OSError):
        return UserTurnEnded(ending="failed", error=in_words(error), cure=DISK)
    return UserTurnEnded(ending="failed", error=f"{type(error).__name__}: {error}", cure=DEFECT)
