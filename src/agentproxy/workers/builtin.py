"""Our own agent as a worker."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal

from agentproxy.agent.parts import AgentParts
from agentproxy.agent.run import converse, recorder_within, resume_conversation
from agentproxy.agent.state import AgentEnding, AgentLimits, Conversation
from agentproxy.engine.recorder import Recorder
from agentproxy.events.agent import AgentTold
from agentproxy.events.conversation import ToolCall
from agentproxy.events.envelope import Fact
from agentproxy.events.requests import Request
from agentproxy.events.work import WorkerEnded
from agentproxy.models.port import BudgetSpent, Model, ModelError, PromptTooLong
from agentproxy.tools.port import Bench, KeptBench, Permission
from agentproxy.tools.registry import coding_tools
from agentproxy.workers.pausable_timeout import PausableTimeout
from agentproxy.workers.port import Brief, WorkerCallbacks, WorkerError
from agentproxy.workspace.sandbox.port import Sandbox

ENDINGS: dict[AgentEnding | Literal["too_long"], str] = {
    "finished": "it says that it is done",
    "turns": "it used all its turns",
    "budget": "it used all its tokens",
    "cut_off": "its answers were cut off too often",
    "refused": "the model refused to continue",
    "too_long": "its conversation no longer fits into the model's context",
}
MAX_LAST_WORDS_CHARACTERS = 4000


class BuiltinWorker:
    """Works with a model and a few tools in its own clone."""

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
        return "builtin"

    @property
    def claims_by(self) -> str:
        return "answer without calling a tool"

    @property
    def goes_on_from_facts(self) -> bool:
        return True

    @property
    def opens_session(self) -> bool:
        return False

    def grants(self) -> Sequence[str]:
        return (f"model {self._model.name}",)

    async def message(self, text: str, *, key: str) -> bool:
        recorder = self._recorder
        if recorder is None:
            return False

        def tell(state: Conversation) -> Sequence[Fact]:
            # A kill between two records can deliver a message twice. It is told once.
            known = key in state.told
            return () if known else (AgentTold(text=text, why="message", message=key),)

        await recorder.decide(tell)
        return True

    async def work(self, brief: Brief, callbacks: WorkerCallbacks) -> WorkerEnded:
        """Holds the conversation of a round. Raises WorkerError if the model does not answer."""
        limit = PausableTimeout(brief.seconds, now=self._now)
        # An attempt that was killed continues from the facts that it recorded.
        state = resume_conversation(brief.past, Conversation(limits=self._limits))
        recorder = recorder_within(state, callbacks.record)
        bench = Bench(
            tree=brief.place.tree,
            place=brief.place,
            sandbox=self._sandbox,
            home=brief.home,
            show=callbacks.show,
            variables=lambda: brief.joining.variables,
        )
        parts = AgentParts(
            model=self._model,
            tools=coding_tools(),
            bench=KeptBench(lambda: bench),
            allow=_PermissionDesk(brief, callbacks, limit).allow,
            images=brief.images,
        )
        if not state.messages:
            await recorder.record(AgentTold(text=brief.text))
        ending: AgentEnding | Literal["too_long"] | None = None
        out_of_money = ""
        self._recorder = recorder
        try:
            async with limit:
                await converse(recorder, parts, show=callbacks.show)
            ending = state.ending
        except TimeoutError:
            pass
        except BudgetSpent as error:
            out_of_money = str(error)
        except ModelError as error:
            # A first prompt that is too long is an error of the setup. A later one ends the work so
            # far.
            if not (isinstance(error, PromptTooLong) and state.turn):
                raise WorkerError(
                    f"the model {self._model.name}: {error}", cure=error.cure
                ) from error
            ending = "too_long"
        finally:
            self._recorder = None
            await self._model.close()
        return WorkerEnded(
            round=brief.round,
            claims=ending == "finished",
            reason=out_of_money or (ENDINGS[ending] if ending else "its time was up"),
            seconds=limit.taken,
            output=state.last_words[-MAX_LAST_WORDS_CHARACTERS:],
            out_of_time=ending is None and not out_of_money,
            out_of_money=bool(out_of_money),
        )


@dataclass(frozen=True, slots=True)
class _PermissionDesk:
    """Asks for permission to run a call, while the time limit pauses."""

    brief: Brief
    callbacks: WorkerCallbacks
    limit: PausableTimeout

    async def allow(self, call: ToolCall, permission: Permission) -> str:
        request = Request(
            id=f"{self.brief.round}.{call.id}",
            kind="permission",
            text=f"{permission.action} {permission.subject}",
            action=permission.action,
            subject=permission.subject,
            told=True,
        )
        async with self.limit.paused():
            decision = await self.callbacks.ask(request)
        return "" if decision.allowed else f"not allowed: {decision.text}".rstrip(": ")
