"""The records of a run from a place on, until nobody works on it."""

import asyncio
import time
from collections.abc import AsyncGenerator
from dataclasses import dataclass, field

from agentproxy.app.hub import FragmentReader, Position, ShownText
from agentproxy.app.queries import is_live
from agentproxy.app.supervised_host import SupervisedHost
from agentproxy.engine.bell import Bell
from agentproxy.events.envelope import Event, RunId
from agentproxy.server.tasks.task_records import Record, TaskStory
from agentproxy.server.upcoming import Upcoming

PAGE = 500
LOOK_SECONDS = 1.0  # after which a silent run of another process is looked after
SILENT_LOOKS = 15  # after which a silent client gets a sign of life


@dataclass
class TaskStream:
    """What one client is sent. None is a sign of life."""

    host: SupervisedHost
    run: RunId
    after: Position
    story: TaskStory = field(init=False)

    def __post_init__(self) -> None:
        self.story = TaskStory(self.run)

    async def records(self) -> AsyncGenerator[Record | None]:
        """Yields records until the run rests; the last one is "done". Raises UnknownRun."""
        app, story = self.host.app, self.story
        async for record in self._missed():
            yield record
        events = Upcoming(app.journal.follow(self.run, after=story.sequence))
        place = max(self.after, Position(story.sequence, 0))
        try:
            while True:
                # The live output ends whenever this process lets the run go.
                with app.hub.subscribe(self.run, after=place) as fragments:
                    async for record in self._while_open(fragments, events):
                        yield record
                rests = await self._rests()
                async for record in self._missed():
                    yield record
                if rests:
                    break
                place = Position(story.sequence, 0)
        finally:
            await events.close()
        if fault := self.host.faults.get(self.run):
            yield story.fault(fault, now=time.time())
        yield story.done(now=time.time())

    async def _missed(self) -> AsyncGenerator[Record]:
        journal = self.host.app.journal
        while page := await journal.read(self.run, after=self.story.sequence, limit=PAGE):
            for event in page:
                if (record := self._take(event)) is not None:
                    yield record

    def _take(self, event: Event) -> Record | None:
        if event.seq <= self.story.sequence:
            return None
        record = self.story.take(event)
        return record if event.seq > self.after.seq else None

    async def _while_open(
        self, fragments: FragmentReader, events: Upcoming
    ) -> AsyncGenerator[Record | None]:
        looks = 0
        events.on_news(fragments.news.set)
        self.host.on_rest(self.run, fragments.news.set)
        while True:
            fragments.news.clear()
            if (shown := fragments.take()) is not None:
                async for record in self._show(shown, events):
                    yield record
            elif events.is_there:
                if (record := self._take(await events.next())) is not None:
                    yield record
            elif fragments.closed or await self._rests():
                return
            elif await _rings(fragments.news):
                looks = 0
            else:
                looks += 1
                if looks % SILENT_LOOKS == 0:
                    yield None

    async def _show(self, shown: ShownText, events: Upcoming) -> AsyncGenerator[Record]:
        # A piece stands behind the event of its position, and before the next one.
        while shown.position.seq > self.story.sequence:
            if (record := self._take(await events.next())) is not None:
                yield record
        if shown.position.seq == self.story.sequence:
            yield self.story.fragment(shown, now=time.time())

    async def _rests(self) -> bool:
        if self.host.works_on(self.run):
            return False
        return self.host.closed or not await is_live(self.host.app, self.run)


async def _rings(news: Bell) -> bool:
    try:
        async with asyncio.timeout(LOOK_SECONDS):
            await news.wait()
    except TimeoutError:
        return False
    return True
