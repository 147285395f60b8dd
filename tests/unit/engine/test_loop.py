"""The loop with scripted effects: what starts, what is cancelled, and what is recorded of it."""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

import pytest
from support.story import eventually

from agentproxy.engine.commands import CommandHandler
from agentproxy.engine.context import Context
from agentproxy.engine.face import Face
from agentproxy.engine.loop import Engine, Faults, raise_faults
from agentproxy.engine.recorder import Recorder
from agentproxy.engine.state import RunState
from agentproxy.events.commands import Interrupt, StopRun
from agentproxy.events.effects import EffectStarted
from agentproxy.events.envelope import CommandId, Draft, Event, Fact, RunId
from agentproxy.events.run import EffectFailed, RunEnded, RunParked


# One module is a whole ability: effect, fact, fold, due and handler. Nothing else names them.
class BellRung(Fact):
    kind: Literal["bell_rung"] = "bell_rung"
    times: int


@dataclass
class Tower(RunState):
    rung: int = 0
    wanted: int = 1


@dataclass(frozen=True, slots=True)
class RingBell:
    times: int


@dataclass
class Ropes:
    """What a ringer needs; the test holds the bell with `free`."""

    free: asyncio.Event = field(default_factory=asyncio.Event)
    cancelled: list[str] = field(default_factory=list[str])
    slow_to_die: float = 0.0
    broken: bool = False


TOWER: Face[Tower, Ropes] = Face(Tower, actor="ringer")


@TOWER.fold(BellRung)
def fold_rung(state: Tower, fact: BellRung) -> None:
    state.rung += fact.times


@TOWER.due_at(1)
def bell_due(state: Tower) -> Mapping[str, RingBell]:
    return {f"ring:{state.rung}": RingBell(1)} if state.rung < state.wanted else {}


@TOWER.handles(RingBell)
async def ring(effect: RingBell, context: Context[Tower, Ropes]) -> Sequence[Fact]:
    if context.parts.broken:
        raise ValueError("the rope tore")
    try:
        await context.parts.free.wait()
    except asyncio.CancelledError:
        context.parts.cancelled.append("ring")
        await asyncio.sleep(context.parts.slow_to_die)
        raise
    return [BellRung(times=effect.times)]


@dataclass
class Play:
    """One run of the tower, its journal in a list."""

    state: Tower = field(default_factory=Tower)
    ropes: Ropes = field(default_factory=Ropes)
    drafts: list[Draft] = field(default_factory=list[Draft])
    fails: bool = False

    async def append(self, drafts: Sequence[Draft], _taken: Sequence[CommandId]) -> Sequence[Event]:
        await asyncio.sleep(0)
        if self.fails:
            raise OSError("the disk is full")
        self.drafts += drafts
        return [Event(RunId("r"), 1, 0.0, each.actor, each.fact, each.cause) for each in drafts]

    def engine(
        self, faults: Faults = raise_faults, *, face: Face[Tower, Ropes] = TOWER
    ) -> Engine[Tower, Ropes]:
        recorder = Recorder(self.state, self.append, reduce=face.reduce)
        context = Context(
            self.state, self.ropes, recorder.record, recorder.until, lambda _source, _text: None
        )
        return Engine(face, recorder, context, faults=faults)

    @property
    def facts(self) -> list[Fact]:
        return [draft.fact for draft in self.drafts]


def test_an_effect_has_a_start_and_an_end_with_its_id_as_cause() -> None:
    play = Play()
    play.ropes.free.set()
    asyncio.run(play.engine().drive())
    assert play.drafts == [
        Draft("ringer", EffectStarted(effect="ring:0"), "ring:0"),
        Draft("ringer", BellRung(times=1), "ring:0"),
    ]


def test_it_goes_on_until_nothing_is_due() -> None:
    play = Play(Tower(wanted=3))
    play.ropes.free.set()
    asyncio.run(play.engine().drive())
    assert play.state.rung == 3


def test_a_handler_is_tested_by_calling_it() -> None:
    async def call() -> Sequence[Fact]:
        ropes = Ropes()
        ropes.free.set()

        async def record(*_facts: Fact) -> None: ...

        async def until(_holds: Callable[[Tower], bool]) -> None: ...

        context = Context(Tower(), ropes, record, until, lambda _s, _t: None)
        return await ring(RingBell(2), context)

    assert asyncio.run(call()) == [BellRung(times=2)]


def test_a_stop_cancels_what_is_under_way_and_nothing_is_recorded_after_it() -> None:
    play = Play()

    async def story() -> None:
        engine = play.engine()
        driving = asyncio.create_task(engine.drive())
        await eventually(lambda: len(play.drafts) == 1)
        await CommandHandler(engine.recorder).handle(CommandId(1), StopRun())
        await driving

    asyncio.run(story())
    assert play.ropes.cancelled == ["ring"]
    assert [type(fact) for fact in play.facts] == [EffectStarted, RunEnded]


def test_a_stop_while_an_effect_is_being_cancelled_starts_nothing_more() -> None:
    play = Play(ropes=Ropes(slow_to_die=0.05))

    async def story() -> None:
        engine = play.engine()
        driving = asyncio.create_task(engine.drive())
        await eventually(lambda: len(play.drafts) == 1)
        # Another effect is due instead, and while the first one dies the run is stopped.
        await engine.recorder.record(BellRung(times=0))
        play.state.rung, play.state.wanted = 5, 6
        engine.recorder.changed.set()
        await eventually(lambda: play.ropes.cancelled == ["ring"])
        await CommandHandler(engine.recorder).handle(CommandId(1), StopRun())
        await driving

    asyncio.run(story())
    assert [type(fact) for fact in play.facts] == [EffectStarted, BellRung, RunEnded]


def test_a_loop_that_is_cancelled_while_it_cancels_an_effect_waits_for_its_end() -> None:
    play = Play(ropes=Ropes(slow_to_die=0.05))

    async def story() -> list[asyncio.Task[object]]:
        engine = play.engine()
        driving = asyncio.create_task(engine.drive())
        await eventually(lambda: len(play.drafts) == 1)
        await CommandHandler(engine.recorder).handle(CommandId(1), StopRun())
        await eventually(lambda: play.ropes.cancelled == ["ring"])
        driving.cancel()
        with pytest.raises(asyncio.CancelledError):
            await driving
        return [task for task in asyncio.all_tasks() if task is not asyncio.current_task()]

    assert asyncio.run(story()) == [], "its last facts would come when others own the run"


def test_a_fault_becomes_the_fact_that_the_face_makes_of_it() -> None:
    play = Play(ropes=Ropes(broken=True))
    asyncio.run(play.engine(lambda key, e: EffectFailed(effect=key, error=str(e))).drive())
    assert play.facts[1] == EffectFailed(effect="ring:0", error="the rope tore")
    assert play.state.parked is not None


def test_a_fault_that_nobody_takes_is_raised_as_it_is() -> None:
    with pytest.raises(ValueError, match="the rope tore"):
        asyncio.run(Play(ropes=Ropes(broken=True)).engine().drive())


def test_of_effects_that_fail_together_the_first_that_was_started_is_told() -> None:
    chorus: Face[Tower, Ropes] = Face(Tower, actor="ringer")
    names = [f"ring:{number}" for number in range(40)]
    chorus.due_at(1)(lambda _state: {name: RingBell(at) for at, name in enumerate(names)})

    @chorus.handles(RingBell, instant=True)
    async def tears(effect: RingBell, _context: Context[Tower, Ropes]) -> Sequence[Fact]:
        raise ValueError(f"rope {effect.times} tore")

    with pytest.raises(ValueError, match="rope 0 tore"):
        asyncio.run(Play().engine(face=chorus).drive())
    assert tears is not None


def test_a_journal_that_fails_ends_the_loop_with_its_error_and_no_task_is_left() -> None:
    play = Play(fails=True)

    async def story() -> set["asyncio.Task[object]"]:
        with pytest.raises(OSError, match="the disk is full"):
            await play.engine().drive()
        return asyncio.all_tasks() - {asyncio.current_task()}

    assert asyncio.run(story()) == set()


def test_an_effect_that_leaves_no_trace_is_an_error_and_not_an_endless_loop() -> None:
    silent: Face[Tower, Ropes] = Face(Tower, actor="nobody")
    silent.due_at(1)(lambda _state: {"nothing": RingBell(0)})

    @silent.handles(RingBell, instant=True)
    async def nothing(_effect: RingBell, _context: Context[Tower, Ropes]) -> Sequence[Fact]:
        return []

    with pytest.raises(RuntimeError, match="still due"):
        asyncio.run(Play().engine(face=silent).drive())
    assert nothing is not None


def test_an_effect_whose_run_was_parked_before_it_began_does_not_begin() -> None:
    play = Play()
    play.ropes.free.set()

    async def scenario() -> None:
        engine = play.engine()
        interrupting = CommandHandler(engine.recorder).handle(CommandId(1), Interrupt())
        # It is recorded while the effect waits for its turn to record its start.
        async with asyncio.TaskGroup() as group:
            group.create_task(interrupting)
            await engine.drive()

    asyncio.run(scenario())
    assert [type(fact) for fact in play.facts] == [RunParked]
    assert play.state.rung == 0
