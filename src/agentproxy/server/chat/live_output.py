"""Live output is told in the same call that shows it, while its client waits for news.

With a task in between, each of a thousand streams would wait for a pass of the event loop in which
all the others are told too.
"""

import asyncio
import time
from collections.abc import Callable

from agentproxy.app.hub import FragmentReader, ShownText
from agentproxy.server.chat.wire import Message, WireStory
from agentproxy.server.upcoming import Upcoming


class LiveOutput:
    """Tells one client the live output of its conversation.

    What cannot be told at once is left to the client's task: behind an event, in the middle of
    another message, and with a line that is full or closed.
    """

    __slots__ = (
        "_error", "_fragments", "_is_waiting", "_left", "_lock", "_shown", "_story",
        "_tell",
    )  # fmt: skip

    def __init__(
        self,
        tell: Callable[[Message], bool],
        story: WireStory,
        fragments: FragmentReader,
        *,
        events: Upcoming,
        lock: asyncio.Lock,
    ) -> None:
        """`tell` tells a message without a wait, or returns False. `lock` is held by who tells."""
        self._tell = tell
        self._story = story
        self._lock = lock
        self._fragments = fragments
        self._is_waiting = False
        self._error: Exception | None = None
        self._shown: ShownText | None = None
        self._left: Message | None = None
        events.on_news(fragments.news.set)
        fragments.on_news = self._on_news

    def left(self) -> Message | None:
        """Returns a message that could not be told at once. It comes before all others."""
        message, self._left = self._left, None
        return message

    def take(self) -> ShownText | None:
        """Returns what was shown and not told, or None."""
        shown, self._shown = self._shown, None
        return shown or self._fragments.take()

    async def wait(self) -> None:
        """Waits for what the task has to do. Raises what went wrong meanwhile."""
        self._is_waiting = True
        try:
            await self._fragments.news.ringing()
        finally:
            self._is_waiting = False
        if self._error is not None:
            raise self._error

    def _on_news(self) -> None:
        try:
            is_told = self._can_tell and self._tell_now()
        except Exception as error:  # noqa: BLE001 - it ends this client, and not who shows
            self._error, is_told = error, False
        if not is_told:
            self._fragments.news.set()

    @property
    def _can_tell(self) -> bool:
        # An event that has come has rung already.
        is_idle = self._is_waiting and not self._fragments.news.is_set()
        return is_idle and not self._lock.locked()

    def _tell_now(self) -> bool:
        story, shown = self._story, self._fragments.take()
        if shown is None:
            return False
        if shown.position.seq > story.sequence:
            self._shown = shown
            return False
        message = story.fragment(shown, now=time.time())
        if message is not None:
            if not self._tell(message):
                self._left = message
                return False
            story.told = max(story.told, message["sequence"])
        return True
