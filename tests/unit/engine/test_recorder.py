"""What is recorded is on disk and in the state, or in neither."""

import asyncio
import gc
from collections.abc import Sequence

import pytest
from support.story import Story, began

from agentproxy.engine.recorder import SCOPE, Recorder, Scope
from agentproxy.events.envelope import CommandId, Draft, Event, Fact
from agentproxy.events.run import DecisionMade, RunEnded
from agentproxy.journal.port import JournalUnusable
from agentproxy.supervisor.effects import SUPERVISED
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

        recorder = Recorder(State(), append, reduce=SUPERVISED.reduce)
        caller = asyncio.create_task(recorder.record(FACT))
        await asyncio.sleep(0)
        caller.cancel()
        full.set()
        with pytest.raises(asyncio.CancelledError):
            await caller
        with pytest.raises(JournalUnusable):
            await recorder.record(FACT)
        gc.collect()
        await asyncio.sleep(0)

    asyncio.run(story())
    assert complaints == []


def test_a_cancelled_caller_does_not_tear_journal_and_state_apart() -> None:
    story = Story()

    async def play() -> None:
        caller = asyncio.create_task(story.recorder.record(FACT))
        await asyncio.sleep(0)
        caller.cancel()
        with pytest.raises(asyncio.CancelledError):
            await caller
        await story.recorder.record(began())

    asyncio.run(play())
    assert story.facts[0] == FACT
    assert story.state.decisions[1] == FACT


def test_facts_carry_the_effect_and_the_actor_under_way_as_cause() -> None:
    story = Story()

    async def play() -> None:
        SCOPE.set(Scope("work:1:0", "worker 1"))
        await asyncio.create_task(story.recorder.record(FACT))
        await story.recorder.record(FACT, actor="human", cause="command:7")

    asyncio.run(play())
    causes = [(draft.cause, draft.actor) for draft in story.drafts]
    assert causes == [("work:1:0", "worker 1"), ("command:7", "human")]


def test_a_decision_sees_everything_that_was_recorded_before_its_turn() -> None:
    story = Story()
    ended = RunEnded(verdict="refuted", reason="")

    async def play() -> None:
        first = asyncio.create_task(story.recorder.record(ended))
        await asyncio.sleep(0)
        await story.recorder.decide(lambda state: () if state.ended else (FACT,))
        await first

    asyncio.run(play())
    assert story.facts == [ended]


def test_a_choice_that_is_cancelled_at_its_turn_ends_its_caller_and_no_later_one() -> None:
    story = Story()

    def chosen(_state: State) -> Sequence[Fact]:
        raise asyncio.CancelledError

    async def play() -> tuple[bool, bool]:
        first = asyncio.create_task(story.recorder.record(FACT))
        await asyncio.sleep(0)
        queued = asyncio.create_task(story.recorder.decide(chosen))
        later = asyncio.create_task(story.recorder.record(began()))
        await asyncio.wait({first, queued, later}, timeout=0.3)
        return queued.cancelled(), later.done()

    # Not `asyncio.run`: it would wait forever for a caller that hangs.
    loop = asyncio.new_event_loop()
    try:
        assert loop.run_until_complete(play()) == (True, True)
    finally:
        loop.close()
    assert story.facts == [FACT, began()]


def test_whoever_waits_for_the_state_goes_on_when_it_holds() -> None:
    story = Story()

    async def play() -> None:
        waiting = asyncio.create_task(story.recorder.until(lambda state: bool(state.decisions)))
        await story.recorder.record(began())
        assert not waiting.done()
        await story.recorder.record(FACT)
        await asyncio.wait_for(waiting, 1)

    asyncio.run(play())
