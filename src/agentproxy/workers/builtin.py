"""Our own agent as a worker: one among others."""

import asyncio
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from types import TracebackType
from typing import Literal

from agentproxy.agent.parts import AgentParts, AllowCall
from agentproxy.agent.run import converse, recorder_within, resume_conversation
from agentproxy.agent.state import AgentEnding, AgentLimits, Conversation
from agentproxy.engine.recorder import Recorder
from agentproxy.events.agent import AgentTold
from agentproxy.events.conversation import ToolCall
from agentproxy.events.envelope import Fact
from agentproxy.events.requests import Request
from agentproxy.models.port import BudgetSpent, Model, ModelError, PromptTooLong
from agentproxy.tools.port import Bench, Permission
from agentproxy.tools.registry import coding_tools
from agentproxy.workers.port import Brief, WorkEnded, WorkerCallbacks, WorkerError
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
        self,
        model: Model,
        *,
        sandbox: Sandbox,
        limits: AgentLimits | None = None,
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        self._model = model
        self._sandbox = sandbox
        self._limits = limits or AgentLimits()
        self._now = now
        self._recorder: Recorder[Conversation] | None = None

    @property
    def name(self) -> str:
        """The name that a person chooses it by."""
        return "builtin"

    def grants(self) -> Sequence[str]:
        """Its model, and nothing beyond its tree."""
        return (f"model {self._model.name}",)

    async def message(self, text: str, *, key: str) -> bool:
        """Record it in the conversation, once; the model's next answer follows it."""
        recorder = self._recorder
        if recorder is None:
            return False

        def tell(state: Conversation) -> Sequence[Fact]:
            known = key in state.told
            return () if known else (AgentTold(text=text, why="message", message=key),)

        await recorder.decide(tell)
        return True

    async def work(self, brief: Brief, line: WorkerCallbacks) -> WorkEnded:
        """Hold the conversation of a round, from where it stands.

        Raises:
            WorkerError: the model does not answer.
        """
        clock = _Clock(brief.seconds, now=self._now)
        state = resume_conversation(brief.past, Conversation(limits=self._limits))
        recorder = recorder_within(state, line.record)
        parts = AgentParts(
            model=self._model,
            tools=coding_tools(),
            bench=Bench(
                tree=brief.place.tree,
                place=brief.place,
                sandbox=self._sandbox,
                home=brief.home,
                show=line.show,
            ),
            allow=clock.apart_from(_PermissionDesk(brief, line).allow),
            images=brief.images,
        )
        if not state.messages:
            await recorder.record(AgentTold(text=brief.text))
        ending: AgentEnding | Literal["too_long"] | None = None
        out_of_money = ""
        self._recorder = recorder
        try:
            async with clock:
                await converse(recorder, parts, show=line.show)
            ending = state.ending
        except TimeoutError:
            pass
        except BudgetSpent as error:
            out_of_money = str(error)
        except ModelError as error:
            if not (isinstance(error, PromptTooLong) and state.turn):
                raise WorkerError(
                    f"the model {self._model.name}: {error}", cure=error.cure
                ) from error
            ending = "too_long"
        finally:
            self._recorder = None
            await self._model.close()
        return WorkEnded(
            claims=ending == "finished",
            reason=out_of_money or (ENDINGS[ending] if ending else "its time was up"),
            seconds=clock.taken,
            output=state.last_words[-MAX_LAST_WORDS_CHARACTERS:],
            out_of_time=ending is None and not out_of_money,
            out_of_money=bool(out_of_money),
        )


@dataclass(frozen=True, slots=True)
class _PermissionDesk:
    """Asks whether a call may run."""

    brief: Brief
    line: WorkerCallbacks

    async def allow(self, call: ToolCall, permission: Permission) -> str:
        """Why a call may not run, or nothing."""
        decision = await self.line.ask(
            Request(
                id=f"{self.brief.round}.{call.id}",
                kind="permission",
                text=f"{permission.action} {permission.subject}",
                action=permission.action,
                subject=permission.subject,
                told=True,
            )
        )
        return "" if decision.allowed else f"not allowed: {decision.text}".rstrip(": ")


class _Clock:
    """The agent's time, which stands still while somebody decides whether a call may run."""

    def __init__(self, seconds: float, *, now: Callable[[], float]) -> None:
        self._left = seconds
        self._now = now
        self._began = now()
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
        return self._now() - self._began - self._stood

    def apart_from(self, allowed: AllowCall) -> AllowCall:
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
            self._stopped = self._now()
            self._timeout.reschedule(None)

    def _go_on(self) -> None:
        self._deciding -= 1
        if self._deciding:
            return
        self._stood += self._now() - self._stopped
        if not self._timeout.expired():
            left = max(self._left - self.taken, 0.0)
            self._timeout.reschedule(asyncio.get_running_loop().time() + left)
