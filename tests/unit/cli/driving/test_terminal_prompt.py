"""Questions at a terminal: only what is typed after a question was shown answers it."""

import asyncio
import os
import pty
from collections.abc import Generator

import pytest

from agentproxy.app.outcome import Result
from agentproxy.cli.driving.terminal_prompt import Asker, command_for
from agentproxy.events.commands import Approve, Command, Deny
from agentproxy.events.envelope import Event, Fact, RunId
from agentproxy.events.requests import (
    Decision,
    Request,
    RequestDecided,
    RequestMade,
    RequestReferred,
)

RUN = RunId("k7f2")


class ShownQuestions:
    """A screen that keeps the questions."""

    def __init__(self) -> None:
        self.questions: list[str] = []

    def event(self, event: Event) -> None:
        """Not shown."""

    def fragment(self, source: str, text: str) -> None:
        """Not shown."""

    def question(self, text: str) -> None:
        self.questions.append(text)

    def answered(self) -> None:
        """Not shown."""

    def result(self, result: Result) -> None:
        """Not shown."""

    def close(self) -> None:
        """Nothing is open."""


class Inbox:
    """Keeps what is submitted."""

    def __init__(self) -> None:
        self.commands: list[Command] = []
        self.came = asyncio.Event()

    async def submit(self, run: RunId, command: Command) -> None:
        assert run == RUN
        self.commands.append(command)
        self.came.set()


@pytest.fixture
def terminal() -> Generator[tuple[int, int]]:
    """The two ends of a pseudo-terminal: what a person types into, what `pa` reads."""
    person, keyboard = pty.openpty()
    yield person, keyboard
    os.close(person)
    os.close(keyboard)


def permission(name: str) -> Request:
    return Request(id=name, kind="permission", text=f"run {name}", action="run", subject=name)


def happened(fact: Fact) -> Event:
    return Event(run=RUN, seq=1, time=0.0, actor="worker", fact=fact)


def refer(asker: Asker, name: str) -> None:
    asker.note(happened(RequestMade(request=permission(name))))
    asker.note(happened(RequestReferred(request=name, reason="")))


def decided(name: str) -> RequestDecided:
    return RequestDecided(decision=Decision(request=name, allowed=True, by="human"))


async def typed(inbox: Inbox, person: int, line: bytes) -> list[Command]:
    inbox.came.clear()
    os.write(person, line)
    async with asyncio.timeout(5):
        await inbox.came.wait()
    return inbox.commands


def test_what_was_typed_before_a_question_answers_nothing(terminal: tuple[int, int]) -> None:
    person, keyboard = terminal

    async def ask() -> list[Command]:
        inbox = Inbox()
        asker = Asker(inbox, RUN, ShownQuestions(), keyboard=keyboard)
        os.write(person, b"y\ny\ny")
        refer(asker, "one")
        found = await typed(inbox, person, b"n wait\n")
        asker.close()
        return found

    assert asyncio.run(ask()) == [Deny(request="one", reason="wait")]


def test_lines_typed_at_once_answer_only_the_question_that_was_shown(
    terminal: tuple[int, int],
) -> None:
    person, keyboard = terminal

    async def ask() -> list[Command]:
        inbox, screen = Inbox(), ShownQuestions()
        asker = Asker(inbox, RUN, screen, keyboard=keyboard)
        refer(asker, "one")
        refer(asker, "two")
        await typed(inbox, person, b"y\ny\ny\n")
        asker.note(happened(decided("one")))
        assert len(screen.questions) == 2
        await typed(inbox, person, b"n\n")
        asker.close()
        return inbox.commands

    assert asyncio.run(ask()) == [Approve(request="one"), Deny(request="two", reason="")]


@pytest.mark.parametrize("word", ["j", "ja", "oui", "yep", "1"])
def test_only_y_and_yes_allow(word: str) -> None:
    assert isinstance(command_for(permission("one"), word), Deny)
    assert isinstance(command_for(permission("one"), "Yes"), Approve)
