"""Commands in the background: when they run, and when their ends are told. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass

from agentproxy.conversation.base import CHAT, TURN
from agentproxy.conversation.injected import put_before, within
from agentproxy.conversation.state import Chat
from agentproxy.events.background import BackgroundNotice, BackgroundTold

BACKGROUND = "background:"  # how the ids of the effects begin that run commands
NOTED = "Noted background results."


@dataclass(frozen=True, slots=True)
class RunInBackground:
    """Run a command until it ends, across turns."""

    task: str
    command: str


@dataclass(frozen=True, slots=True)
class TellBackground:
    """Tell the agent how commands in the background ended."""

    notices: tuple[BackgroundNotice, ...]


@CHAT.fold(BackgroundTold)
def fold_background(state: Chat, fact: BackgroundTold) -> None:
    lines = (f"[bg:{each.task}] {each.status}: {each.result}" for each in fact.notices)
    # Output of a command must not end the block.
    told = within("background-results", "\n".join(lines))
    put_before(state, f"<background-results>\n{told}\n</background-results>", NOTED)


@CHAT.due_at(TURN)
def commands_due(state: Chat) -> Mapping[str, RunInBackground]:
    """Returns the commands that run in the background, whether or not a turn is under way."""
    return {
        f"{BACKGROUND}{task.id}": RunInBackground(task.id, task.command)
        for task in state.background.running
    }


def notices_due(state: Chat) -> Mapping[str, TellBackground]:
    """Returns what the agent is to be told before the next question to its model."""
    notices = state.background.notices()
    if not notices:
        return {}
    return {f"tell:{notices[0].task}:{len(notices)}": TellBackground(notices)}
