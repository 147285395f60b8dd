"""A model call of a child is recorded in its run, and in the conversation that pays for it."""

import asyncio
from collections.abc import Sequence

import pytest

from agentproxy.app.chat.chat_models import cost_record
from agentproxy.app.chat.root_run import RootRun
from agentproxy.conversation.face import CHAT
from agentproxy.conversation.state import Chat
from agentproxy.engine.recorder import Recorder
from agentproxy.events.conversation import Usage
from agentproxy.events.cost import ModelAsked, ModelSettled
from agentproxy.events.envelope import CommandId, Draft, Event, Fact, RunId
from agentproxy.events.run import ChatOrder, ChildOrder, RunCreated

ROOT = ChatOrder(model="m", workspace="/w")
CHILD = ChildOrder(
    model="m", workspace="/w", root="root", role="subagent", name="explore", task="look"
)
ASKED = ModelAsked(call="1", model="m", purpose="work", attempt=1, reserved=0.0)
SETTLED = ModelSettled(
    call="1", model="m", purpose="work", usage=Usage(), usd=0.0, priced=True, seconds=0.1
)


class Journal:
    """Each append waits until it is let through."""

    def __init__(self, order: ChatOrder | ChildOrder, *, appends: int) -> None:
        self.facts: list[Fact] = []
        self.waits = asyncio.Event()
        self.through = asyncio.Semaphore(appends)
        created = Event(RunId("r"), 1, 0.0, "human", RunCreated(request=order, product="0"))
        state = CHAT.replay([created])
        self.recorder: Recorder[Chat] = Recorder(state, self.append, reduce=CHAT.reduce)

    async def append(self, drafts: Sequence[Draft], _taken: Sequence[CommandId]) -> Sequence[Event]:
        self.waits.set()
        await self.through.acquire()
        self.facts += [draft.fact for draft in drafts]
        return [Event(RunId("r"), 2, 0.0, each.actor, each.fact, each.cause) for each in drafts]


@pytest.mark.parametrize("fact", [ASKED, SETTLED], ids=["asked", "settled"])
def test_a_call_is_recorded_in_both_runs_however_often_its_caller_is_cancelled(fact: Fact) -> None:
    async def play() -> None:
        root, child = Journal(ROOT, appends=0), Journal(CHILD, appends=1)
        record = cost_record(child.recorder, root=RootRun(root.recorder), run=RunId("child"))
        recording = asyncio.ensure_future(record(fact))
        await root.waits.wait()
        for _ in range(2):
            recording.cancel()
            await asyncio.sleep(0)
        assert child.facts == []
        root.through.release()
        with pytest.raises(asyncio.CancelledError):
            await recording
        assert [type(each) for each in root.facts] == [type(fact)]
        assert child.facts == [fact]

    asyncio.run(asyncio.wait_for(play(), 20))
