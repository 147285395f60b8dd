"""Lists conversations. Each is read once, and then only what is new in it."""

from collections import OrderedDict
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field

from agentproxy.app.chat.views import PAGE, ChatRow, texts_of
from agentproxy.app.context import App
from agentproxy.conversation.folds import title_of
from agentproxy.events.chat import UserTurnStarted
from agentproxy.events.envelope import RunId
from agentproxy.journal.port import JournalUnusable, RunHead, UnknownRun

MAX_KEPT = 2000  # conversations, a few hundred bytes each


@dataclass(slots=True)
class _Counted:
    """What was read of a conversation, up to the event `seq`."""

    seq: int = 0
    title: str = ""
    messages: int = 0


@dataclass(eq=False)
class ChatRows:
    """The list of conversations of one journal."""

    app: App
    _kept: OrderedDict[RunId, _Counted] = field(default_factory=OrderedDict[RunId, _Counted])

    async def newest(self, *, limit: int, before: RunId | None = None) -> Sequence[ChatRow]:
        """Returns those that began before `before`, newest first. Raises UnknownRun."""
        heads = await self.app.journal.heads(limit=limit, before=before, face="conversation")
        rows: list[ChatRow] = []
        for head in heads:
            # One that is deleted meanwhile is not in the list.
            with suppress(UnknownRun):
                rows.append(await self._row(head))
        return rows

    async def _row(self, head: RunHead) -> ChatRow:
        first = head.first
        try:
            counted = await self._counted(first.run)
        except JournalUnusable:
            # One that a later version wrote does not hide the others.
            return ChatRow(first.run, "(cannot be read)", first.time, 0)
        return ChatRow(first.run, counted.title, first.time, counted.messages)

    async def _counted(self, run: RunId) -> _Counted:
        known = self._kept.get(run, _Counted())
        # A copy: two lists may be made at once, and one of them may fail.
        counted = _Counted(known.seq, known.title, known.messages)
        while page := await self.app.journal.read(run, after=counted.seq, limit=PAGE):
            for event in page:
                counted.messages += len(texts_of(event))
                if not counted.title and isinstance(event.fact, UserTurnStarted):
                    counted.title = title_of(event.fact.text)
            counted.seq = page[-1].seq
        self._kept[run] = counted
        self._kept.move_to_end(run)
        while len(self._kept) > MAX_KEPT:
            self._kept.popitem(last=False)
        return counted
