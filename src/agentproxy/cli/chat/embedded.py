"""Conversations with an engine in this process."""

import asyncio
import json
import os
from collections.abc import AsyncGenerator, Generator, Mapping, Sequence
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path

from agentproxy.app.chat.host import ChatHost, open_host
from agentproxy.app.chat.orders import order_of
from agentproxy.app.chat.rows import ChatRows
from agentproxy.app.chat.views import read_chat, read_order
from agentproxy.app.context import open_app
from agentproxy.app.holders import StillOwned
from agentproxy.app.journal import JournalError, LeaseTaken, UnknownRun
from agentproxy.app.models import require_model
from agentproxy.app.project_files.presets import UnknownPreset
from agentproxy.cli.chat.port import Broken, ListedConversation, Message, Talk, Unreachable
from agentproxy.cli.failure import INFRASTRUCTURE, USAGE, warn
from agentproxy.events.envelope import RunId
from agentproxy.models.names import UnknownModel
from agentproxy.models.port import ModelRefused
from agentproxy.server.chat.client import Client, TooSlow
from agentproxy.server.chat.records import shown_chat
from agentproxy.server.chat.wire import WireStory
from agentproxy.server.times import iso
from agentproxy.workers.port import WorkerError

KEPT_MESSAGES = 256  # that nobody has taken yet; then the engine's side waits
PAGE = 200


@asynccontextmanager
async def embedded_talks(directory: Path) -> AsyncGenerator["EmbeddedTalks"]:
    """Gives the conversations of a folder. Raises BadSetting, BadFile, SandboxError."""
    async with open_app(os.environ, directory, serves=True, say=warn) as app:
        host = await open_host(await app.project(directory))
        warming = asyncio.create_task(host.warm_up())
        try:
            yield EmbeddedTalks(host, directory)
        finally:
            await host.close()
            await asyncio.wait({warming})


class EmbeddedTalks:
    goes_on = False

    def __init__(self, host: ChatHost, directory: Path) -> None:
        self._host = host
        self._directory = directory
        workspaces = directory / host.services.settings.workspace_dir
        self.place = f"in this process; the agent works below {workspaces}"

    async def create(self, asked: Mapping[str, object]) -> str:
        with _told():
            services = self._host.services
            await asyncio.to_thread(self._require_model, asked)
            order, run = await asyncio.to_thread(order_of, asked, services=services)
            return await self._host.create(order, run)

    def _require_model(self, asked: Mapping[str, object]) -> None:
        """A model that is named for this conversation is usable, or there is no conversation."""
        if name := str(asked.get("model", "")):
            project = self._host.services.project
            require_model(name, project=project, started_in=self._directory)

    async def newest(self, *, limit: int) -> Sequence[ListedConversation]:
        """Returns those of this folder: the journal has those of all folders."""
        found: list[ListedConversation] = []
        listed = ChatRows(self._host.app)
        before: RunId | None = None
        with _told():
            while len(found) < limit:
                rows = await listed.newest(limit=PAGE, before=before)
                found += [
                    ListedConversation(row.run, row.title, iso(row.created), row.messages)
                    for row in rows
                    if await self._is_here(row.run)
                ]
                if len(rows) < PAGE:
                    break
                before = rows[-1].run
        return found[:limit]

    async def read(self, conversation: str) -> Message:
        with _told():
            return shown_chat(await read_chat(self._host.app, RunId(conversation))).model_dump()

    async def delete(self, conversation: str) -> None:
        with _told():
            await self._host.delete(RunId(conversation))

    @asynccontextmanager
    async def open(self, conversation: str, *, after: int) -> AsyncGenerator[Talk]:
        run = RunId(conversation)
        line = _EngineLine()
        order = await read_order(self._host.app, run)
        async with self._host.attend(run, Path(order.workspace)) as gone:
            client = Client(line, self._host, WireStory(run))
            serving = asyncio.create_task(client.serve(after=after, gone=gone))
            try:
                yield _EmbeddedTalk(line, serving)
            finally:
                serving.cancel()
                await asyncio.wait({serving})

    async def _is_here(self, run: RunId) -> bool:
        try:
            order = await read_order(self._host.app, run)
        except UnknownRun:
            return False
        return Path(order.workspace).is_relative_to(self._directory)


class _EngineLine:
    """Leads from the engine's side of a conversation to the person's."""

    def __init__(self) -> None:
        self.told: asyncio.Queue[Message] = asyncio.Queue(KEPT_MESSAGES)
        self.said: asyncio.Queue[str] = asyncio.Queue()

    async def tell(self, message: Message) -> None:
        await self.told.put(message)

    def tell_at_once(self, message: Message) -> bool:
        try:
            self.told.put_nowait(message)
        except asyncio.QueueFull:
            return False
        return True

    async def hear(self) -> str | None:
        return await self.said.get()


class _EmbeddedTalk:
    def __init__(self, line: _EngineLine, serving: "asyncio.Task[None]") -> None:
        self._line = line
        self._serving = serving

    async def receive(self) -> Message:
        if self._line.told.empty():
            coming = asyncio.ensure_future(self._line.told.get())
            try:
                await asyncio.wait({coming, self._serving}, return_when=asyncio.FIRST_COMPLETED)
                if coming.done():
                    return coming.result()
            finally:
                coming.cancel()
            self._raise_end()
        return self._line.told.get_nowait()

    async def send(self, message: Message) -> None:
        await self._line.said.put(json.dumps(message))

    def _raise_end(self) -> None:
        with _told():
            try:
                self._serving.result()
            except TooSlow:
                raise Broken("this terminal did not take what was told") from None
        raise Broken("the conversation was let go")


@contextmanager
def _told() -> Generator[None]:
    try:
        yield
    except UnknownRun:
        raise Unreachable("there is no such conversation", cure="pa chat --list", code=2) from None
    except UnknownPreset as error:
        raise Unreachable(f"{error.where} is {error.problem}", cure=error.cure, code=2) from None
    except (ModelRefused, WorkerError) as error:
        code = USAGE if isinstance(error, UnknownModel) else INFRASTRUCTURE
        raise Unreachable(f"--model: {error}", cure=error.cure, code=code) from None
    except (StillOwned, LeaseTaken) as error:
        raise Unreachable(str(error), cure="another process works on it", code=2) from None
    except JournalError as error:
        raise Unreachable(str(error)) from None
