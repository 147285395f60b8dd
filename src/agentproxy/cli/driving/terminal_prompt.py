"""Asks the person at this terminal, and submits the answer."""

import asyncio
import contextlib
import os
import sys
import termios
from collections import deque
from dataclasses import dataclass, field
from typing import Protocol

from click import BadParameter

from agentproxy.cli.cleaning import clean
from agentproxy.cli.options import Dollars, Duration
from agentproxy.cli.screens.port import Screen
from agentproxy.events.commands import Answer, Approve, Command, Deny, RaiseCeiling
from agentproxy.events.envelope import Event, RunId
from agentproxy.events.requests import Request, RequestDecided, RequestMade, RequestReferred
from agentproxy.supervisor.state import State

MAX_LINE_BYTES = 64 * 1024
YES = frozenset({"y", "yes"})


class Inbox(Protocol):
    async def submit(self, run: RunId, command: Command) -> object: ...


@dataclass
class Asker:
    """Withdraws a question that somebody else answers."""

    inbox: Inbox
    run: RunId
    screen: Screen
    made: dict[str, Request] = field(default_factory=dict[str, Request])
    waiting: deque[str] = field(default_factory=deque[str])
    typed: bytes = b""
    answered: str = ""
    tasks: set["asyncio.Task[object]"] = field(default_factory=set["asyncio.Task[object]"])
    listening: bool = False
    keyboard: int = field(default_factory=sys.stdin.fileno)

    def note(self, event: Event) -> None:
        match event.fact:
            case RequestMade():
                self.made[event.fact.request.id] = event.fact.request
            case RequestReferred():
                self.waiting.append(event.fact.request)
                if len(self.waiting) == 1:
                    self._ask()
            case RequestDecided():
                self._settled(event.fact.decision.request)
            case _:
                pass

    def close(self) -> None:
        if self.listening:
            asyncio.get_running_loop().remove_reader(self.keyboard)
            self.listening = False

    def _settled(self, key: str) -> None:
        if key not in self.waiting:
            return
        was_shown = self.waiting[0] == key
        self.waiting.remove(key)
        if was_shown and self.waiting:
            self._ask()
        elif was_shown:
            self.close()
            self.screen.answered()

    def _ask(self) -> None:
        request = self.made[self.waiting[0]]
        options = f" [{' / '.join(request.options)}]" if request.options else ""
        hint = " (y/n, n REASON)" if request.kind == "permission" else ""
        self._forget_typed()
        self.screen.question(f"? {clean(request.text)}{clean(options)}{hint} ")
        if not self.listening:
            asyncio.get_running_loop().add_reader(self.keyboard, self._read)
            self.listening = True

    def _forget_typed(self) -> None:
        # Text that was typed before the question was shown is not an answer to it.
        self.typed = b""
        flush(self.keyboard)

    def _read(self) -> None:
        chunk = os.read(self.keyboard, MAX_LINE_BYTES)
        self.typed = (self.typed + chunk)[-MAX_LINE_BYTES:]
        if not chunk:
            self.close()
        if b"\n" in self.typed and self.waiting:
            line, self.typed = self.typed.partition(b"\n")[0], b""
            # The first line is the answer. The rest was not typed for the next question.
            if self.answered != self.waiting[0]:
                self._submit(line.decode(errors="replace").strip())

    def _submit(self, text: str) -> None:
        request = self.made[self.waiting[0]]
        if not text:
            self._ask()
            return
        self.answered = request.id
        task = asyncio.ensure_future(self.inbox.submit(self.run, command_for(request, text)))
        self.tasks.add(task)
        task.add_done_callback(self.tasks.discard)


async def ask_for_more(screen: Screen, state: State) -> RaiseCeiling | None:
    """Asks only when the run is parked at a limit."""
    if state.parked is None or state.parked.why != "ceiling":
        return None
    of_time = state.ceilings.work_seconds >= state.ceilings.max_time
    unit = "30m, 2h" if of_time else "US dollars, such as 2.50"
    text = f"? {state.parked.reason}\n? how much more? ({unit}; an empty line parks the run) "
    flush(sys.stdin.fileno())
    screen.question(text)
    typed = await _typed_line()
    screen.answered()
    try:
        if not typed:
            return None
        if of_time:
            more = Duration().convert(typed, None, None)
            return RaiseCeiling(max_time=state.ceilings.max_time + more)
        return RaiseCeiling(
            budget=(state.ceilings.budget or 0.0) + Dollars().convert(typed, None, None)
        )
    except BadParameter as error:
        screen.question(f"{error.message}\n")
        screen.answered()
        return None


def flush(keyboard: int) -> None:
    """Drops typed characters that nobody has read."""
    with contextlib.suppress(termios.error):  # the terminal is gone
        termios.tcflush(keyboard, termios.TCIFLUSH)


async def _typed_line() -> str:
    loop = asyncio.get_running_loop()
    came: asyncio.Future[bytes] = loop.create_future()
    keyboard = sys.stdin.fileno()
    loop.add_reader(
        keyboard, lambda: came.done() or came.set_result(os.read(keyboard, MAX_LINE_BYTES))
    )
    try:
        return (await came).decode(errors="replace").strip()
    finally:
        loop.remove_reader(keyboard)


def command_for(request: Request, text: str) -> Command:
    if request.kind == "question":
        return Answer(request=request.id, text=text)
    word, _, reason = text.partition(" ")
    if word.lower() in YES:
        return Approve(request=request.id)
    return Deny(request=request.id, reason=reason.strip())
