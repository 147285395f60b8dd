"""How many conversations are at work at once."""

from collections.abc import Callable
from dataclasses import dataclass, field

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
    for a place in the order of `later`.
    """

    most: int
    wake: Callable[[RunId], None]
    runs: set[RunId] = field(default_factory=set[RunId])
    later: dict[RunId, None] = field(default_factory=dict[RunId, None])

    def expect(self, run: RunId, command: Command) -> None:
        """Counts a conversation that a command is about to set to work. Raises TooManyAtWork."""
        if not isinstance(command, BEGINS_WORK) or run in self.runs:
            return
        if len(self.runs) >= self.most:
            raise TooManyAtWork(self.most)
        self.runs.add(run)

    def resume(self, run: RunId) -> None:
        """Wakes a conversation as soon as there is a place."""
        self.later[run] = None
        self._wake_next()

    def is_waiting(self, run: RunId) -> bool:
        return run in self.later

    def begin(self, run: RunId) -> None:
        self.later.pop(run, None)
        self.runs.add(run)

    def end(self, run: RunId) -> None:
        self.runs.discard(run)
        self._wake_next()

    def _wake_next(self) -> None:
        while self.later and len(self.runs) < self.most:
            run = next(iter(self.later))
            self.begin(run)
            self.wake(run)
