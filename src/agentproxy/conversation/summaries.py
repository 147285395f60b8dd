"""Replaces the older messages of a conversation by a summary that a model writes."""

import asyncio
import json
import time
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from importlib.resources import files

from agentproxy.conversation.compaction import first_kept, ledger_after
from agentproxy.conversation.face import CHAT, Summarise
from agentproxy.conversation.parts import ChatParts
from agentproxy.conversation.state import Chat
from agentproxy.engine.context import Context
from agentproxy.events.chat import Compacted
from agentproxy.events.conversation import (
    AssistantMessage,
    Message,
    Text,
    ToolCall,
    ToolResult,
    UserMessage,
)
from agentproxy.events.envelope import Fact
from agentproxy.files.safe_files import BadPath, SafeDir
from agentproxy.models.port import BudgetSpent, ModelError, Prompt
from agentproxy.tools.port import Bench

SUMMARY_TOKENS = 1024
SHOWN_CHARACTERS = 2000  # of one result or text
# Of all older messages: a summary of more would not fit beside its own question.
MAX_CHARACTERS = 400_000


@CHAT.handles(Summarise)
async def summarise(effect: Summarise, context: Context[Chat, ChatParts]) -> Sequence[Fact]:
    state, parts = context.state, context.parts
    messages = list(state.messages)
    cut = first_kept(messages)
    older = messages[:cut]
    wanted = effect.focus is not None
    if not older:
        return [Compacted(summary="", kept=len(messages), removed=0, ledger=state.ledger)]
    bench = await parts.bench()
    transcript = await asyncio.to_thread(_save, messages, bench)
    summary, error = "", ""
    try:
        summary = await _ask(older, effect.focus or "", parts)
    except BudgetSpent:
        raise
    except ModelError as failed:
        # Without room the next question fails. So the older messages are dropped, and it is said.
        error = str(failed)
        if wanted:
            # The agent asked, and there is room: nothing need be dropped.
            kept = len(messages)
            return [Compacted(summary="", kept=kept, removed=0, ledger=state.ledger, error=error)]
    return [
        Compacted(
            summary=summary,
            kept=len(messages) - cut,
            removed=cut,
            transcript=transcript,
            ledger=ledger_after(state.ledger, summary),
            wanted=wanted,
            error=error,
            cut_before_answer=isinstance(messages[cut], AssistantMessage),
        )
    ]


async def _ask(older: Sequence[Message], focus: str, parts: ChatParts) -> str:
    text = "\n".join(_told(older))
    if len(text) > MAX_CHARACTERS:
        half = MAX_CHARACTERS // 2
        text = f"{text[:half]}\n... (left out) ...\n{text[-half:]}"
    warmth = parts.summary_temperature
    asked = f"{text}\n\nKeep everything about: {focus}" if focus else text
    answer = await parts.summariser.answer(
        Prompt(
            system=files("agentproxy.conversation.prompts")
            .joinpath("summary.md")
            .read_text(encoding="utf-8"),
            messages=[UserMessage(parts=(Text(text=asked),))],
            max_output=SUMMARY_TOKENS,
            parameters={} if warmth is None else {"temperature": warmth},
        ),
        show=lambda _fragment: None,
    )
    return answer.message.text.strip()


def _told(messages: Sequence[Message]) -> Iterator[str]:
    for message in messages:
        who = "AGENT" if isinstance(message, AssistantMessage) else "USER"
        for part in message.parts:
            match part:
                case Text():
                    yield f"{who}: {_short(part.text)}"
                case ToolCall():
                    yield f"CALL {part.name}: {_short(json.dumps(part.arguments))}"
                case ToolResult():
                    yield f"RESULT{' (failed)' if part.failed else ''}: {_short(part.text)}"
                case _:
                    pass


def _short(text: str) -> str:
    if len(text) <= SHOWN_CHARACTERS:
        return text
    return f"{text[:SHOWN_CHARACTERS]}... ({len(text) - SHOWN_CHARACTERS} more characters)"


def _save(messages: Sequence[Message], bench: Bench) -> str:
    """Writes all messages to the workspace. Returns the path, or "" where it cannot be written."""
    stamp = datetime.fromtimestamp(time.time(), UTC).strftime("%Y%m%dT%H%M%S%f")
    path = f".transcripts/transcript_{stamp}.jsonl"
    data = "".join(f"{message.model_dump_json()}\n" for message in messages)
    try:
        with SafeDir(bench.tree) as root:
            root.write(path, data.encode("utf-8", "surrogatepass"))
    except (BadPath, OSError):
        return ""
    return path
