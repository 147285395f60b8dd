"""A connection that breaks: what is told after it, and what is told once."""

import asyncio
from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import pytest

from agentproxy.cli.chat.lasting import LastingTalk, Notice
from agentproxy.cli.chat.port import Broken, Message, Talk


def delta(sequence: int, content: str) -> Message:
    return {"type": "text_delta", "sequence": sequence, "content": content}


def event(kind: str, sequence: int, **fields: object) -> Message:
    return {"type": kind, "sequence": sequence, **fields}


@dataclass
class Scripted:
    """Connections that tell what is written here, and then break. The last one stays silent."""

    connections: Sequence[Sequence[Message]]
    place: str = "here"
    opened: list[int] = field(default_factory=list[int])
    sent: list[Message] = field(default_factory=list[Message])
    left: list[Message] = field(default_factory=list[Message])

    @asynccontextmanager
    async def open(self, conversation: str, *, after: int) -> AsyncGenerator[Talk]:
        self.left = list(self.connections[len(self.opened)])
        self.opened.append(after)
        yield self

    async def receive(self) -> Message:
        if self.left:
            return self.left.pop(0)
        if len(self.opened) == len(self.connections):
            await asyncio.Event().wait()
        raise Broken("cut")

    async def send(self, message: Message) -> None:
        self.sent.append(message)


def told(
    *connections: Sequence[Message], sent: str = ""
) -> tuple[list[Message | Notice], Scripted]:
    scripted = Scripted(connections)

    async def story() -> list[Message | Notice]:
        talk = LastingTalk(scripted, "c", after=3, heard_within=0.05)  # type: ignore[arg-type] # nothing else is asked
        if sent:
            await talk.send({"type": "message", "content": sent})
        came: list[Message | Notice] = []
        while True:
            try:
                came.append(await asyncio.wait_for(talk.receive(), 0.2))
            except TimeoutError:
                return came

    return asyncio.run(story()), scripted


def text_of(came: Sequence[Message | Notice]) -> str:
    return "".join(
        str(each["content"]) for each in came if isinstance(each, dict) and "content" in each
    )


def test_it_is_opened_again_behind_the_last_event() -> None:
    came, scripted = told([event("done", 7)], [event("done", 9)])
    assert [each for each in came if isinstance(each, Notice)] == [
        Notice("lost", "cut"),
        Notice("back"),
    ]
    assert scripted.opened == [3, 7]


# The pieces of an answer before and after a loss, and what a person reads.
ANSWERS = [
    ("the rest", [delta(5, "one ")], [delta(5, "one two")], "one two"),
    ("pieces of another size", [delta(5, "one t")], [delta(5, "on"), delta(5, "e two")], "one two"),
    ("all of it was read", [delta(5, "one")], [delta(6, "one"), event("done", 7)], "one"),
    ("another text", [delta(5, "one")], [delta(6, "two")], "onetwo"),
    ("its end was read", [delta(5, "a"), event("done", 6)], [delta(9, "a")], "aa"),
    ("an event in its middle", [delta(5, "a"), event("message_received", 6, content=""),
                                delta(6, "b")], [delta(6, "abc")], "abc"),
    ("a second answer of the turn", [delta(5, "a"), delta(8, "b")], [delta(8, "bc")], "abc"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("before", "after", "read"), [row[1:] for row in ANSWERS], ids=[row[0] for row in ANSWERS]
)
def test_an_answer_is_read_once(before: list[Message], after: list[Message], read: str) -> None:
    came, _ = told(before, after)
    assert text_of(came) == read


def test_what_is_told_again_of_an_event_that_was_cut_off_is_left_out() -> None:
    def part(kind: str, sequence: int, name: str, **fields: object) -> Message:
        return event(kind, sequence, event_id=f"r.10.{name}", **fields)

    text, first = part("text_delta", 9, "rest", content="ab"), part("tool_call", 9, "0")
    came, _ = told(
        [delta(9, "ab") | {"event_id": "r.9.+0"}, first],
        [text, first, part("tool_call", 10, "1")],
        [event("done", 12, event_id="r.12.0")],
    )
    heard = [each for each in came if isinstance(each, dict)]
    assert [each["event_id"] for each in heard] == ["r.9.+0", "r.10.0", "r.10.1", "r.12.0"]


def test_the_text_behind_a_thought_is_told_also_where_the_connection_broke_between_them() -> None:
    def part(kind: str, name: str, content: str, *, sequence: int = 9) -> Message:
        return event(kind, sequence, event_id=f"r.10.{name}", content=content)

    piece = delta(9, "a") | {"event_id": "r.9.+0"}
    thought, rest = part("thinking", "thinking", "hm"), part("text_delta", "rest", "b", sequence=10)
    unbroken, _ = told([piece, thought, rest])
    assert text_of(unbroken) == "ahmb"
    whole = part("text_delta", "rest", "ab", sequence=10)
    came, _ = told([piece, thought], [thought, whole])
    assert text_of(came) == "ahmb"


def test_an_error_between_the_messages_of_an_event_does_not_let_them_be_told_again() -> None:
    first, second = (event("tool_call", 6, event_id=f"r.7.{part}") for part in (0, 1))
    error = event("error", 6, event_id="r.6.error-0a1b")
    came, _ = told([first, error], [first, error | {"event_id": "r.6.error-2c3d"}, first, second])
    heard = [each["event_id"] for each in came if isinstance(each, dict)]
    assert heard == ["r.7.0", "r.6.error-0a1b", "r.6.error-2c3d", "r.7.1"]


def test_a_message_whose_arrival_was_not_told_is_in_doubt() -> None:
    came, _ = told([], [], sent="Hello")
    assert came[-1] == Notice("unsure", "Hello")
    came, _ = told([], [event("message_received", 4, content="Hello")], sent="Hello")
    assert Notice("unsure", "Hello") not in came
