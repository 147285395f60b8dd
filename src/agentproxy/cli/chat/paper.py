"""Writes a conversation for a pipe: as text, or as one JSON object per line."""

import json
import sys
from typing import Protocol

import click

from agentproxy.app.show.lines import RenderedLine
from agentproxy.cli.chat.port import Message
from agentproxy.cli.chat.story import ChatStory
from agentproxy.cli.chat.words import folded, lines_of
from agentproxy.cli.cleaning import clean
from agentproxy.cli.screens.plain import STYLES


class Paper(Protocol):
    def event(self, message: Message, story: ChatStory) -> None: ...

    def line(self, line: RenderedLine) -> None:
        """Says something to the person, beside the answer."""
        ...


class TextPaper:
    """The answer goes to standard output, everything else to standard error."""

    def __init__(self) -> None:
        self._in_line = False

    def event(self, message: Message, story: ChatStory) -> None:
        kind = message["type"]
        if (thought := story.new_thought()) is not None:
            self.line(folded(thought))
        if kind == "text_delta":
            text = clean(message["content"])
            click.echo(text, nl=False)
            sys.stdout.flush()
            self._in_line = not text.endswith("\n")
        elif kind in ("tool_call", "tool_result", "done", "interrupted", "error"):
            self._end_line()
        for line in lines_of(message, story):
            self.line(line)

    def line(self, line: RenderedLine) -> None:
        self._end_line()
        text = "  " * line.indent + clean(line.text)
        click.echo(click.style(text, **STYLES[line.tone]), err=True)  # type: ignore[arg-type]

    def _end_line(self) -> None:
        if self._in_line:
            click.echo()
            self._in_line = False


class JsonPaper:
    def event(self, message: Message, story: ChatStory) -> None:
        del story
        click.echo(json.dumps(message, ensure_ascii=True))

    def line(self, line: RenderedLine) -> None:
        click.echo(clean(line.text), err=True)
