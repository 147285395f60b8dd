"""The JSON screen: one object per line, the result last."""

import json
from dataclasses import asdict

import click

from agentproxy.app.outcome import Result
from agentproxy.app.show.public_event import public_event
from agentproxy.events.envelope import Event


class JsonScreen:
    def event(self, event: Event) -> None:
        click.echo(json.dumps(public_event(event), ensure_ascii=True))

    def fragment(self, source: str, text: str) -> None:
        """Fragments are only for people."""

    def question(self, text: str) -> None:
        """Programs answer with `pa answer`, `pa approve` and `pa deny`."""

    def answered(self) -> None:
        """Nothing was shown."""

    def result(self, result: Result) -> None:
        click.echo(json.dumps({"kind": "result", **asdict(result)}, ensure_ascii=True))

    def close(self) -> None:
        """Every line is flushed already."""
