"""The plain screen: lines for logs and pipes."""

import sys

import click

from agentproxy.app.outcome import Result
from agentproxy.app.show.lines import Tone
from agentproxy.app.show.render import render
from agentproxy.cli.cleaning import clean
from agentproxy.events.envelope import Event

STYLES: dict[Tone, dict[str, str | bool]] = {
    "plain": {},
    "quiet": {"dim": True},
    "good": {"fg": "green"},
    "bad": {"fg": "red"},
    "unsure": {"fg": "yellow"},
    "loud": {"bold": True},
}


class PlainScreen:
    def event(self, event: Event) -> None:
        for words in render(event):
            styled = click.style("  " * words.indent + clean(words.text), **STYLES[words.tone])  # type: ignore[arg-type]
            click.echo(styled)

    def fragment(self, source: str, text: str) -> None:
        """Not shown: output that changes in place needs a drawn screen."""

    def question(self, text: str) -> None:
        # On standard error the prompt does not get into a pipe.
        click.echo(text, err=True, nl=False)

    def answered(self) -> None:
        """Nothing was stopped."""

    def result(self, result: Result) -> None:
        for line in clean(result.diff).splitlines():
            click.echo("  " + click.style(line, **STYLES[diff_tone(line)]))  # type: ignore[arg-type]
        word = click.style(result.verdict, bold=True, **STYLES[tone_of(result.exit_code)])  # type: ignore[arg-type]
        head = f"{word}  run {result.run}, {result.seconds:.1f} s{cost(result)}"
        click.echo(f"{head}: {clean(result.reason)}")
        for hint in result.hints:
            click.echo(f"  {hint}")

    def close(self) -> None:
        sys.stdout.flush()


def cost(result: Result) -> str:
    money = f", ${result.usd:.4f}" if result.usd else ""
    unknown = ", ".join(result.unpriced)
    return money + (f", plus {unknown} at an unknown price" if unknown else "")


def diff_tone(line: str) -> Tone:
    if line.startswith(("+++", "---", "diff ", "index ")):
        return "quiet"
    tones: dict[str, Tone] = {"+": "good", "-": "bad", "@": "unsure"}
    return tones.get(line[:1], "plain")


def tone_of(exit_code: int) -> Tone:
    tones: dict[int, Tone] = {0: "good", 1: "bad", 2: "bad", 6: "bad"}
    return tones.get(exit_code, "unsure")
