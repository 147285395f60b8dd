"""Has a model note what a conversation brought for later ones, and keeps what can be kept."""

import asyncio
from collections.abc import Sequence
from importlib.resources import files

from agentproxy.conversation.base import CHAT
from agentproxy.conversation.memory import Remember, notes_of, told
from agentproxy.conversation.parts import ChatParts, Memory
from agentproxy.conversation.state import Chat
from agentproxy.engine.context import Context
from agentproxy.events.conversation import Text, UserMessage
from agentproxy.events.envelope import Fact
from agentproxy.events.memory import MemoryNoted
from agentproxy.models.port import Model, ModelError, Prompt

MEMORY_TOKENS = 2048
ASKED = """<notes>
{notes}
</notes>

<conversation>
{conversation}
</conversation>"""
ATTEMPTS = 2
CHANGED = "the notes were changed by others while new ones were made"
UNUSABLE = "nothing of the model's answer can be kept"


@CHAT.handles(Remember)
async def remember(_effect: Remember, context: Context[Chat, ChatParts]) -> Sequence[Fact]:
    state, memory, noter = context.state, context.parts.memory, context.parts.noter
    if memory is None or noter is None:
        return [MemoryNoted(result="unchanged")]
    waits = memory.waits or state.approval
    # Notes replace the notes that they were made from: one after the other.
    async with context.parts.noting:
        for _ in range(ATTEMPTS):
            old = await asyncio.to_thread(memory.read)
            try:
                reply = await _ask(noter, old, told(state))
            except ModelError as error:
                return [MemoryNoted(result="failed", error=str(error))]
            # Another process or a person may have written meanwhile.
            if await asyncio.to_thread(memory.read) == old:
                return [await asyncio.to_thread(_keep, reply, old, memory, waits=waits)]
    return [MemoryNoted(result="failed", error=CHANGED)]


def _keep(reply: str, old: str, memory: Memory, *, waits: bool) -> MemoryNoted:
    """Blocking."""
    notes = notes_of(reply, memory.redact)
    if not notes.lines and notes.left_out:
        return MemoryNoted(result="failed", left_out=notes.left_out, error=UNUSABLE)
    before = [line.removeprefix("- ") for line in old.splitlines()]
    if not notes.lines or notes.lines == before:
        return MemoryNoted(result="unchanged", left_out=notes.left_out)
    try:
        (memory.propose if waits else memory.replace)(notes.text)
    except OSError as error:
        return MemoryNoted(result="failed", error=str(error))
    return MemoryNoted(
        result="proposed" if waits else "updated",
        content=notes.text,
        added=tuple(line for line in notes.lines if line not in before),
        removed=tuple(line for line in before if line not in notes.lines),
        left_out=notes.left_out,
    )


async def _ask(noter: Model, old: str, conversation: str) -> str:
    asked = ASKED.format(notes=old or "(none yet)", conversation=conversation)
    answer = await noter.answer(
        Prompt(
            system=files("agentproxy.conversation.prompts")
            .joinpath("memory.md")
            .read_text(encoding="utf-8"),
            messages=[UserMessage(parts=(Text(text=asked),))],
            max_output=MEMORY_TOKENS,
        ),
        show=lambda _fragment: None,
    )
    return answer.message.text
