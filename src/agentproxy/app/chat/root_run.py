"""The conversation of a user, as the agents that work for it reach it."""

import asyncio
from dataclasses import dataclass, field
from functools import partial

from agentproxy.conversation.state import Chat
from agentproxy.engine.recorder import Recorder
from agentproxy.events.envelope import Fact
from agentproxy.models.port import BudgetSpent
from agentproxy.models.traced import Tracer


@dataclass(frozen=True, slots=True)
class RootRun:
    """A loaded conversation of the user. All agents that work for it are paid and traced there."""

    recorder: Recorder[Chat]
    lock: asyncio.Lock = field(default_factory=asyncio.Lock)
    # Held from the choice of a traced question's number until it is recorded.
    numbering: asyncio.Lock = field(default_factory=asyncio.Lock)

    async def record(self, fact: Fact, *, child: str = "") -> None:
        """Records in the conversation. `child` is the run of who worked for it."""
        if child:
            await self.recorder.record(fact, actor="agent", cause=f"child:{child}")
        else:
            await self.recorder.record(fact)

    def require_tokens(self) -> None:
        """Raises BudgetSpent where the tokens of the user's newest message are used up."""
        if self.recorder.state.out_of_tokens:
            raise BudgetSpent(
                "Token budget exceeded", cure="say more: each message of the user has its own"
            )

    def tracer(self, child: str) -> Tracer:
        """Returns what traces all models of the conversation, in one series of numbers."""
        traced = self.recorder.state.traced
        record = partial(self.record, child=child)
        return Tracer(record, traced, agent=child, lock=self.numbering)
