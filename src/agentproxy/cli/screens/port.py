"""What a screen is: it is told events and fragments, and says the result at the end."""

from typing import Protocol

from agentproxy.app.outcome import Result
from agentproxy.events.envelope import Event


class Screen(Protocol):
    """Shows one run. Nothing that it does may raise for what a worker printed."""

    def event(self, event: Event) -> None:
        """Something happened."""
        ...

    def fragment(self, source: str, text: str) -> None:
        """Output as it comes; may be dropped."""
        ...

    def question(self, text: str) -> None:
        """A human is asked at this terminal."""
        ...

    def answered(self) -> None:
        """Nothing is asked any more."""
        ...

    def result(self, result: Result) -> None:
        """How it stands."""
        ...

    def close(self) -> None:
        """Leave the terminal as it was."""
        ...
