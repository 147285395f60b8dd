"""One client on one conversation: what it sends becomes commands, what happens is sent to it."""

import asyncio
import time
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from fastapi import WebSocket, WebSocketDisconnect

from agentproxy.app.chat.host import ChatHost
from agentproxy.app.chat.views import read_order
from agentproxy.app.hub import FragmentReader, Position, ShownText
from agentproxy.app.journal import JournalError, UnknownRun
from agentproxy.engine.cancellation import first_to_end
from agentproxy.events.envelope import Event, RunId
from agentproxy.server.chat.client_messages import BadMessage, parse_message
from agentproxy.server.chat.wire import Message, WireStory
from agentproxy.server.times import iso
from agentproxy.server.upcoming import Upcoming
from agentproxy.server.workspace.workspace_files import files_since

SEND_SECONDS = 20.0  # for one message; a client that takes longer is let go
TRY_AGAIN_LATER = 1013
INTERNAL = 1011
PAGE = 500
OLD_EVENTS = 5  # before the newest one
CLOSE_SECONDS = 2.0


class TooSlow(Exception):
    """The client does not read."""


@dataclass(frozen=True, slots=True)
class Client:
    """An accepted socket of one client."""

    socket: WebSocket
    host: ChatHost
    story: WireStory
    lock: asyncio.Lock = field(default_factory=asyncio.Lock)

    @property
    def run(self) -> RunId:
        return self.story.run

    async def serve(self, *, after: int | None, gone: asyncio.Event) -> None:
        """Serves until one side leaves. `after` is the last event that the client has.

        Raises UnknownRun once `gone` is set: the conversation was deleted.
        """
        await self._catch_up(after=after)
        # A turn that a stopped process left goes on.
        busy = self.story.active or self.story.waiting
        if busy or await self.host.app.journal.inbox(self.run):
            self.host.wake(self.run)
        await first_to_end(self._tell(), self._hear(), _leave(self.run, gone))

    async def send(self, message: Message, *, old: bool = False) -> None:
        order = self.story.order
        # Of an old turn nobody can tell any more which files it changed.
        ends = not old and message["type"] in ("done", "interrupted")
        if ends and order is not None:
            workspace = Path(order.workspace)
            message["files"] = await asyncio.to_thread(files_since, workspace, self.story.began)
        try:
            async with asyncio.timeout(SEND_SECONDS), self.lock:
                await self.socket.send_json(message)
        except TimeoutError:
            raise TooSlow from None

    async def _catch_up(self, *, after: int | None) -> None:
        """Sends what happened after `after`; without it, only the request that waits."""
        story, waiting = self.story, None
        journal = self.host.app.journal
        newest = (await journal.head(story.run)).last.seq
        while page := await journal.read(story.run, after=story.sequence, limit=PAGE):
            for event in page:
                for message in story.take(event):
                    if message["type"] == "tool_approval_request":
                        waiting = message
                    if after is not None and event.seq > after:
                        await self.send(message, old=event.seq < newest - OLD_EVENTS)
        story.join()
        if after is None and waiting is not None and waiting["request_id"] in story.asked:
            await self.send(waiting)

    async def _tell(self) -> None:
        app, story = self.host.app, self.story
        events = Upcoming(app.journal.follow(story.run, after=story.sequence))
        try:
            while True:
                # The stream of live output ends whenever the conversation is let go.
                position = Position(story.sequence, 0)
                with app.hub.subscribe(story.run, after=position) as fragments:
                    await self._tell_while_open(fragments, events)
        finally:
            await events.close()

    async def _tell_while_open(self, fragments: FragmentReader, events: Upcoming) -> None:
        events.on_news(fragments.news.set)
        while True:
            fragments.news.clear()
            shown = fragments.take()
            if shown is not None:
                await self._show(shown, events)
            elif events.is_there:
                await self._take(await events.next())
            elif fragments.closed:
                return
            else:
                await fragments.news.wait()

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
            received = await self.socket.receive()
            if received["type"] == "websocket.disconnect":
                return
            text = received.get("text")
            try:
                await self.host.submit(self.run, parse_message(text))
            except BadMessage as error:
                await self.send(_error(self.run, str(error)))


async def serve_socket(socket: WebSocket, host: ChatHost, run: RunId, *, after: int | None) -> None:
    """Serves an accepted socket until one side leaves. `after` is the last event it has."""
    client = Client(socket, host, WireStory(run))
    try:
        await read_order(host.app, run)
        with host.attend(run) as gone:
            await client.serve(after=after, gone=gone)
    except UnknownRun:
        await _refuse(socket, run, "Conversation not found")
    except TooSlow:
        await _close(socket, TRY_AGAIN_LATER, "too slow: connect again with ?after=")
    except JournalError as error:
        await _refuse(socket, run, str(error), code=INTERNAL)
    except (WebSocketDisconnect, RuntimeError):
        pass  # the client has gone


async def _leave(run: RunId, gone: asyncio.Event) -> None:
    await gone.wait()
    raise UnknownRun(f"the conversation {run} was deleted")


async def _close(socket: WebSocket, code: int, reason: str = "") -> None:
    # Who does not read takes no farewell either.
    with suppress(TimeoutError, WebSocketDisconnect, RuntimeError):
        async with asyncio.timeout(CLOSE_SECONDS):
            await socket.close(code, reason)


def _error(run: RunId, text: str) -> Message:
    return {
        "type": "error",
        "message": text,
        "run": run,
        "sequence": None,
        "event_id": None,
        "time": iso(time.time()),
    }


async def _refuse(socket: WebSocket, run: RunId, text: str, *, code: int = 1000) -> None:
    with suppress(TimeoutError, WebSocketDisconnect, RuntimeError):
        async with asyncio.timeout(CLOSE_SECONDS):
            await socket.send_json(_error(run, text))
    await _close(socket, code)
