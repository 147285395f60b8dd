"""Notes that are made at the same time."""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any

from agentproxy.conversation.face import CHAT
from agentproxy.conversation.memory import Remember
from agentproxy.conversation.remember import remember
from agentproxy.events.conversation import AssistantMessage, Text, UserMessage
from agentproxy.events.envelope import Fact
from agentproxy.events.memory import MemoryNoted


@dataclass
class Notes:
    """A memory without a file."""

    text: str = ""
    waits: bool = False
    redact: Callable[[str], str] = str

    def read(self) -> str:
        return self.text

    def replace(self, text: str) -> None:
        self.text = text


@dataclass
class Noter:
    """A model that adds a line to the notes. Others write theirs while it thinks."""

    memory: Notes
    line: str
    others: list[str] = field(default_factory=list[str])

    async def answer(self, prompt: Any, *, show: object) -> Any:
        asked = prompt.messages[0].parts[0].text
        old = asked.partition("<notes>\n")[2].partition("\n</notes>")[0]
        if self.others:
            self.memory.text += self.others.pop(0)
        await asyncio.sleep(0.05)
        kept = "" if old.startswith("(") else f"{old.strip()}\n"
        return SimpleNamespace(message=AssistantMessage(parts=(Text(text=kept + self.line),)))


async def noted(noter: Noter, lock: asyncio.Lock) -> Sequence[Fact]:
    state = CHAT.new_state()
    state.messages.append(UserMessage(parts=(Text(text="hello"),)))
    parts = SimpleNamespace(memory=noter.memory, noter=noter, noting=lock)
    context: Any = SimpleNamespace(state=state, parts=parts)
    return await remember(Remember(), context)


def test_sessions_that_end_together_all_leave_their_notes() -> None:
    memory = Notes()

    async def together() -> None:
        lock = asyncio.Lock()
        await asyncio.gather(*(noted(Noter(memory, f"- {each}"), lock) for each in "abc"))

    asyncio.run(together())
    assert sorted(memory.text.splitlines()) == ["- a", "- b", "- c"]


def test_what_another_process_wrote_meanwhile_is_taken_in() -> None:
    memory = Notes()
    noter = Noter(memory, "- mine", others=["- theirs\n"])
    asyncio.run(noted(noter, asyncio.Lock()))
    assert memory.text.splitlines() == ["- theirs", "- mine"]


def test_notes_that_others_change_all_the_time_are_left_alone_and_that_is_said() -> None:
    memory = Notes()
    noter = Noter(memory, "- mine", others=[f"- {number}\n" for number in range(9)])
    (fact,) = asyncio.run(noted(noter, asyncio.Lock()))
    assert isinstance(fact, MemoryNoted)
    assert (fact.result, "changed by others" in fact.error) == ("failed", True)
    assert "mine" not in memory.text
