"""A conversation without a person at the keyboard: messages from a pipe or the command line."""

import asyncio
import signal
from collections.abc import AsyncIterator, Generator
from contextlib import contextmanager
from functools import partial

from agentproxy.app.show.lines import RenderedLine
from agentproxy.cli.chat.lasting import LastingTalk, Notice
from agentproxy.cli.chat.paper import Paper
from agentproxy.cli.chat.port import Message, is_told_of
from agentproxy.cli.chat.story import ChatStory
from agentproxy.cli.chat.typed import Local, NotUnderstood, Send, chosen_call
from agentproxy.cli.chat.words import (
    help_lines,
    queue_lines,
    request_lines,
    status_lines,
    unfolded,
)
from agentproxy.cli.failure import INFRASTRUCTURE
from agentproxy.cli.signals import INTERRUPTED, NUMBERS

WAITS = 4  # a person must decide
UNSURE = "the connection was lost, and it is not known whether the message arrived"


class PipedChat:
    """Sends each message when the turn of the one before it is over."""

    def __init__(self, talk: LastingTalk, story: ChatStory, paper: Paper, *, place: str) -> None:
        self._talk = talk
        self._story = story
        self._paper = paper
        self._place = place
        self._interrupted = False

    async def run(self, orders: AsyncIterator[Send | Local]) -> int:
        """Returns the exit code. Raises Unreachable, NotUnderstood."""
        with self._heeding_signals():
            async for order in orders:
                if isinstance(order, Local):
                    if order.word == "quit":
                        break
                    self._tell(order)
                elif code := await self._follow(order.message):
                    return code
                if self._interrupted:
                    return INTERRUPTED
        return self._needs_person() if self._story.plan is not None else 0

    async def _follow(self, message: Message) -> int:
        """Sends a message, and shows what comes of it. Returns an exit code, 0 to go on."""
        await self._talk.send(message)
        kind = message["type"]
        if kind.startswith("toggle_"):
            return await self._until(f"{kind.removeprefix('toggle_')}_changed")
        if kind == "plan_approval":
            decision = "plan_approved" if message["decision"] == "approve" else "plan_rejected"
            code = await self._until(decision)
            no_turn = message["decision"] == "reject" and not message["feedback"]
            return code if code or no_turn else await self._turn(None)
        if kind == "cancel":
            return 0
        return await self._turn(message["content"])

    async def _until(self, kind: str) -> int:
        while True:
            event = await self._next()
            if event["type"] == kind:
                return 0
            if event["type"] == "error" and not self._story.active:
                return INFRASTRUCTURE

    async def _turn(self, content: str | None) -> int:
        """Follows the turn of the message with this content; None is the next message."""
        mine, failed = "", False
        while True:
            event = await self._next()
            kind = event["type"]
            if kind == "message_received" and not mine:
                is_ours = content is None or is_told_of(event["content"], content)
                mine = event["message_id"] if is_ours else ""
            is_mine = bool(mine) and self._story.turn == mine
            # A request of an earlier turn keeps ours from beginning.
            if mine and self._story.requests:
                return self._needs_person()
            if kind == "error" and (is_mine or not (mine or self._story.active)):
                failed = True
                if not mine:
                    return INFRASTRUCTURE
            if kind in ("done", "interrupted") and is_mine:
                if kind == "interrupted" or event.get("cancelled"):
                    return INTERRUPTED
                return INFRASTRUCTURE if failed else 0

    async def _next(self) -> Message:
        while True:
            event = await self._talk.receive()
            if isinstance(event, Notice):
                self._notice(event)
                continue
            self._story.take(event)
            self._paper.event(event, self._story)
            return event

    def _notice(self, notice: Notice) -> None:
        if notice.kind == "unsure":
            raise NotUnderstood(f"{UNSURE}: look with pa chat --resume {self._talk.conversation}")
        words = {"lost": f"the connection is lost: {notice.text}", "back": "connected again"}
        self._paper.line(RenderedLine(words[notice.kind], "unsure"))

    def _needs_person(self) -> int:
        for tools in self._story.requests.values():
            for line in request_lines(tools):
                self._paper.line(line)
        what = "the plan" if self._story.plan is not None else "this"
        text = f"decide on {what} with pa chat --resume {self._talk.conversation}"
        self._paper.line(RenderedLine(text, "unsure"))
        return WAITS

    def _tell(self, order: Local) -> None:
        story = self._story
        match order.word:
            case "status":
                lines = status_lines(story, conversation=self._talk.conversation, place=self._place)
            case "queue":
                lines = queue_lines(story)
            case "expand":
                numbers = [each.number for each in story.folded]
                number = chosen_call(order.rest, numbers)
                lines = unfolded(story.folded[numbers.index(number)])
            case _:
                lines = help_lines()
        for line in lines:
            self._paper.line(line)

    @contextmanager
    def _heeding_signals(self) -> Generator[None]:
        """The first signal stops the turn; a second one, or one between turns, ends the process."""
        loop, task = asyncio.get_running_loop(), asyncio.current_task()
        assert task is not None
        heeded = [each for each in NUMBERS if signal.getsignal(each) is not signal.SIG_IGN]
        before = {number: signal.getsignal(number) for number in heeded}
        sending: set[asyncio.Task[None]] = set()

        def caught(task: "asyncio.Task[object]") -> None:
            if self._interrupted or not self._story.active:
                task.cancel()
            else:
                sending.add(loop.create_task(self._talk.send({"type": "cancel"})))
            self._interrupted = True

        for number in heeded:
            loop.add_signal_handler(number, partial(caught, task))
        try:
            yield
        finally:
            for number, handler in before.items():
                loop.remove_signal_handler(number)
                signal.signal(number, handler)
            for each in sending:
                each.cancel()
