"""Reads the state of a conversation from the journal."""

from collections.abc import Callable

from agentproxy.app.context import App
from agentproxy.conversation.face import CHAT
from agentproxy.conversation.safe_tools import SAFE_TOOLS
from agentproxy.conversation.state import Chat
from agentproxy.events.envelope import Event, RunId

PAGE = 500


async def load_chat(
    app: App,
    run: RunId,
    *,
    safe: frozenset[str] = SAFE_TOOLS,
    note: Callable[[Event], None] | None = None,
) -> Chat:
    """Returns the state. `safe` are the tools that need no approval; `note` is told each event.

    Raises UnknownRun.
    """
    # In pages: the events of a long conversation need not be in memory together.
    state, after = CHAT.new_state(), 0
    state.safe = safe
    while page := await app.journal.read(run, after=after, limit=PAGE):
        for event in page:
            CHAT.reduce(state, event)
            if note is not None:
                note(event)
        after = page[-1].seq
        if len(page) < PAGE:
            break
    return state
