"""Draws a conversation with prompt_toolkit: text above, one line of input below."""

import os
from collections.abc import Callable, Sequence

from prompt_toolkit.application import Application
from prompt_toolkit.application.current import get_app_or_none
from prompt_toolkit.buffer import Buffer
from prompt_toolkit.filters import Condition
from prompt_toolkit.formatted_text import FormattedText
from prompt_toolkit.history import InMemoryHistory
from prompt_toolkit.key_binding import KeyBindings
from prompt_toolkit.layout import ConditionalContainer, HSplit, Layout, Window
from prompt_toolkit.layout.controls import FormattedTextControl
from prompt_toolkit.output import ColorDepth, Output
from prompt_toolkit.output.defaults import create_output
from prompt_toolkit.renderer import print_formatted_text
from prompt_toolkit.styles import DummyStyleTransformation, Style
from prompt_toolkit.widgets import TextArea

from agentproxy.app.show.lines import RenderedLine, Tone
from agentproxy.cli.chat.markdown.blocks import MarkdownBlocks
from agentproxy.cli.chat.story import ChatStory
from agentproxy.cli.chat.words import one_line
from agentproxy.cli.cleaning import clean

STYLES: dict[Tone, str] = {
    "plain": "",
    "quiet": "ansibrightblack",
    "good": "ansigreen",
    "bad": "ansired",
    "unsure": "ansiyellow",
    "loud": "bold",
}
SHOWN_WAITING = 3  # messages
REDRAW_SECONDS = 0.02
PROMPT, FEEDBACK, APPROVAL = "> ", "feedback> ", "allow? (y/n/r) "


class ChatScreen:
    """What is drawn. Whole lines scroll up; the line that grows is drawn above the input."""

    def __init__(self, story: ChatStory) -> None:
        self.asks = False
        self.feedback = False
        self._story = story
        self._blocks = MarkdownBlocks()
        self._begun = False  # a block of the present answer is drawn

    @property
    def prompt(self) -> FormattedText:
        text = APPROVAL if self.asks else FEEDBACK if self.feedback else PROMPT
        return FormattedText([("bold", text)])

    @property
    def growing(self) -> FormattedText:
        application = get_app_or_none()
        size = application.output.get_size() if application else None
        # Its beginning may scroll out of sight until it is whole.
        rows = max(size.rows // 2, 1) if size else 10
        room = (size.columns if size else 80) * rows
        lines = self._blocks.growing[-room:].split("\n")
        return FormattedText([("", "\n".join(lines[-rows:]))])

    @property
    def status(self) -> FormattedText:
        story = self._story
        running = ", ".join(
            f"{call.tool} {one_line(str(next(iter(call.input.values()), '')))}"
            for call in story.running.values()
        )
        doing = running or ("thinking" if story.thinks else "at work")
        rows = [f"... {doing}  (Ctrl+C stops)"] if story.active and not self.asks else []
        texts = list(story.waiting.values()) if story.active else []
        rows += [f"waits: {one_line(text)}" for text in texts[:SHOWN_WAITING]]
        if len(texts) > SHOWN_WAITING:
            rows.append(f"and {len(texts) - SHOWN_WAITING} more wait: /queue")
        return FormattedText([(STYLES["quiet"], clean("\n".join(rows)))])

    def stream(self, text: str) -> None:
        self._put_blocks(self._blocks.feed(clean(text)))

    def end_answer(self) -> None:
        self._put_blocks(self._blocks.end())
        self._begun = False

    def print_answer(self, text: str) -> None:
        """Draws an answer that is there as a whole."""
        self.stream(text)
        self.end_answer()

    def print(self, lines: Sequence[RenderedLine]) -> None:
        self._put([(STYLES[line.tone], "  " * line.indent + clean(line.text)) for line in lines])

    def print_message(self, text: str) -> None:
        self._put([("bold", f"{PROMPT}{clean(text)}")])

    def _put_blocks(self, blocks: Sequence[str]) -> None:
        application = get_app_or_none()
        output = application.output if application else create_output()
        drawn: list[tuple[str, str]] = []
        for block in blocks:
            drawn += [("", "\n")] if self._begun else []
            drawn += _draw(block, width=output.get_size().columns)
            self._begun = True
        self._put_fragments(drawn)

    def _put(self, lines: Sequence[tuple[str, str]]) -> None:
        self._put_fragments([(style, f"{line}\n") for style, line in lines])

    def _put_fragments(self, fragments: Sequence[tuple[str, str]]) -> None:
        application = get_app_or_none()
        shown = FormattedText([*fragments])
        if application is None or not application.is_running:
            _write(create_output(), shown)
            return
        if fragments:
            # The library's own way leaves raw mode for a moment, and loses what is typed then.
            application.renderer.erase()
            _write(application.output, shown)
        application.invalidate()


def _draw(block: str, *, width: int) -> Sequence[tuple[str, str]]:
    if os.environ.get("TERM") in (None, "", "dumb", "unknown"):
        return [("", f"{block}\n")]
    # It takes a tenth of a second to import, and the first answer takes longer.
    from agentproxy.cli.chat.markdown.drawn import draw_markdown

    return [(str(style), text) for style, text, *_ in draw_markdown(block, width=width)]


def _write(output: Output, fragments: FormattedText) -> None:
    depth = ColorDepth.from_env() or output.get_default_color_depth()
    no_change = DummyStyleTransformation()
    print_formatted_text(output, fragments, Style([]), no_change, depth)
    output.flush()


def make_application(
    board: ChatScreen, *, accept: Callable[[Buffer], bool], keys: KeyBindings
) -> Application[int]:
    growing = Window(
        FormattedTextControl(lambda: board.growing), wrap_lines=True, dont_extend_height=True
    )
    status = Window(
        FormattedTextControl(lambda: board.status), wrap_lines=False, dont_extend_height=True
    )
    line = TextArea(
        prompt=lambda: board.prompt,
        multiline=False,
        wrap_lines=True,
        history=InMemoryHistory(),
        accept_handler=accept,
        dont_extend_height=True,
    )
    rows = [
        ConditionalContainer(growing, Condition(lambda: bool(board.growing[0][1]))),
        ConditionalContainer(status, Condition(lambda: bool(board.status[0][1]))),
        line,
    ]
    return Application(
        layout=Layout(HSplit(rows), focused_element=line),
        key_bindings=keys,
        erase_when_done=True,
        min_redraw_interval=REDRAW_SECONDS,
    )
