"""One attempt of Claude Code: what it says, asks and does becomes facts and requests."""

import asyncio
import contextlib
import json
import uuid
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, Literal, cast

from claude_agent_sdk import (
    ClaudeAgentOptions,
    ClaudeSDKClient,
    ClaudeSDKError,
    CLIConnectionError,
    HookContext,
    HookInput,
    HookJSONOutput,
    HookMatcher,
    Message,
    PermissionResultAllow,
    PermissionResultDeny,
    StreamEvent,
    ToolPermissionContext,
)

from agentproxy.engine.cancellation import finish_though_cancelled
from agentproxy.events.agent import AgentTold, ToolStarted
from agentproxy.events.conversation import Image
from agentproxy.events.requests import Decision, Request
from agentproxy.workers.claude.narration import Narration, fragment_of
from agentproxy.workers.claude.permissions import (
    ASKS,
    OwnPlaces,
    permission_for,
    questions_of,
)
from agentproxy.workers.claude.transport import PipeTransport, StrangeMessage
from agentproxy.workers.pausable_timeout import PausableTimeout
from agentproxy.workers.port import WorkerCallbacks

MAX_HOLD_SECONDS: Final = 366 * 24 * 3600.0
INTERRUPT_SECONDS: Final = 2.0
SEEN_SECONDS: Final = 2.0
NO_ANSWER = "nobody answered; use your own judgement, and say what you assumed"


@dataclass
class ClaudeConversation:
    """Speaks with the program until no further turn is owed."""

    callbacks: WorkerCallbacks
    limit: PausableTimeout
    round: int
    own: OwnPlaces
    asks: bool = True  # the program asks for what its mode does not allow by itself
    narration: Narration = field(default_factory=Narration)
    _sent: set[str] = field(default_factory=set[str])
    _allowed: set[str] = field(default_factory=set[str])
    _seen: dict[str, asyncio.Event] = field(default_factory=dict[str, asyncio.Event])
    _recording: asyncio.Lock = field(default_factory=asyncio.Lock)
    _client: ClaudeSDKClient | None = None

    async def hold(self, transport: PipeTransport, text: str, images: Sequence[Image]) -> None:
        """Sends the brief, and follows the work to its end.

        Raises an exception of the SDK: the program ended early or cannot be understood.
        """
        options = ClaudeAgentOptions(
            can_use_tool=self._can_use_tool,
            hooks={
                # A call whose hook fails is not made.
                "PreToolUse": [
                    HookMatcher(
                        hooks=[self._before_call], timeout=MAX_HOLD_SECONDS, on_failure="block"
                    )
                ]
            },
        )
        client = ClaudeSDKClient(options, transport=transport)
        try:
            await _connect(client)
            await self._send(client, text, images)
            self._client = client
            async for message in _understood(client):
                # Most messages are pieces of an answer, and are no facts.
                if isinstance(message, StreamEvent):
                    self.narration.count(message.event)
                    if piece := fragment_of(message.event):
                        self.callbacks.show(piece)
                    continue
                async with self._recording:
                    for fact in self.narration.told(message):
                        await self.callbacks.record(fact)
                self._note_calls(message)
                if self.narration.idle and self.narration.has_taken(self._sent):
                    break
        except StrangeMessage:
            raise
        except ClaudeSDKError:
            # After its last result it may end by itself.
            if not self.narration.has_taken(self._sent):
                raise
        except asyncio.CancelledError:
            # A run that is parked goes on from the program's own record.
            await finish_though_cancelled(_interrupt(client))
            raise
        finally:
            self._client = None
            await client.disconnect()

    async def tell(self, text: str, *, key: str) -> bool:
        """Sends a message into the work. False: there is no work to send it into."""
        client = self._client
        if client is None:
            return False
        await self.callbacks.record(AgentTold(text=text, why="message", message=key))
        await self._send(client, text)
        return True

    async def _send(self, client: ClaudeSDKClient, text: str, images: Sequence[Image] = ()) -> None:
        number = str(uuid.uuid4())
        self._sent.add(number)
        await client.query(_one(_user_message(number, text, images)))

    def _note_calls(self, message: object) -> None:
        for block in cast("list[object]", getattr(message, "content", None) or []):
            key = getattr(block, "id", None)
            if isinstance(key, str):
                self._seen.setdefault(key, asyncio.Event()).set()

    async def _before_call(
        self, asked: HookInput, key: str | None, _context: HookContext
    ) -> HookJSONOutput:
        """The hook before each call. It denies, or says nothing: the program asks then as usual.

        A program that never asks would refuse then, so it is told what is allowed.
        """
        call = cast("Mapping[str, Any]", asked)
        tool, given = str(call.get("tool_name")), cast("dict[str, Any]", call.get("tool_input"))
        call_id = key or ""
        decision = await self._permitted(tool, given, call_id)
        if decision is not None and not decision.allowed:
            return _ruled("deny", f"not allowed: {decision.text}".rstrip(": "))
        self._allowed.add(_call_key(tool, given))
        await self._record_start(call_id, tool, given)
        return {} if self.asks or tool == ASKS else _ruled("allow", "the policy allows it")

    async def _record_start(self, key: str, tool: str, given: Mapping[str, Any]) -> None:
        # The request overtakes the message that the call stands in.
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(SEEN_SECONDS):
                await self._seen.setdefault(key, asyncio.Event()).wait()
        async with self._recording:
            for fact in self.narration.complete():
                await self.callbacks.record(fact)
            await self.callbacks.record(ToolStarted(call=key, tool=tool, arguments=dict(given)))

    async def _can_use_tool(
        self, tool: str, given: dict[str, Any], context: ToolPermissionContext
    ) -> PermissionResultAllow | PermissionResultDeny:
        """Answers the program's own question for a permission, or one for a person."""
        key = context.tool_use_id or ""
        if tool == ASKS:
            return PermissionResultAllow(
                updated_input={**given, "answers": await self._answers(given, key)}
            )
        if _call_key(tool, given) in self._allowed:
            return PermissionResultAllow()
        decision = await self._permitted(tool, given, key)
        if decision is None or decision.allowed:
            return PermissionResultAllow()
        return PermissionResultDeny(message=f"not allowed: {decision.text}".rstrip(": "))

    async def _permitted(self, tool: str, given: Mapping[str, Any], key: str) -> Decision | None:
        request = permission_for(tool, given, key=f"{self.round}.{key}", own=self.own)
        return None if request is None else await self._ask(request)

    async def _answers(self, given: Mapping[str, Any], key: str) -> dict[str, str]:
        found: dict[str, str] = {}
        for question in questions_of(given, key=f"{self.round}.{key}"):
            decision = await self._ask(question.request)
            found[question.asked] = decision.text or NO_ANSWER
        return found

    async def _ask(self, request: Request) -> Decision:
        async with self.limit.paused():
            return await self.callbacks.ask(request)


def _ruled(decision: Literal["allow", "deny"], reason: str) -> HookJSONOutput:
    return {
        "hookSpecificOutput": {
            "hookEventName": "PreToolUse",
            "permissionDecision": decision,
            "permissionDecisionReason": reason,
        }
    }


async def _connect(client: ClaudeSDKClient) -> None:
    try:
        await client.connect()
    except ClaudeSDKError:
        raise
    except Exception as error:
        raise CLIConnectionError(str(error)) from error


async def _understood(client: ClaudeSDKClient) -> AsyncIterator[Message]:
    try:
        async for message in client.receive_messages():
            yield message
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        # The SDK reads more fields than we check.
        raise StrangeMessage(str(error)) from error


async def _interrupt(client: ClaudeSDKClient) -> None:
    """Asks the program to stop what it does, so that its own record of it is whole."""
    # It may have ended, or not have begun.
    with contextlib.suppress(ClaudeSDKError, TimeoutError):
        async with asyncio.timeout(INTERRUPT_SECONDS):
            await client.interrupt()


async def _one(message: dict[str, Any]) -> AsyncIterator[dict[str, Any]]:
    yield message


def _user_message(number: str, text: str, images: Sequence[Image]) -> dict[str, Any]:
    shown = [
        {
            "type": "image",
            "source": {"type": "base64", "media_type": each.media_type, "data": each.data},
        }
        for each in images
    ]
    return {
        "type": "user",
        "uuid": number,
        "message": {"role": "user", "content": [*shown, {"type": "text", "text": text}]},
        "parent_tool_use_id": None,
        "session_id": "default",
    }


def _call_key(tool: str, given: Mapping[str, Any]) -> str:
    return f"{tool} {json.dumps(given, sort_keys=True)}"
