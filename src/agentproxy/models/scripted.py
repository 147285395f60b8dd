"""A model that follows a script: an adapter for tests and rehearsals, without a vendor."""

import asyncio
from collections.abc import Sequence
from typing import Literal

from pydantic import Field, JsonValue, TypeAdapter, ValidationError

from agentproxy.events.conversation import AssistantMessage, StopReason, Text, ToolCall, Usage
from agentproxy.events.envelope import FrozenModel, first_fault
from agentproxy.models.port import (
    Fragment,
    ModelAnswer,
    ModelRefused,
    ModelUnavailable,
    Prompt,
    PromptTooLong,
    Show,
)

CURE = (
    'write the script as a JSON list of turns such as {"text": "I look", "calls": '
    '[{"name": "bash", "arguments": {"command": "ls"}}]}'
)
_CHARACTERS_PER_TOKEN = 4  # for turns without `usage`


class ScriptedCall(FrozenModel):
    name: str
    arguments: dict[str, JsonValue] = Field(default_factory=dict)
    faulty: str = ""


class Turn(FrozenModel):
    """One answer of the script, or one fault."""

    text: str = ""
    calls: tuple[ScriptedCall, ...] = ()
    stop: StopReason | None = None
    usage: Usage | None = None
    expect: str = ""  # a text that the newest message must hold
    # A turn with `on` is outside the sequence. It answers every prompt that has this text in its
    # system text or its newest message.
    on: str = ""
    seconds: float = Field(default=0, ge=0, le=3600)
    fault: Literal["", "unavailable", "refused", "too_long"] = ""


SCRIPT: TypeAdapter[list[Turn]] = TypeAdapter(list[Turn])


def parse_model_script(data: bytes, *, source: str) -> list[Turn]:
    """Parses a script. Raises ModelRefused, which names `source`, if it is not a list of turns."""
    try:
        return SCRIPT.validate_json(data)
    except ValidationError as error:
        where, problem = first_fault(error)
        raise ModelRefused(f"{source}: {where}: {problem}", cure=CURE) from error


class ScriptedModel:
    """Answers with the turns of a script."""

    # The next turn follows from the number of answers in the conversation, not from a counter
    # here: so a run continues at the right turn after a kill.

    def __init__(self, name: str, script: Sequence[Turn]) -> None:
        self._name = name
        self._script = [turn for turn in script if not turn.on]
        self._replies = [turn for turn in script if turn.on]
        self._said: list[Turn] = []

    @property
    def name(self) -> str:
        return self._name

    @property
    def unused(self) -> list[Turn]:
        """The turns that were never asked for."""
        said = {id(turn) for turn in self._said}
        return [turn for turn in (*self._script, *self._replies) if id(turn) not in said]

    async def answer(self, prompt: Prompt, *, show: Show) -> ModelAnswer:
        """See `Model`. Raises ModelRefused also if the script has ended."""
        number = sum(message.role == "assistant" for message in prompt.messages)
        newest = prompt.messages[-1].model_dump_json()
        turn = self._turn(prompt)
        self._said.append(turn)
        await asyncio.sleep(turn.seconds)
        if turn.expect not in newest:
            raise ModelRefused(f"turn {number + 1} expects {turn.expect!r}, but got {newest[:300]}")
        _raise(turn)
        if turn.text:
            show(Fragment("text", turn.text))
        calls = tuple(
            ToolCall(
                id=f"call-{number + 1}-{place}",
                name=call.name,
                arguments=call.arguments,
                invalid=call.faulty,
            )
            for place, call in enumerate(turn.calls, start=1)
        )
        parts = (*([Text(text=turn.text)] if turn.text else []), *calls)
        return ModelAnswer(
            message=AssistantMessage(parts=parts),
            stop=turn.stop or ("tools" if calls else "end"),
            usage=turn.usage or _estimated(prompt, turn),
            model=self._name,
        )

    async def close(self) -> None:
        """Nothing is open."""

    def _turn(self, prompt: Prompt) -> Turn:
        asked, number = "", 0
        for message in prompt.messages:
            if message.role == "assistant":
                number += self._reply(prompt, asked) is None
            asked = message.model_dump_json()
        reply = self._reply(prompt, asked)
        if reply is None and number >= len(self._script):
            raise ModelRefused(f"the script of {self._name} has no turn {number + 1}", cure=CURE)
        return reply or self._script[number]

    def _reply(self, prompt: Prompt, asked: str) -> Turn | None:
        heard = f"{prompt.system}\n{asked}"
        return next((turn for turn in self._replies if turn.on in heard), None)


def _raise(turn: Turn) -> None:
    match turn.fault:
        case "unavailable":
            raise ModelUnavailable("the script says: overloaded")
        case "refused":
            raise ModelRefused("the script says: refused")
        case "too_long":
            raise PromptTooLong("the script says: too long")
        case "":
            return


def _estimated(prompt: Prompt, turn: Turn) -> Usage:
    said = len(prompt.system) + sum(len(each.model_dump_json()) for each in prompt.messages)
    return Usage(
        input=said // _CHARACTERS_PER_TOKEN,
        output=len(turn.model_dump_json()) // _CHARACTERS_PER_TOKEN,
    )
