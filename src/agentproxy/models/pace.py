"""How often the streams of a process are read: at once, or less often while it is behind.

What has come meanwhile is read, shown and sent together. So a process with more fragments than it
has time for merges them, and what waits stays short.
"""

import asyncio
from dataclasses import dataclass

LOOK_SECONDS = 0.05
LATE = 0.004  # seconds that the event loop may be behind
SHORTEST = 0.01  # a shorter wait merges nothing
LONGEST = 0.14  # text that comes seven times a second still flows
OF_LATE = 9  # times as late as the loop is: who is a little late waits a little


def next_pace(seconds: float, late: float) -> float:
    """Returns the seconds between two reads, from those until now and how late the loop is."""
    if late > LATE:
        return min(max(seconds * 1.5, SHORTEST), LONGEST, late * OF_LATE)
    shorter = seconds * 0.85
    return shorter if shorter >= SHORTEST else 0.0


@dataclass
class Pace:
    """The pace of all streams of one event loop. It looks at the loop while there are any."""

    seconds: float = 0.0  # to wait before the next read of a stream
    _streams: int = 0
    _late: float = 0.0  # on average
    _timer: asyncio.TimerHandle | None = None

    def __enter__(self) -> None:
        """Counts a stream, until the block is left."""
        self._streams += 1
        if self._timer is None:
            self._plan()

    def __exit__(self, *error: object) -> None:
        self._streams -= 1

    def _plan(self) -> None:
        loop = asyncio.get_running_loop()
        due = loop.time() + LOOK_SECONDS
        self._timer = loop.call_at(due, self._look, due)

    def _look(self, due: float) -> None:
        self._timer = None
        late = asyncio.get_running_loop().time() - due
        # One late look may be somebody else's fault.
        self._late += (late - self._late) / 4
        self.seconds = next_pace(self.seconds, self._late)
        if self._streams or self.seconds:
            self._plan()
