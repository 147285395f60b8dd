"""How long a piece of work keeps this process busy."""

import time
from collections.abc import Callable


def seconds_for(work: Callable[[], object]) -> float:
    """The time of this process for some work; the least of five tries."""
    took: list[float] = []
    for _ in range(5):
        began = time.process_time()
        work()
        took.append(time.process_time() - began)
    return min(took)
