"""A message of a person reaches a worker once: at work, or with the next brief."""

import asyncio
from pathlib import Path

import pytest
from support.repositories import sandbox
from support.story import PREPARED, after, began, judged, stopped

from agentproxy.events.agent import AgentTold, ModelAnswered, ToolFinished
from agentproxy.events.conversation import AssistantMessage, Text, ToolCall, Usage, UserMessage
from agentproxy.events.envelope import Fact
from agentproxy.events.requests import Decision, MessageDelivered, MessageReceived, Request
from agentproxy.events.run import DecisionMade, RunParked
from agentproxy.models.port import ModelAnswer, Prompt
from agentproxy.supervisor.brief import write_brief
from agentproxy.workers.builtin import BuiltinWorker
from agentproxy.workers.port import Brief, WorkerCallbacks
from agentproxy.workspace.environment.job_layout import JobLayout

TABS = MessageReceived(message="m1", text="Use tabs")
UNHEARD = MessageDelivered(message="m1", heard=False)
AGAIN = (stopped(), judged("refuted"), DecisionMade(round=1, decision="again", reason=""))


def told(*facts: Fact) -> bool:
    return "Use tabs" in write_brief(after(*PREPARED, *facts), directory=".", claims_by="end")


@pytest.mark.parametrize(
    ("facts", "stands"),
    [
        ((TABS,), True),
        ((began(), TABS, UNHEARD, *AGAIN), True),
        ((began(), TABS, *AGAIN), True),
        ((began(), TABS, MessageDelivered(message="m1", heard=True), *AGAIN), False),
        ((TABS, began(messages=("m1",)), *AGAIN), False),
        ((TABS, began(messages=("m1",)), stopped(out_of_time=True)), True),
        ((TABS, began(messages=("m1",)), RunParked(why="interrupted", reason="")), True),
    ],
    ids=[
        "before the work",
        "while a worker that cannot hear is at work",
        "while a worker is at work that ends before it is told",
        "heard",
        "carried by a brief",
        "carried by the brief of an attempt whose time was up",
        "carried by the brief of an attempt that was interrupted",
    ],
)
def test_the_next_brief_carries_what_no_worker_was_told(
    facts: tuple[Fact, ...], stands: bool
) -> None:
    assert told(*facts) is stands


class Answers:
    """A model that answers when it is let, and keeps what it was asked."""

    name = "answers"

    def __init__(self) -> None:
        self.prompts: list[Prompt] = []
        self.asked = asyncio.Event()
        self.free = asyncio.Event()

    async def answer(self, prompt: Prompt, *, show: object) -> ModelAnswer:
        del show
        self.prompts.append(Prompt(prompt.system, list(prompt.messages), prompt.tools))
        self.asked.set()
        await self.free.wait()
        return ModelAnswer(AssistantMessage(parts=(Text(text="Done."),)), "end", Usage(), "m")

    async def close(self) -> None: ...


def say(prompt: Prompt) -> str:
    last = prompt.messages[-1]
    assert isinstance(last, UserMessage)
    return " | ".join(part.text for part in last.parts if isinstance(part, Text))


def worker_and_brief(tmp_path: Path, model: Answers, *past: Fact) -> tuple[BuiltinWorker, Brief]:
    layout = JobLayout(root=str(tmp_path), cwd=str(tmp_path), env={})
    brief = Brief(
        run="r", round=1, text="Fix it", place=layout, home=tmp_path, seconds=60, past=past
    )
    return BuiltinWorker(model, sandbox=sandbox()), brief


def callbacks(facts: list[Fact]) -> WorkerCallbacks:
    async def record(fact: Fact) -> None:
        facts.append(fact)

    async def ask(request: Request) -> Decision:
        return Decision(request=request.id, allowed=True, by="policy")

    return WorkerCallbacks(ask=ask, record=record, show=lambda _: None)


def test_our_agent_records_a_message_when_it_is_told_and_answers_it(tmp_path: Path) -> None:
    facts: list[Fact] = []
    model = Answers()
    worker, brief = worker_and_brief(tmp_path, model)

    async def play() -> bool:
        model.asked, model.free = asyncio.Event(), asyncio.Event()
        working = asyncio.create_task(worker.work(brief, callbacks(facts)))
        await model.asked.wait()
        heard = await worker.message("Use tabs", key="m1")
        await worker.message("Use tabs", key="m1")
        model.free.set()
        assert (await working).claims
        return heard

    assert asyncio.run(play())
    assert [fact for fact in facts if isinstance(fact, AgentTold)][1:] == [
        AgentTold(text="Use tabs", why="message", message="m1")
    ]
    assert [say(prompt) for prompt in model.prompts] == ["Fix it", "Use tabs"]


def test_a_message_that_was_told_before_a_kill_is_in_what_the_model_is_asked_after_it(
    tmp_path: Path,
) -> None:
    call = ToolCall(id="a", name="think", arguments={"thought": "hm"})
    past: list[Fact] = [
        AgentTold(text="Fix it"),
        ModelAnswered(turn=1, message=AssistantMessage(parts=(call,)), stop="tools"),
        AgentTold(text="Use tabs", why="message", message="m1"),
        ToolFinished(call="a", text=""),
    ]

    model = Answers()
    model.free.set()
    worker, brief = worker_and_brief(tmp_path, model, *past)
    asyncio.run(worker.work(brief, callbacks([])))
    assert "Use tabs" in say(model.prompts[0])


def test_nobody_hears_while_nobody_works(tmp_path: Path) -> None:
    worker, _ = worker_and_brief(tmp_path, Answers())
    assert asyncio.run(worker.message("Use tabs", key="m1")) is False
