"""How many conversations are at work at once."""

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial

from agentproxy.events.commands import Command, DecidePlan, Redirect, SendMessage
from agentproxy.events.envelope import RunId

BEGINS_WORK = (SendMessage, Redirect, DecidePlan)


class TooManyAtWork(Exception):
    """No other conversation may begin to work now."""

    cure = "send it again when one of them has ended, or raise MAX_ACTIVE_CONVERSATIONS"

    def __init__(self, most: int) -> None:
        super().__init__(f"as many conversations as may be are at work: {most}")


@dataclass(eq=False)
class AtWork:
    """The conversations of users in which something is due, with or without a client.

    What an agent of theirs does belongs to them. Those that an earlier process left at work wait
    for a place in the order of `later`; what it holds is called when there is one.
    """

    most: int
    wake: Callable[[RunId], None]
    runs: set[RunId] = field(default_factory=set[RunId])
    later: dict[RunId, Callable[[], None]] = field(default_factory=dict[RunId, Callable[[], None]])

    def expect(self, run: RunId, command: Command) -> None:
        """Counts a conversation that a command is about to set to work. Raises TooManyAtWork."""
        if not isinstance(command, BEGINS_WORK) or run in self.runs:
            return
        if len(self.runs) >= self.most:
            raise TooManyAtWork(self.most)
        self.runs.add(run)

    def resume(self, run: RunId) -> None:
        """Wakes a conversation as soon as there is a place."""
        self.later[run] = partial(self.wake, run)
        self._wake_next()

    def is_waiting(self, run: RunId) -> bool:
        return run in self.later

    def admit(self, run: RunId, ring: Callable[[], None]) -> bool:
        """Returns whether a loaded conversation may work. Otherwise it waits, and `ring` is called.

        What somebody asks of one that waits, such as an approval, is followed; it gives no place.
        """
        if run not in self.runs and len(self.runs) >= self.most:
            self.later[run] = ring
            return False
        self.later.pop(run, None)
        self.runs.add(run)
        return True

    def end(self, run: RunId) -> None:
        """Nothing is due in the conversation, or nobody works on it any more."""
        self.later.pop(run, None)
        self.runs.discard(run)
        self._wake_next()

    def _wake_next(self) -> None:
        while self.later and len(self.runs) < self.most:
            run = next(iter(self.later))
            ring = self.later.pop(run)
            self.runs.add(run)
            ring()
