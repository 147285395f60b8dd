"""Draws Markdown for a terminal, as fragments of prompt_toolkit."""

import io
from collections.abc import Sequence
from typing import ClassVar

from prompt_toolkit.formatted_text import FormattedText
from rich.color import Color
from rich.console import Console, ConsoleOptions, RenderResult
from rich.markdown import Heading, Markdown, MarkdownElement
from rich.segment import Segment
from rich.style import Style

from agentproxy.cli.cleaning import clean

# Of the terminal's own colours, by their numbers.
NAMES = ("black", "red", "green", "yellow", "blue", "magenta", "cyan", "gray")
BRIGHT = tuple(f"bright{name}" for name in NAMES[:-1])
COLOURS = tuple(f"ansi{name}" for name in (*NAMES, "brightblack", *BRIGHT[1:], "white"))


class _LeftHeading(Heading):
    """A heading where a reader looks for it. The library has them in the middle."""

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        del console, options
        yield self.text


class _Markdown(Markdown):
    elements: ClassVar[dict[str, type[MarkdownElement]]] = {
        **Markdown.elements,
        "heading_open": _LeftHeading,
    }


def draw_markdown(text: str, *, width: int) -> FormattedText:
    """Returns a block of Markdown in lines of at most `width` columns, each with its end."""
    document = _Markdown(text, code_theme="ansi_dark", hyperlinks=False)
    for token in document.parsed:
        for part in token.children or ():
            # Who answers in lines means lines.
            if part.type == "softbreak":
                part.type = "hardbreak"
    console = Console(file=io.StringIO(), width=width, force_terminal=True, legacy_windows=False)
    lines = [list(_line(line)) for line in console.render_lines(document, pad=False)]
    while lines and not lines[0]:
        del lines[0]
    while lines and not lines[-1]:
        del lines[-1]
    return FormattedText([part for line in lines for part in (*line, ("", "\n"))])


def _line(line: Sequence[Segment]) -> Sequence[tuple[str, str]]:
    """Returns the fragments of a line without the blanks at its end."""
    # Cleaned here, since Markdown has names for characters: &#27; is an escape.
    found = [(_style(style), clean(text)) for text, style, control in line if not control]
    while found and not found[-1][1].strip():
        found.pop()
    if found:
        style, text = found[-1]
        found[-1] = (style, text.rstrip())
    return found


def _style(style: Style | None) -> str:
    if style is None:
        return ""
    words = [name for name in ("bold", "italic", "underline", "strike") if getattr(style, name)]
    if style.color is not None and (colour := _colour(style.color)):
        words.append(colour)
    return " ".join(words)


def _colour(color: Color) -> str:
    return COLOURS[color.number] if color.number is not None and color.number < 16 else ""
