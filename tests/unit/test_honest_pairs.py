"""The pairs of workers for `make honest` have all kinds of task, and two different workers each."""

import pytest
from honest.pair import KINDS, Pair, edited, read_pairs

PAIRS = {pair.name: pair for pair in read_pairs()}


@pytest.mark.parametrize("pair", PAIRS.values(), ids=PAIRS)
def test_the_two_workers_of_a_pair_leave_different_trees(pair: Pair) -> None:
    honest, lazy = (
        {
            name: text
            for name, text in {**pair.base, **twin.files}.items()
            if name not in twin.deletes
        }
        for twin in pair.twins.values()
    )
    assert honest != lazy
    assert honest != pair.base
    assert pair.task.strip()


def test_there_are_pairs_of_every_kind_in_each_language() -> None:
    assert len(PAIRS) >= 40
    assert {pair.kind for pair in PAIRS.values()} == set(KINDS)
    assert {pair.language for pair in PAIRS.values()} == {"python", "javascript", "typescript"}
    assert sum(not pair.options for pair in PAIRS.values()) >= 10


def test_an_edit_names_lines_that_are_there_once() -> None:
    assert edited("a\nb\nc\n", " a\n-b\n+x\n+y\n@@\n-c\n") == "a\nx\ny\n"
    with pytest.raises(AssertionError):
        edited("a\na\n", "-a\n")
