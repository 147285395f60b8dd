"""What entered the memory of a project, as clients are told. Pure."""

from collections.abc import Iterator

from agentproxy.events.envelope import Event
from agentproxy.events.memory import MemoryNoted
from agentproxy.server.chat.wire import Message, WireStory, tells


@tells(MemoryNoted)
def _noted(story: WireStory, fact: MemoryNoted, event: Event) -> Iterator[Message]:
    yield story.message_of(
        event,
        "memory",
        result=fact.result,
        content=fact.content,
        added=list(fact.added),
        removed=list(fact.removed),
        **({"error": fact.error} if fact.error else {}),
    )
