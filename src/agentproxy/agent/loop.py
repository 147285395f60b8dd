"""The agent's loop: asks the model, runs its tools, and records each before the next."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from importlib.resources import files

from agentproxy.agent.reduce import due, reduce
from agentproxy.agent.state import (
    AgentEnding,
    AgentLimits,
    AskModel,
    Continue,
    Conversation,
    Effect,
    Finish,
    RunTool,
)
from agentproxy.events.agent import AgentTold, ModelAnswered, ToolFinished, ToolStarted
from agentproxy.events.conversation import ToolCall
from agentproxy.events.envelope import Fact
from agentproxy.models.port import Fragment, Model, Prompt
from agentproxy.tools.port import ERROR, BadArguments, Bench, Permission
from agentproxy.tools.registry import Registry

Record = Callable[[Fact], Awaitable[None]]
Allowed = Callable[[ToolCall, Permission], Awaitable[str]]
GO_ON = (
    "[Your previous response was cut off at the token limit. "
    "Please continue from where you left off.]"
)
HURRY = (
    "\n\nYou have only a few answers left: finish what you are doing, start nothing new, and "
    "end with a summary."
)
LAST = "\n\nThis is your last answer, and it has no tools: say what is done and what is not."
UNKNOWN = (
    f"{ERROR}outcome unknown: the tool had started and was cut off. It may have done all, part or "
    "nothing of its work; look before you go on."
)


@dataclass
class Agent:
    """One conversation and what it is held with. `allowed` gives the reason of a refusal, or ""."""

    state: Conversation
    model: Model
    tools: Registry
    bench: Bench
    record: Record
    allowed: Allowed
    limits: AgentLimits = field(default_factory=AgentLimits)
    told: list[str] = field(default_factory=list[str])

    async def run(self) -> AgentEnding:
        """Go on until the model is done or a limit is reached.

        Raises:
            ModelError: the model does not answer.
        """
        await self._settle_what_was_cut_off()
        while True:
            effects = due(self.state, self.limits)
            for effect in effects:
                if isinstance(effect, Finish):
                    return effect.how
            if len(effects) == 1:
                await self._perform(effects[0])
                continue
            async with asyncio.TaskGroup() as group:
                for effect in effects:
                    group.create_task(self._perform(effect))

    async def _settle_what_was_cut_off(self) -> None:
        for call in [call for call in self.state.open if call in self.state.started]:
            if call not in self.state.results:
                await self._note(ToolFinished(call=call, text=UNKNOWN, failed=True, unknown=True))

    async def _perform(self, effect: Effect) -> None:
        match effect:
            case AskModel():
                await self._ask(effect)
            case RunTool():
                await self._run_tool(effect.call)
            case Continue():
                await self._note(AgentTold(text=GO_ON, why="continue"))
            case Finish():
                return

    async def _ask(self, effect: AskModel) -> None:
        while self.told:
            await self._note(AgentTold(text=self.told.pop(0), why="message"))
        system = instructions() + (LAST if effect.final else HURRY if effect.hurry else "")
        prompt = Prompt(
            system=system,
            messages=self.state.messages,
            tools=() if effect.final else self.tools.specs,
            max_output=self.limits.output,
        )
        answer = await self.model.answer(prompt, show=self._show)
        await self._note(
            ModelAnswered(
                turn=effect.turn,
                message=answer.message,
                stop=answer.stop,
                usage=answer.usage,
                model=answer.model,
                final=effect.final,
            )
        )

    async def _run_tool(self, call: ToolCall) -> None:
        text = await self._refusal(call)
        if not text:
            await self._note(ToolStarted(call=call.id, tool=call.name, arguments=call.arguments))
            text = await self._outcome(call)
        failed = text.startswith(ERROR)
        await self._note(ToolFinished(call=call.id, text=text, failed=failed))

    async def _refusal(self, call: ToolCall) -> str:
        """Why the call is not run, or nothing."""
        tool = self.tools.find(call.name)
        if tool is None:
            return f"{ERROR}Unknown tool: {call.name}"
        if call.invalid:
            return f"{ERROR}the arguments cannot be used: {call.invalid}"
        try:
            leave = tool.permission(call.arguments)
        except BadArguments as error:
            return f"{ERROR}{error}"
        reason = await self.allowed(call, leave) if leave.action else ""
        return f"{ERROR}{reason}" if reason else ""

    async def _outcome(self, call: ToolCall) -> str:
        tool = self.tools.find(call.name)
        if tool is None:
            raise ValueError(f"the tool {call.name} was there a moment ago")
        try:
            return await tool.run(call.arguments, self.bench)
        except BadArguments as error:
            return f"{ERROR}{error}"

    def _show(self, fragment: Fragment) -> None:
        self.bench.show(fragment.text)

    async def _note(self, fact: Fact) -> None:
        await self.record(fact)
        reduce(self.state, fact)


def instructions() -> str:
    """What the model is told of its work, whatever the task."""
    return files("agentproxy.agent").joinpath("prompts/system.md").read_text(encoding="utf-8")
