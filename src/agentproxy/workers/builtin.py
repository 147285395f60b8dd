"""Our own agent as a worker: one among others."""

import asyncio
import time
from collections.abc import Sequence
from dataclasses import dataclass
from types import TracebackType
from typing import Literal

from agentproxy.agent.loop import Agent, Allowed
from agentproxy.agent.reduce import reduce, replay
from agentproxy.agent.state import AgentEnding, AgentLimits
from agentproxy.events.agent import AgentTold
from agentproxy.events.conversation import ToolCall, UserMessage
from agentproxy.events.requests import Request
from agentproxy.events.work import WorkerEnded
from agentproxy.models.port import BudgetSpent, Model, ModelError, PromptTooLong
from agentproxy.tools.port import Bench, Permission
from agentproxy.tools.registry import coding_tools
from agentproxy.workers.port import Brief, WorkerCallbacks, WorkerError
from agentproxy.workspace.sandbox.port import Sandbox

ENDINGS: dict[AgentEnding | Literal["too_long"], str] = {
    "finished": "it says that it is done",
    "turns": "its turns were spent",
    "budget": "its tokens were spent",
    "cut_off": "its answers were cut off again and again",
    "refused": "the model refused to go on",
    "too_long": "its conversation does not fit into the model's context any more",
}
MAX_LAST_WORDS_CHARACTERS = 4000


class BuiltinWorker:
    """Works with a model and a few tools in its own clone; a killed one goes on from its facts."""

    def __init__(
        self, model: Model, *, sandbox: Sandbox, limits: AgentLimits | None = None
    ) -> None:
        self._model = model
        self._sandbox = sandbox
        self._limits = limits or AgentLimits()
        self._told: list[str] = []

    @property
    def name(self) -> str:
        """The name that a person chooses it by."""
        return "builtin"

    def grants(self) -> Sequence[str]:
        """Its model, and nothing beyond its tree."""
        return (f"model {self._model.name}",)

    async def message(self, text: str) -> bool:
        """Heard before the model's next answer."""
        self._told.append(text)
        return True

    async def work(self, brief: Brief, line: WorkerCallbacks) -> WorkerEnded:
        """Hold the conversation of a round, from where it stands.

        Raises:
            WorkerError: the model does not answer.
        """
        clock = _Clock(brief.seconds)
        state = replay(brief.past)
        agent = Agent(
            state=state,
            model=self._model,
            tools=coding_tools(),
            bench=Bench(
                tree=brief.place.tree,
                place=brief.place,
                sandbox=self._sandbox,
                home=brief.home,
                show=line.show,
            ),
            record=line.record,
            allowed=clock.apart_from(_PermissionDesk(brief, line).allowed),
            limits=self._limits,
            told=self._told,
        )
        if not state.messages:
            told = AgentTold(text=brief.text)
            await line.record(told)
            reduce(state, told)
        first = state.messages[0]
        if brief.images and isinstance(first, UserMessage):
            state.messages[0] = UserMessage(parts=(*brief.images, *first.parts))
        ending: AgentEnding | Literal["too_long"] | None = None
        broke = ""
        try:
            async with clock:
                ending = await agent.run()
        except TimeoutError:
            pass
        except BudgetSpent as error:
            broke = str(error)
        except ModelError as error:
            if not (isinstance(error, PromptTooLong) and state.turn):
                raise WorkerError(
                    f"the model {self._model.name}: {error}", cure=error.cure
                ) from error
            ending = "too_long"
        finally:
            await self._model.close()
        return WorkerEnded(
            round=brief.round,
            claims=ending == "finished",
            reason=broke or (ENDINGS[ending] if ending else "its time was up"),
            seconds=clock.taken,
            output=agent.state.last_words[-MAX_LAST_WORDS_CHARACTERS:],
            out_of_time=ending is None and not broke,
            out_of_money=bool(broke),
        )


@dataclass(frozen=True, slots=True)
class _PermissionDesk:
    """Asks whether a call may run."""

    brief: Brief
    line: WorkerCallbacks

    async def allowed(self, call: ToolCall, leave: Permission) -> str:
        """Why a call may not run, or nothing."""
        decision = await self.line.ask(
            Request(
                id=f"{self.brief.round}.{call.id}",
                kind="permission",
                text=f"{leave.action} {leave.subject}",
                action=leave.action,
                subject=leave.subject,
                told=True,
            )
        )
        return "" if decision.allowed else f"not allowed: {decision.text}".rstrip(": ")


class _Clock:
    """The agent's time, which stands still while somebody decides whether a call may run."""

    def __init__(self, seconds: float) -> None:
        self._left = seconds
        self._began = time.monotonic()
        self._stood = 0.0
        self._stopped = 0.0
        self._deciding = 0
        self._timeout = asyncio.timeout(seconds)

    async def __aenter__(self) -> None:
        await self._timeout.__aenter__()

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self._timeout.__aexit__(kind, error, trace)

    @property
    def taken(self) -> float:
        """Seconds of its own so far."""
        return time.monotonic() - self._began - self._stood

    def apart_from(self, allowed: Allowed) -> Allowed:
        """The same, and what it takes is not counted."""

        async def uncounted(call: ToolCall, leave: Permission) -> str:
            self._stop()
            try:
                return await allowed(call, leave)
            finally:
                self._go_on()

        return uncounted

    def _stop(self) -> None:
        self._deciding += 1
        if self._deciding == 1:
            self._stopped = time.monotonic()
            self._timeout.reschedule(None)

    def _go_on(self) -> None:
        self._deciding -= 1
        if self._deciding:
            return
        self._stood += time.monotonic() - self._stopped
        if not self._timeout.expired():
            left = max(self._left - self.taken, 0.0)
            self._timeout.reschedule(asyncio.get_running_loop().time() + left)
