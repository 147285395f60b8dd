"""What a runner prints of its totals is compared with what it told our reporter."""

import pytest

from agentproxy.evidence.reports.counted_doubts import find_doubt_of_counts
from agentproxy.evidence.reports.report import Counts
from agentproxy.workspace.sandbox.port import Ended

MANY = "9" * 5_000


@pytest.mark.parametrize(
    "said",
    [
        f"1 runs, 1 assertions, {MANY} failures, 0 errors, 0 skips",
        f"1 runs, 1 assertions, 0 failures, {MANY} errors, 0 skips",
        f"1 runs, 1 assertions, 0 failures, 0 errors, {MANY} skips",
        f"{MANY} examples, 0 failures",
    ],
)
def test_totals_that_no_run_has_agree_with_nothing(said: str) -> None:
    ended = Ended("exited", 1, 1.0, said, len(said), "d")
    assert find_doubt_of_counts(ended, [said], [Counts(passed=1)], is_cut=False) is not None
