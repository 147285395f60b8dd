"""A request for approval that nobody answers."""

import asyncio
from collections.abc import Sequence
from typing import cast

from agentproxy.conversation.approvals import TIMED_OUT, await_approval
from agentproxy.conversation.face import CHAT, AwaitApproval
from agentproxy.conversation.parts import APPROVAL_SECONDS, ChatParts
from agentproxy.engine.context import Context
from agentproxy.events.chat import UserTurnEnded
from agentproxy.events.envelope import Fact


class NoSeconds:
    """The one part that the wait uses."""

    approval_seconds = 0.0


def test_without_a_decision_the_turn_fails_after_five_minutes() -> None:
    assert APPROVAL_SECONDS == 300
    context = Context(
        state=CHAT.new_state(),
        parts=cast("ChatParts", NoSeconds()),
        record=lambda *_facts: asyncio.sleep(0),
        until=lambda _condition: asyncio.sleep(0),
        show=lambda _source, _text: None,
    )

    async def wait() -> Sequence[Fact]:
        return await await_approval(AwaitApproval("approval-1"), context)

    facts = asyncio.run(wait())
    assert facts == [UserTurnEnded(ending="failed", error=TIMED_OUT)]
