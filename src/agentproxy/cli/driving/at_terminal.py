"""Works on a run at this terminal."""

import asyncio
import contextlib
import signal
import sys
import time
from collections.abc import Generator
from dataclasses import dataclass

from agentproxy.app.context import App
from agentproxy.app.journal import Lease
from agentproxy.app.outcome import outcome_of
from agentproxy.app.run_ownership import acquire_run
from agentproxy.app.runs import work_on
from agentproxy.cli.driving.terminal_prompt import Asker, ask_for_more
from agentproxy.cli.screens.opening import open_screen
from agentproxy.cli.screens.port import Screen
from agentproxy.events.commands import Interrupt
from agentproxy.events.envelope import RunId
from agentproxy.supervisor.state import State


async def work_at_terminal(app: App, lease: Lease, *, style: str, began: float) -> int:
    """Works on a run until it parks or ends. Returns the exit code. `began` is monotonic."""
    screen = open_screen(style)
    try:
        at_terminal = style != "json" and sys.stdin.isatty() and sys.stdout.isatty()
        asker = Asker(app.journal, lease.run, screen) if at_terminal else None
        eyes = EventFollower(screen, asker)
        state = await _work(app, lease, eyes)
        while at_terminal and (more := await ask_for_more(screen, state)):
            await app.journal.submit(lease.run, more)
            lease = await acquire_run(app, lease.run)
            state = await _work(app, lease, eyes)
        seconds = time.monotonic() - began
        result = await outcome_of(lease.run, state, seconds=seconds)
        screen.result(result)
    finally:
        screen.close()
    return result.exit_code


async def _work(app: App, lease: Lease, eyes: "EventFollower") -> State:
    screen, asker = eyes.screen, eyes.asker
    # With a person at the terminal, a worker waits for the answer without a limit.
    hold = app.settings.hold if asker is None else None
    async with asyncio.TaskGroup() as group:
        following = [
            group.create_task(eyes.follow(app, lease.run)),
            group.create_task(eyes.watch(app, lease.run)),
        ]
        try:
            with _signals(app, lease, group):
                state = await work_on(app, lease, hold=hold)
        finally:
            for task in following:
                task.cancel()
            if asker is not None:
                asker.close()
    # The follower may have been cancelled before it saw the last events.
    for event in await app.journal.read(lease.run, after=eyes.seen):
        screen.event(event)
        eyes.seen = event.seq
    return state


@dataclass
class EventFollower:
    """`seen` is the last event shown."""

    screen: Screen
    asker: Asker | None
    seen: int = 0

    async def follow(self, app: App, run: RunId) -> None:
        async for event in app.journal.follow(run, after=self.seen):
            self.screen.event(event)
            self.seen = event.seq
            if self.asker is not None:
                self.asker.note(event)

    async def watch(self, app: App, run: RunId) -> None:
        with app.hub.subscribe(run) as reader:
            async for fragment in reader:
                self.screen.fragment(fragment.source, fragment.text)


@contextlib.contextmanager
def _signals(app: App, lease: Lease, group: asyncio.TaskGroup) -> Generator[None]:
    # A signal becomes a command: the run parks, and can be resumed.
    loop = asyncio.get_running_loop()
    pressed = over = False

    def caught(number: int, frame: object) -> None:
        del number, frame
        nonlocal pressed
        if not pressed:
            pressed = True
            loop.call_soon_threadsafe(interrupt)

    def interrupt() -> None:
        if not over:
            command = Interrupt(generation=lease.generation)
            group.create_task(app.journal.submit(lease.run, command))

    # A signal that was ignored from the start (nohup, a script's background job) stays ignored.
    before = {
        number: signal.signal(number, caught)
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
        if signal.getsignal(number) is not signal.SIG_IGN
    }
    try:
        yield
    finally:
        over = True
        # After the first Ctrl+C a second one must not interrupt the last output.
        for number, handler in before.items():
            signal.signal(number, signal.SIG_IGN if pressed else handler)
