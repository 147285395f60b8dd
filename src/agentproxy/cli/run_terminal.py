"""Works on a run at this terminal."""

import asyncio
import contextlib
import os
import signal
import sys
import time
from collections.abc import Awaitable, Callable, Generator
from dataclasses import dataclass
from pathlib import Path

from agentproxy.app.context import App, open_app
from agentproxy.app.journal import Lease
from agentproxy.app.outcome import outcome_of
from agentproxy.app.run_ownership import acquire_run as take_over
from agentproxy.app.runs import place_order, work_on
from agentproxy.app.task_request import TaskRequest
from agentproxy.cli.faults import as_failures
from agentproxy.cli.options import chosen_output
from agentproxy.cli.run_lookup import warn
from agentproxy.cli.screens.port import Screen
from agentproxy.cli.terminal_prompt import Asker, ask_for_more
from agentproxy.events.commands import Interrupt
from agentproxy.events.envelope import RunId
from agentproxy.supervisor.state import State

Take = Callable[[App], Awaitable[Lease]]


def drive_new(request: TaskRequest, *, output: str | None) -> int:
    return drive(lambda app: place_order(app, request), directory=request.directory, output=output)


def drive(take: Take, *, directory: Path, output: str | None, home: Path | None = None) -> int:
    """Takes a run and works on it; `home` overrides the home in the directory's settings."""
    with as_failures():
        return asyncio.run(_drive(take, directory=directory, output=output, home=home))


async def _drive(take: Take, *, directory: Path, output: str | None, home: Path | None) -> int:
    began = time.monotonic()
    async with open_app(os.environ, directory, home=home, say=warn) as app:
        style = chosen_output(output, app.settings.output or "")
        lease = await take(app)
        screen = open_screen(style)
        try:
            at_terminal = style != "json" and sys.stdin.isatty() and sys.stdout.isatty()
            asker = Asker(app.journal, lease.run, screen) if at_terminal else None
            eyes = EventFollower(screen, asker)
            state = await _work(app, lease, eyes)
            while at_terminal and (more := await ask_for_more(screen, state)):
                await app.journal.submit(lease.run, more)
                lease = await take_over(app, lease.run)
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


def open_screen(style: str) -> Screen:
    if style == "json":
        from agentproxy.cli.screens.lines import JsonScreen

        return JsonScreen()
    if style == "rich":  # rich is slow to import
        from agentproxy.cli.screens.drawn import DrawnScreen

        return DrawnScreen()
    from agentproxy.cli.screens.plain import PlainScreen

    return PlainScreen()
