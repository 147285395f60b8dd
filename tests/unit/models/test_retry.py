"""How long is waited between two tries."""

import pytest

from agentproxy.models.metered import MAX_WAIT_SECONDS, Retry
from agentproxy.models.port import ModelUnavailable


@pytest.mark.parametrize(
    ("attempt", "least", "most"),
    [(0, 1.0, 2.0), (1, 2.0, 3.0), (2, 4.0, 5.0), (4, 16.0, 17.0), (5, 30.0, 30.0)],
)
def test_a_pause_doubles_with_a_part_by_chance_and_has_a_limit(
    attempt: int, least: float, most: float
) -> None:
    retry = Retry()
    assert (retry.tries, retry.base, retry.maximum) == (3, 1.0, 30.0)
    pauses = {retry.pause(attempt, ModelUnavailable("busy")) for _ in range(50)}
    assert least <= min(pauses) <= max(pauses) <= most
    assert (len(pauses) > 1) is (least < most), "two clients do not come back together"


def test_a_longer_wait_of_the_vendor_counts_up_to_a_limit() -> None:
    retry = Retry(base=0.0, maximum=0.0)
    assert retry.pause(0, ModelUnavailable("busy", after=7.0)) == 7.0
    assert retry.pause(0, ModelUnavailable("busy", after=1e6)) == MAX_WAIT_SECONDS
