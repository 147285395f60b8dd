"""One client of a conversation: what it sends becomes commands, what happens is told to it."""

import asyncio
import secrets
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from agentproxy.app.chat.at_work import TooManyAtWork
from agentproxy.app.chat.host import ChatHost
from agentproxy.app.hub import FragmentReader, Position, ShownText
from agentproxy.app.journal import UnknownRun
from agentproxy.engine.bell import Bell
from agentproxy.engine.cancellation import Limit, first_to_end
from agentproxy.events.envelope import Event, RunId

# Imported to register what it tells.
from agentproxy.server.chat import background as background
from agentproxy.server.chat import child_events as child_events
from agentproxy.server.chat import notes as notes
from agentproxy.server.chat import traces as traces
from agentproxy.server.chat.client_messages import BadMessage, parse_message
from agentproxy.server.chat.live_output import LiveOutput
from agentproxy.server.chat.wire import Message, WireStory
from agentproxy.server.times import iso
from agentproxy.server.upcoming import Upcoming
from agentproxy.server.workspace.workspace_files import files_since

SEND_SECONDS = 20.0  # for one message; a client that takes longer is let go
PAGE = 500
OLD_EVENTS = 5  # before the newest one


class Left(Exception):
    """The client has gone."""


class Line(Protocol):
    """What leads to a client."""

    async def tell(self, message: Message) -> None: ...

    def tell_at_once(self, message: Message) -> bool:
        """Tells a message without a wait. Returns False where that cannot be."""
        ...

    async def hear(self) -> str | None:
        """Returns the next text of the client; None for bytes. Raises Left."""
        ...


class TooSlow(Exception):
    """The client does not read."""


@dataclass(frozen=True, slots=True)
class Client:
    """Somebody who follows a conversation, and takes part in it."""

    line: Line
    host: ChatHost
    story: WireStory
    lock: asyncio.Lock = field(default_factory=asyncio.Lock)
    limit: Limit = field(default_factory=lambda: Limit(SEND_SECONDS))

    @property
    def run(self) -> RunId:
        return self.story.run

    async def serve(self, *, after: int | None, gone: Bell, over: Bell | None = None) -> None:
        """Serves until one side leaves, or `over` rings. `after` is the last event it has.

        Raises UnknownRun once `gone` is set: the conversation was deleted.
        """
        try:
            await self._catch_up(after=after, over=over)
            if over is not None and over.is_set():
                return
            # A turn that a stopped process left goes on.
            busy = self.story.active or self.story.waiting
            if busy or await self.host.app.journal.inbox(self.run):
                self.host.go_on(self.run)
            ends = () if over is None else (over.ringing(),)
            await first_to_end(self._tell(), self._hear(), gone.ringing(), *ends)
        finally:
            self.limit.close()
        if gone.is_set():
            raise UnknownRun(f"the conversation {self.run} was deleted")

    async def send(self, message: Message, *, old: bool = False) -> None:
        # Of an old turn nobody can tell any more which files it changed.
        ends = not old and message["type"] in ("done", "interrupted")
        if ends and (place := self.story.workspace):
            message["files"] = await asyncio.to_thread(files_since, Path(place), self.story.began)
        try:
            # Who waits for the lock waits for a message that has its own limit.
            async with self.lock:
                with self.limit:
                    await self.line.tell(message)
                self.story.told = max(self.story.told, message["sequence"])
        except TimeoutError:
            raise TooSlow from None

    async def _catch_up(self, *, after: int | None, over: Bell | None) -> None:
        """Sends what happened after `after`; without it, only the requests that wait."""
        story, asked = self.story, dict[str, Message]()
        journal = self.host.app.journal
        newest = (await journal.head(story.run)).last.seq if after is not None else 0
        while page := await journal.read(story.run, after=story.sequence, limit=PAGE):
            for event in page:
                # A client that reads slowly may take long.
                if over is not None and over.is_set():
                    return
                for message in story.take(event):
                    if message["type"] == "tool_approval_request":
                        asked[message["request_id"]] = message
                    if after is not None and event.seq > after:
                        await self.send(message, old=event.seq < newest - OLD_EVENTS)
            if len(page) < PAGE:
                break
        story.join()
        story.told = story.sequence
        for request, message in asked.items():
            if after is None and request in story.asked:
                await self.send(message)

    async def _tell(self) -> None:
        app, story = self.host.app, self.story
        events = Upcoming(app.journal.follow(story.run, after=story.sequence))
        try:
            while True:
                # The stream of live output ends whenever the conversation is let go.
                position = Position(story.sequence, 0)
                with app.hub.subscribe(story.run, after=position) as fragments:
                    await self.tell_while_open(fragments, events)
        finally:
            await events.close()

    async def tell_while_open(self, fragments: FragmentReader, events: Upcoming) -> None:
        """Tells live output and events in their order, until the live output ends."""
        live = LiveOutput(
            self.line.tell_at_once, self.story, fragments, events=events, lock=self.lock
        )
        while True:
            fragments.news.clear()
            if (message := live.left()) is not None:
                await self.send(message)
            elif (shown := live.take()) is not None:
                await self._show(shown, events)
            elif events.is_there:
                await self._take(await events.next())
            elif fragments.closed:
                return
            else:
                await live.wait()

    async def _show(self, shown: ShownText, events: Upcoming) -> None:
        # A piece stands behind the event of its position, and before the next one.
        while shown.position.seq > self.story.sequence:
            await self._take(await events.next())
        message = self.story.fragment(shown, now=time.time())
        if message is not None:
            await self.send(message)

    async def _take(self, event: Event) -> None:
        for message in self.story.take(event):
            await self.send(message)

    async def _hear(self) -> None:
        while True:
            try:
                text = await self.line.hear()
            except Left:
                return
            try:
                await self.host.order(self.run, parse_message(text))
            except BadMessage as error:
                await self._refuse(str(error))
            except TooManyAtWork as error:
                await self._refuse(str(error), cure=error.cure)

    async def _refuse(self, text: str, **more: str) -> None:
        try:
            # Its number may not fall behind what is being told.
            async with self.lock:
                message = error_message(self.run, text, after=self.story.told)
                with self.limit:
                    await self.line.tell({**message, **more})
        except TimeoutError:
            raise TooSlow from None


def error_message(run: RunId, text: str, *, after: int = 0) -> Message:
    """Returns an error for one client alone, which stands behind the event `after`."""
    return {
        "type": "error",
        "message": text,
        "run": run,
        "sequence": after,
        "event_id": f"{run}.{after}.error-{secrets.token_hex(6)}",
        "time": iso(time.time()),
    }
