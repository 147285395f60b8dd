"""A connection that is opened again when it breaks. Nothing is lost or told twice."""

import asyncio
import time
from contextlib import AsyncExitStack
from dataclasses import dataclass
from typing import Literal

from agentproxy.cli.chat.port import Broken, Message, Talk, Talks, Unreachable, is_told_of

PATIENCE = 60.0  # seconds, for a server that comes back
DELAYS = (0.1, 0.2, 0.5, 1.0, 2.0)  # seconds between attempts; the last one repeats
HEARD_WITHIN = 5.0  # seconds after a return, for the word that a message arrived
ENDS_ANSWER = frozenset({"turn_started", "tool_call", "tool_result", "done", "interrupted"})


@dataclass(frozen=True, slots=True)
class Notice:
    """What became of the connection; `text` is the reason, or the message in doubt."""

    kind: Literal["lost", "back", "unsure"]
    text: str = ""


class LastingTalk:
    """One reader and one writer use it."""

    def __init__(
        self,
        talks: Talks,
        conversation: str,
        *,
        after: int,
        heard_within: float = HEARD_WITHIN,
    ) -> None:
        self.conversation = conversation
        self._talks = talks
        self._after = after
        self._heard_within = heard_within
        self._open: Talk | None = None
        self._opening = asyncio.Lock()
        self._reading = False
        self._stack = AsyncExitStack()
        self._lost = False
        self.entered = False  # whether a message was entered, sent or not
        self._all_heard = asyncio.Event()
        self._all_heard.set()
        self._unheard: list[str] = []  # contents whose arrival was not told yet
        self._doubtful: list[str] = []  # those of before the last loss
        self._doubted_at = 0.0
        self._answer = _GrowingAnswer()
        self._begun = _BegunEvent()

    async def receive(self) -> Message | Notice:
        """Raises Unreachable."""
        while True:
            await self._ensure_open()
            if self._lost:
                self._lost = False
                self._doubt()
                return Notice("back")
            try:
                message = await self._next()
            except Broken as error:
                await self._let_go()
                return Notice("lost", str(error))
            if message is None:
                return Notice("unsure", self._doubtful.pop(0))
            self._note(message)
            if self._begun.has(message):
                continue
            if (told := self._answer.unseen(message)) is not None:
                return told

    async def send(self, message: Message) -> None:
        """Waits where the connection is lost. Raises Unreachable."""
        if message["type"] in ("message", "interrupt"):
            self.entered = True
            self._all_heard.clear()
            self._unheard.append(str(message["content"]))
        while True:
            talk = await self._ensure_open()
            try:
                await talk.send(message)
            except Broken:
                # A reader that is there notices it too.
                if self._reading:
                    await asyncio.sleep(DELAYS[0])
                else:
                    await self._let_go()
            else:
                return

    async def heard(self) -> None:
        """Returns when all that was sent has arrived; somebody else has to receive."""
        await self._all_heard.wait()

    async def close(self) -> None:
        await self._let_go()

    async def _next(self) -> Message | None:
        """Returns None when it stays unknown whether a message arrived."""
        talk = await self._ensure_open()
        left = self._doubted_at + self._heard_within - time.monotonic() if self._doubtful else None
        self._reading = True
        try:
            async with asyncio.timeout(left):
                return await talk.receive()
        except TimeoutError:
            return None
        finally:
            self._reading = False

    async def _ensure_open(self) -> Talk:
        async with self._opening:
            if self._open is None:
                self._open = await self._reopen()
            return self._open

    async def _reopen(self) -> Talk:
        end, attempt = time.monotonic() + PATIENCE, 0
        while True:
            try:
                opening = self._talks.open(self.conversation, after=self._after)
                return await self._stack.enter_async_context(opening)
            except Broken as error:
                if time.monotonic() > end:
                    text = f"{self._talks.place} cannot be reached: {error}"
                    cure = f"pa chat --resume {self.conversation}"
                    raise Unreachable(text, cure=cure) from None
                await asyncio.sleep(DELAYS[min(attempt, len(DELAYS) - 1)])
                attempt += 1

    async def _let_go(self) -> None:
        self._open, self._lost = None, True
        await self._stack.aclose()

    def _doubt(self) -> None:
        self._answer.begins_again()
        self._doubtful, self._doubted_at = list(self._unheard), time.monotonic()

    def _note(self, message: Message) -> None:
        sequence = message.get("sequence")
        if isinstance(sequence, int):
            self._after = max(self._after, sequence)
        if message["type"] == "message_received":
            for known in (self._unheard, self._doubtful):
                said = (text for text in known if is_told_of(message["content"], text))
                if (text := next(said, None)) is not None:
                    known.remove(text)
            if not self._unheard:
                self._all_heard.set()


class _BegunEvent:
    """An event may be several messages. One that was cut off between them is told once more."""

    def __init__(self) -> None:
        self._event = ""
        self._ids: set[str] = set()

    def has(self, message: Message) -> bool:
        """Returns whether a message was told before, and keeps that it is told now."""
        key = str(message.get("event_id") or "")
        event, _, part = key.rpartition(".")
        # An error for this client alone may come between two messages of an event.
        if part.startswith("error-"):
            return False
        if event != self._event:
            self._event, self._ids = event, set()
        # The text of an answer comes before all else of its event but the thought.
        behind = any(not each.endswith(".thinking") for each in self._ids)
        known = key in self._ids or (part == "rest" and behind)
        self._ids.add(key)
        return bool(event) and known


class _GrowingAnswer:
    """Who comes back in the middle of an answer gets it from its start: what was shown is left out.

    Only text that is the same is left out, so nothing is lost.
    """

    def __init__(self) -> None:
        self._shown = ""
        self._again = ""  # what is told once more, if the connection broke in an answer
        self._last = 0  # the number of the last event

    def begins_again(self) -> None:
        self._again, self._shown = self._shown, ""

    def unseen(self, message: Message) -> Message | None:
        sequence = message.get("sequence")
        jumps = isinstance(sequence, int) and sequence > self._last
        if isinstance(sequence, int):
            self._last = max(self._last, sequence)
        if message["type"] in ENDS_ANSWER:
            self._shown = self._again = ""
        if message["type"] != "text_delta":
            return message
        if jumps and not self._again:
            # Another answer of the same turn, or the rest of one.
            self._shown = ""
        return self._rest(message)

    def _rest(self, message: Message) -> Message | None:
        text, again = str(message["content"]), self._again
        self._shown += text
        if again.startswith(text):
            self._again = again[len(text) :]
            return None if text else message
        self._again = ""
        return {**message, "content": text[len(again) :]} if text.startswith(again) else message
