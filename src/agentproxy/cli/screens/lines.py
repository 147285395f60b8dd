"""One JSON object a line: every event as it is, and the result at last."""

import json
from dataclasses import asdict

import click

from agentproxy.app.outcome import Result
from agentproxy.app.show.public_event import public_event
from agentproxy.events.envelope import Event


class JsonScreen:
    """For programs: what they read is the journal."""

    def event(self, event: Event) -> None:
        """A line."""
        click.echo(json.dumps(public_event(event), ensure_ascii=True))

    def fragment(self, source: str, text: str) -> None:
        """Fragments are for eyes."""

    def question(self, text: str) -> None:
        """Programs answer by `pa answer`, `pa approve` and `pa deny`."""

    def answered(self) -> None:
        """Nothing was shown."""

    def result(self, result: Result) -> None:
        """The last line: `kind` is "result"."""
        click.echo(json.dumps({"kind": "result", **asdict(result)}, ensure_ascii=True))

    def close(self) -> None:
        """Every line was written when it came."""
