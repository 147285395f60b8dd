"""A text of many pieces is the same text, however they are kept."""

import tracemalloc

import pytest

from agentproxy.text.pieces import BLOCK_BYTES, Pieces


@pytest.mark.parametrize("number", [0, 1, 2, 327])
def test_the_text_is_that_of_all_pieces_in_their_order(number: int) -> None:
    pieces = Pieces("begun, ")
    for each in range(number):
        pieces.add(f"{each} ")
    assert pieces.text == "begun, " + "".join(f"{each} " for each in range(number))
    assert pieces


def test_no_piece_is_no_text() -> None:
    assert not Pieces()
    assert Pieces().text == ""


def test_letters_signs_and_halves_of_pairs_come_out_as_they_came_in() -> None:
    came = ("caf\u00e9", "\r\n", "\U0001f600", "\ud83d", "\ude00", "\x00", "\r")
    pieces = Pieces()
    for each in came:
        pieces.add(each)
    assert pieces.text == "".join(came)


def test_many_pieces_take_less_memory_than_their_text() -> None:
    tracemalloc.start()
    try:
        pieces = Pieces()
        for each in range(6400):
            pieces.add(f"{each:05}")
        kept, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert kept < 0.8 * len(pieces.text)


def test_a_block_that_is_added_copies_none_of_those_before_it() -> None:
    block = "x" * BLOCK_BYTES
    pieces = Pieces(block * 16_384)
    tracemalloc.start()
    try:
        for _ in range(4):
            before, _ = tracemalloc.get_traced_memory()
            tracemalloc.reset_peak()
            pieces.add(block)
            _, most = tracemalloc.get_traced_memory()
            # A list of all blocks takes 128 KB; its place for more of them an eighth of that.
            assert most - before < 48 * 1024
    finally:
        tracemalloc.stop()
    assert pieces.text == block * 16_388
