"""Our own agent as a worker: one among others."""

import asyncio
import time
from collections.abc import Sequence

from agentproxy.agent.loop import Agent
from agentproxy.agent.reduce import reduce, replay
from agentproxy.agent.state import Ending, Limits
from agentproxy.events.agent import AgentTold
from agentproxy.events.conversation import ToolCall, UserMessage
from agentproxy.events.desk import Request
from agentproxy.models.port import BudgetSpent, Model, ModelError
from agentproxy.tools.port import Bench, Leave
from agentproxy.tools.registry import coding_tools
from agentproxy.workers.port import Brief, Capabilities, Line, WorkEnded, WorkerError
from agentproxy.workspace.sandbox import Sandbox

ENDINGS: dict[Ending, str] = {
    "finished": "it says that it is done",
    "turns": "its turns were spent",
    "budget": "its tokens were spent",
    "cut off": "its answers were cut off again and again",
    "refused": "the model refused to go on",
}
KEPT = 4000


class BuiltinWorker:
    """Works with a model and a few tools in its own clone; a killed one goes on from its facts."""

    def __init__(self, model: Model, *, sandbox: Sandbox, limits: Limits | None = None) -> None:
        self._model = model
        self._sandbox = sandbox
        self._limits = limits or Limits()
        self._told: list[str] = []

    @property
    def name(self) -> str:
        """The name that a person chooses it by."""
        return "builtin"

    @property
    def capabilities(self) -> Capabilities:
        """It asks leave for every call, hears what it is told, and goes on where it was."""
        return Capabilities(asks=True, takes_messages=True, resumes=True)

    def grants(self) -> Sequence[str]:
        """Its model, and nothing beyond its tree."""
        return (f"model {self._model.name}",)

    async def message(self, text: str) -> bool:
        """Heard before the model's next answer."""
        self._told.append(text)
        return True

    async def work(self, brief: Brief, line: Line) -> WorkEnded:
        """Hold the conversation of a round, from where it stands.

        Raises:
            WorkerError: the model does not answer.
        """
        began = time.monotonic()
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
            allowed=lambda call, leave: _allowed(call, leave, brief=brief, line=line),
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
        ending: Ending | None = None
        broke = ""
        try:
            async with asyncio.timeout(brief.seconds):
                ending = await agent.run()
        except TimeoutError:
            pass
        except BudgetSpent as error:
            broke = str(error)
        except ModelError as error:
            raise WorkerError(f"the model {self._model.name}: {error}", cure=error.cure) from error
        finally:
            await self._model.close()
        return WorkEnded(
            claims=ending == "finished",
            reason=broke or (ENDINGS[ending] if ending else "its time was up"),
            seconds=time.monotonic() - began,
            output=agent.state.last_words[-KEPT:],
            out_of_time=ending is None and not broke,
            out_of_money=bool(broke),
        )


async def _allowed(call: ToolCall, leave: Leave, *, brief: Brief, line: Line) -> str:
    """Why a call may not run, or nothing."""
    decision = await line.ask(
        Request(
            id=f"{brief.round}.{call.id}",
            kind="permission",
            text=f"{leave.action} {leave.subject}",
            action=leave.action,
            subject=leave.subject,
            told=True,
        )
    )
    return "" if decision.allowed else f"not allowed: {decision.text}".rstrip(": ")
