"""Streams are read less often while the event loop is behind, and at once when it is not."""

from itertools import accumulate, repeat

from agentproxy.models.pace import LONGEST, SHORTEST, next_pace


def after(looks: int, *, late: float, begin: float = 0.0) -> float:
    return list(accumulate(repeat(late, looks), next_pace, initial=begin))[-1]


def test_a_loop_that_is_behind_merges_more_and_more_up_to_a_limit() -> None:
    assert after(1, late=0.02) == SHORTEST
    assert SHORTEST < after(3, late=0.02) < LONGEST
    assert after(50, late=0.02) == LONGEST


def test_a_loop_that_has_time_again_reads_at_once_after_a_while() -> None:
    assert SHORTEST < after(5, late=0.0, begin=LONGEST) < LONGEST
    assert after(50, late=0.0, begin=LONGEST) == 0.0
    assert after(10, late=0.001) == 0.0
