"""A text of many pieces is the same text, however they are kept."""

import tracemalloc

import pytest

from agentproxy.text.pieces import TOGETHER, Pieces


@pytest.mark.parametrize("number", [0, 1, TOGETHER - 1, TOGETHER, 5 * TOGETHER + 7])
def test_the_text_is_that_of_all_pieces_in_their_order(number: int) -> None:
    pieces = Pieces("begun, ")
    for each in range(number):
        pieces.add(f"{each} ")
    assert pieces.text == "begun, " + "".join(f"{each} " for each in range(number))
    assert pieces


def test_no_piece_is_no_text() -> None:
    assert not Pieces()
    assert Pieces().text == ""


def test_many_pieces_take_little_more_memory_than_their_text() -> None:
    tracemalloc.start()
    try:
        pieces = Pieces()
        for each in range(100 * TOGETHER):
            pieces.add(f"{each:05}")
        kept, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert kept < 2 * len(pieces.text)
