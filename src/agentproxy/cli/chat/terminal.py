"""A conversation with a person at the keyboard."""

import asyncio
import signal
from asyncio import FIRST_COMPLETED
from collections.abc import Sequence

from prompt_toolkit.application import Application
from prompt_toolkit.buffer import Buffer
from prompt_toolkit.document import Document
from prompt_toolkit.key_binding import KeyBindings, KeyPressEvent

from agentproxy.app.show.lines import RenderedLine
from agentproxy.cli.chat.drawing import ChatScreen, make_application
from agentproxy.cli.chat.lasting import LastingTalk, Notice
from agentproxy.cli.chat.port import Message, Talks, Unreachable
from agentproxy.cli.chat.story import ChatStory
from agentproxy.cli.chat.typed import (
    HINT,
    Local,
    NotUnderstood,
    Send,
    chosen_call,
    read_answer,
    read_line,
)
from agentproxy.cli.chat.words import (
    folded,
    help_lines,
    lines_of,
    queue_lines,
    request_lines,
    status_lines,
    unfolded,
)
from agentproxy.cli.signals import INTERRUPTED

LEAVING = 5.0  # seconds, for what was entered just before
EARLIER = 12  # messages that are shown of a conversation that is resumed
ENDINGS = (signal.SIGTERM, signal.SIGHUP)
NOTICES = {
    "lost": "the connection is lost, and is opened again: {}",
    "back": "connected again",
    "unsure": "it is not known whether this arrived: {}",
}


class TerminalChat:
    """Shows what happens above one line of input, which is always there."""

    def __init__(self, talks: Talks, talk: LastingTalk, story: ChatStory) -> None:
        self._talks = talks
        self._talk = talk
        self._story = story
        self._board = ChatScreen(story)
        self._outbox: asyncio.Queue[Message] = asyncio.Queue()
        self._asked = ""  # the request that the person is asked about
        self._draft = ""  # what was typed before the request was shown
        self._failure: Unreachable | None = None
        self._application: Application[int] = make_application(
            self._board, accept=self._accept, keys=self._keys()
        )

    async def run(self, messages: Sequence[Message]) -> int:
        """Returns the exit code. Raises Unreachable."""
        self._greet(messages)
        self._ask_next()
        loop = asyncio.get_running_loop()
        for number in ENDINGS:
            loop.add_signal_handler(number, self._exit, INTERRUPTED)
        works = [asyncio.create_task(self._read()), asyncio.create_task(self._write())]
        try:
            code = await self._application.run_async()
        except EOFError:  # the terminal is gone
            code = INTERRUPTED
        finally:
            await self._drain(*works)
            for work in works:
                work.cancel()
            await asyncio.wait(works)
            for number in ENDINGS:
                loop.remove_signal_handler(number)
        if self._failure is not None:
            raise self._failure
        self._say_farewell()
        return code

    async def _read(self) -> None:
        try:
            while True:
                event = await self._talk.receive()
                if isinstance(event, Notice):
                    text = NOTICES[event.kind].format(event.text)
                    self._board.print([RenderedLine(text, "unsure")])
                else:
                    self._take(event)
        except Unreachable as error:
            self._failure = error
            self._exit(error.code)

    async def _write(self) -> None:
        while True:
            await self._talk.send(await self._outbox.get())
            self._outbox.task_done()

    async def _drain(self, *works: "asyncio.Task[None]") -> None:
        """Waits a little until what was entered has arrived."""
        arriving = asyncio.create_task(self._arrive())
        await asyncio.wait({arriving, *works}, timeout=LEAVING, return_when=FIRST_COMPLETED)
        if not arriving.done():
            arriving.cancel()
            text = "it is not known whether what was entered last has arrived"
            self._board.print([RenderedLine(text, "unsure")])

    async def _arrive(self) -> None:
        await self._outbox.join()
        await self._talk.heard()

    def _take(self, event: Message) -> None:
        story, kind = self._story, event["type"]
        story.take(event)
        if (thought := story.new_thought()) is not None:
            self._board.print([folded(thought)])
        if kind == "text_delta":
            self._board.stream(str(event["content"]))
            return
        if kind in ("tool_call", "tool_result", "done", "interrupted", "error", "turn_started"):
            self._board.end_answer()
        if kind == "turn_started":
            self._board.print_message(str(event["content"]))
        self._board.print(lines_of(event, story))
        self._ask_next()

    def _ask_next(self) -> None:
        """Asks about the first open request, or takes a question back that was answered."""
        if self._asked in self._story.requests:
            return
        buffer = self._application.current_buffer
        waiting = next(iter(self._story.requests), "")
        if waiting and not self._asked:
            # What was typed before it was shown is no answer to it.
            self._draft = buffer.text
            buffer.reset()
        elif self._asked and not waiting:
            buffer.reset(Document(self._draft, len(self._draft)))
        self._asked = waiting
        self._board.asks = bool(waiting)
        if waiting:
            self._board.end_answer()
            self._board.print(request_lines(self._story.requests[waiting]))
            self._board.print([RenderedLine(HINT, "quiet")])
        self._application.invalidate()

    def _accept(self, buffer: Buffer) -> bool:
        """Takes the line that was entered. Returns whether it stays."""
        text = buffer.text
        try:
            if self._asked:
                self._answer(text)
                return not self._asked  # what was typed before is there again
            feedback, self._board.feedback = self._board.feedback, False
            if text.strip():
                self._follow(read_line(text.rstrip(), self._story, feedback=feedback))
        except NotUnderstood as error:
            self._board.print([RenderedLine(str(error), "unsure")])
        return False

    def _answer(self, text: str) -> None:
        request = self._asked
        self._outbox.put_nowait(read_answer(text, request).message)
        self._story.answered(request)
        self._ask_next()

    def _follow(self, order: Send | Local) -> None:
        if isinstance(order, Send):
            if order.message["type"] == "cancel":
                self._stop()
            else:
                self._talk.entered |= order.message["type"] in ("message", "interrupt")
                self._outbox.put_nowait(order.message)
            return
        match order.word:
            case "quit":
                self._exit(0)
            case "expand":
                shown = self._story.folded
                numbers = [each.number for each in shown]
                lines = unfolded(shown[numbers.index(chosen_call(order.rest, numbers))])
                self._board.print(lines)
            case "status":
                place, conversation = self._talks.place, self._talk.conversation
                self._board.print(status_lines(self._story, conversation=conversation, place=place))
            case "queue":
                self._board.print(queue_lines(self._story))
            case _:
                self._board.print(help_lines())

    def _stop(self) -> None:
        """Ends the turn and those that wait, and asks for feedback."""
        story = self._story
        if not story.active and not story.waiting:
            self._board.print([RenderedLine("no turn is under way", "quiet")])
            return
        if story.waiting:
            text = "the messages that wait are read with your next one"
            self._board.print([RenderedLine(text, "quiet")])
        for _ in range(len(story.waiting) + story.active):
            self._outbox.put_nowait({"type": "cancel"})
        self._board.feedback = True

    def _press_stop(self, event: KeyPressEvent) -> None:
        buffer = event.current_buffer
        if self._story.active and not self._board.feedback:
            self._stop()
        elif buffer.text or self._board.feedback:
            buffer.reset()
            self._board.feedback = False
        else:
            self._board.print([RenderedLine("Ctrl+D or /quit leaves", "quiet")])

    def _press_end(self, event: KeyPressEvent) -> None:
        if event.current_buffer.text:
            event.current_buffer.delete()
        else:
            self._exit(0)

    def _keys(self) -> KeyBindings:
        keys = KeyBindings()
        for pressed in ("c-c", "<sigint>"):
            keys.add(pressed)(self._press_stop)
        keys.add("c-d")(self._press_end)
        keys.add("escape", "enter")(_begin_line)
        keys.add("c-z")(_suspend)
        return keys

    def _exit(self, code: int) -> None:
        if self._application.is_running and not self._application.is_done:
            self._board.end_answer()
            self._application.exit(result=code)

    def _greet(self, messages: Sequence[Message]) -> None:
        title = f"conversation {self._talk.conversation}, {self._talks.place}"
        self._board.print(
            [RenderedLine(title, "quiet"), RenderedLine("/help lists commands", "quiet")]
        )
        if len(messages) > EARLIER:
            text = f"({len(messages) - EARLIER} earlier messages)"
            self._board.print([RenderedLine(text, "quiet")])
        for message in messages[-EARLIER:]:
            if message["role"] == "user":
                self._board.print_message(message["content"])
            else:
                self._board.print_answer(str(message["content"]))
        if self._story.plan is not None:
            self._board.print(
                lines_of({"type": "plan_ready", "plan": self._story.plan}, self._story)
            )

    def _say_farewell(self) -> None:
        story = self._story
        if not (self._talk.entered or story.turn or story.waiting or story.active):
            return
        goes_on = story.active and self._talks.goes_on and not story.requests
        what = "the turn goes on; " if goes_on else ""
        text = f"{what}pa chat --resume {self._talk.conversation} comes back"
        self._board.print([RenderedLine(text, "quiet")])


def _begin_line(event: KeyPressEvent) -> None:
    event.current_buffer.insert_text("\n")


def _suspend(event: KeyPressEvent) -> None:
    event.app.suspend_to_background()
