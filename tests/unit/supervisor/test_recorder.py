"""What is recorded is on disk and in the state, or in neither, and who is gone is told nothing."""

import asyncio
import gc
from collections.abc import Sequence

import pytest

from agentproxy.events.envelope import CommandId, Draft, Event
from agentproxy.events.run import DecisionMade
from agentproxy.journal.port import JournalUnusable
from agentproxy.supervisor.loop import Recorder
from agentproxy.supervisor.state import State

FACT = DecisionMade(round=1, decision="give_up", reason="all is said")


def test_a_failure_whose_caller_was_cancelled_is_no_trace_on_the_terminal() -> None:
    complaints: list[object] = []

    async def story() -> None:
        asyncio.get_running_loop().set_exception_handler(lambda _, told: complaints.append(told))
        full = asyncio.Event()

        async def append(_drafts: Sequence[Draft], _taken: Sequence[CommandId]) -> Sequence[Event]:
            await full.wait()
            raise JournalUnusable("the disk is full")

        recorder = Recorder(State(), append)
        caller = asyncio.create_task(recorder.record(FACT))
        await asyncio.sleep(0)
        caller.cancel()
        with pytest.raises(asyncio.CancelledError):
            await caller
        full.set()
        with pytest.raises(JournalUnusable):
            await recorder.record(FACT)
        gc.collect()
        await asyncio.sleep(0)

    asyncio.run(story())
    assert complaints == []
