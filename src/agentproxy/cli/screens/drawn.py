"""The drawn screen: events scroll by above a live region."""

import time
from collections import deque

from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.padding import Padding
from rich.panel import Panel
from rich.rule import Rule
from rich.spinner import Spinner
from rich.text import Text

from agentproxy.app.outcome import Result
from agentproxy.app.show.lines import Tone
from agentproxy.app.show.render import render
from agentproxy.cli.cleaning import clean
from agentproxy.cli.screens.plain import cost, diff_tone, tone_of
from agentproxy.events.check import CheckFinished, CheckStarted
from agentproxy.events.envelope import Event
from agentproxy.events.git_facts import EnvironmentBuildStarted, EnvironmentBuilt
from agentproxy.events.work import WorkerEnded, WorkerStarted

STYLES: dict[Tone, str] = {
    "plain": "",
    "quiet": "dim",
    "good": "green",
    "bad": "red",
    "unsure": "yellow",
    "loud": "bold",
}
LAST_LINES = 5
MAX_LINE_LENGTH = 400


class DrawnScreen:
    def __init__(self) -> None:
        self._console = Console(highlight=False)
        self._asked = ""
        self._under_way: dict[str, float] = {}
        self._tails: dict[str, deque[str]] = {}
        self._spinner = Spinner("dots")
        self._live = Live(
            get_renderable=self._draw,
            console=self._console,
            refresh_per_second=10,
            transient=True,
        )
        self._live.start()

    def event(self, event: Event) -> None:
        self._note(event)
        if isinstance(event.fact, CheckStarted | EnvironmentBuildStarted):  # the live region has it
            return
        if self._asked:
            self._console.print()
        for words in render(event):
            if words.tone == "loud" and words.indent == 0:
                self._console.print()
            text = Text(clean(words.text), style=STYLES[words.tone])
            self._console.print(Padding(text, (0, 0, 0, 2 * words.indent)))
        if self._asked:
            self._prompt()

    def fragment(self, source: str, text: str) -> None:
        tail = self._tails.setdefault(source, deque(maxlen=LAST_LINES))
        for line in clean(text).splitlines():
            if line.strip():
                tail.append(line[:MAX_LINE_LENGTH])

    def question(self, text: str) -> None:
        self._live.stop()
        self._asked = text
        self._prompt()

    def answered(self) -> None:
        self._asked = ""
        self._live.start()

    def result(self, result: Result) -> None:
        self._live.stop()
        lines = clean(result.diff).splitlines()
        if lines:
            self._console.print(Rule(style="dim"))
        for line in lines:
            self._console.print(Text("  " + line, style=STYLES[diff_tone(line)]))
        style = STYLES[tone_of(result.exit_code)]
        body = Text.assemble(
            (result.verdict.upper(), f"bold {style}"),
            f"   run {result.run}, {result.seconds:.1f} s{cost(result)}\n{clean(result.reason)}",
            *(f"\n{hint}" for hint in result.hints),
        )
        self._console.print(Panel(body, border_style=style or "dim", expand=False))

    def close(self) -> None:
        self._live.stop()

    def _prompt(self) -> None:
        self._console.print(Text(self._asked, style="bold yellow"), end="")

    def _note(self, event: Event) -> None:
        fact = event.fact
        match fact:
            case CheckStarted():
                self._under_way[f"{fact.check} on {fact.on}"] = time.monotonic()
            case CheckFinished():
                self._forget(f"{fact.check} on {fact.on}")
            case EnvironmentBuildStarted():
                self._under_way[f"environment for {fact.on}"] = time.monotonic()
            case EnvironmentBuilt():
                self._forget(f"environment for {fact.on}")
            case WorkerStarted():
                self._under_way["worker"] = time.monotonic()
            case WorkerEnded():
                self._forget("worker")
            case _:
                pass

    def _forget(self, source: str) -> None:
        self._under_way.pop(source, None)
        self._tails.pop(source, None)

    def _draw(self) -> RenderableType:
        rows: list[RenderableType] = []
        for source, since in self._under_way.items():
            self._spinner.update(
                text=Text(f"{source}  {time.monotonic() - since:.0f} s", style="cyan")
            )
            rows.append(self._spinner.render(time.monotonic()))
            rows += [
                Text("    " + line, style="dim", no_wrap=True, overflow="ellipsis")
                for line in self._tails.get(source, ())
            ]
        return Group(*rows)
