"""A conversation of 400 turns: what it stores and what its turns cost grow with it, no faster."""

import sqlite3
from collections.abc import Callable
from contextlib import closing
from itertools import pairwise
from pathlib import Path

import pytest
from support.answers import Reply
from support.chats import Served, serving

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]
TURNS = 400
ANSWER = "a line of an answer, with some words\n" * 50


def stored(server: Served) -> int:
    """Returns the bytes of all events."""
    journal = server.folder.parent / "home" / "journal.sqlite3"
    with closing(sqlite3.connect(journal)) as connection:
        return int(connection.execute("SELECT sum(length(data)) FROM events").fetchone()[0])


def cpu(server: Served) -> int:
    """Returns the CPU time of the server, in ticks."""
    fields = Path(f"/proc/{server.process.pid}/stat").read_text().rsplit(")", 1)[1].split()
    return int(fields[11]) + int(fields[12])


def test_the_second_half_of_400_turns_stores_as_much_as_the_first_and_costs_no_square(
    tmp_path: Path,
) -> None:
    with serving(tmp_path) as server:
        server.script("Turn 1 ", *(Reply(text=(ANSWER,), usage=(10, 5)) for _ in range(TURNS)))
        measures: tuple[Callable[[Served], int], ...] = (stored, cpu)
        marks: list[list[int]] = []
        with server.talk(server.new()) as talk:
            for turn in range(1, TURNS + 1):
                if turn == 1 or turn == TURNS // 2 + 1:
                    marks.append([measure(server) for measure in measures])
                talk.ask(f"Turn {turn} of many")
        marks.append([measure(server) for measure in measures])
        sent = [len(body["messages"]) for body in server.scripts.asked["Turn 1 "]]
    assert sent == list(range(1, 2 * TURNS, 2)), "every turn sends the whole conversation"
    first, second = (
        [after - before for before, after in zip(*pair, strict=True)] for pair in pairwise(marks)
    )
    assert second[0] <= 1.2 * first[0]
    # A cost that grows with the turns is three times as high in the second half; its square, seven.
    assert second[1] <= 3 * first[1]
