"""The protocol of a screen."""

from typing import Protocol

from agentproxy.app.outcome import Result
from agentproxy.events.envelope import Event


class Screen(Protocol):
    """No method may raise because of a worker's output."""

    def event(self, event: Event) -> None: ...

    def fragment(self, source: str, text: str) -> None:
        """May drop it."""
        ...

    def question(self, text: str) -> None: ...

    def answered(self) -> None:
        """Nothing is asked any more."""
        ...

    def result(self, result: Result) -> None: ...

    def close(self) -> None: ...
