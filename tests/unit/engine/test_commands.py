"""Commands of the inbox, each against a run that stands so."""

import asyncio

import pytest
from support.story import Story, began, events

from agentproxy.engine.commands import CommandHandler, fact_of
from agentproxy.engine.requests import Desk
from agentproxy.events.commands import (
    Answer,
    Approve,
    Command,
    Deny,
    Interrupt,
    RaiseCeiling,
    SendMessage,
    StopRun,
)
from agentproxy.events.envelope import CommandId, Fact
from agentproxy.events.requests import (
    CommandIgnored,
    Decision,
    MessageReceived,
    Request,
    RequestDecided,
    RequestMade,
    RequestReferred,
)
from agentproxy.events.run import CeilingRaised, RunEnded, RunParked
from agentproxy.supervisor.effects import SUPERVISED

QUESTION = RequestMade(request=Request(id="q", kind="question", text="Which?"))
LEAVE = RequestMade(request=Request(id="p", kind="permission", text="run x", action="run"))
OVER = RunEnded(verdict="verified", reason="proven")


def decided(request: str, *, allowed: bool, text: str = "") -> Fact:
    decision = Decision(request=request, allowed=allowed, by="human", text=text)
    return RequestDecided(decision=decision)


def ignored(command: str, reason: str) -> Fact:
    return CommandIgnored(command=command, reason=reason)


TABLE: list[tuple[tuple[Fact, ...], Command, Fact]] = [
    ((QUESTION,), Answer(text="That"), decided("q", allowed=True, text="That")),
    ((QUESTION,), Answer(text="That", request="q"), decided("q", allowed=True, text="That")),
    ((LEAVE,), Approve(), decided("p", allowed=True)),
    ((LEAVE,), Deny(reason="no"), decided("p", allowed=False, text="no")),
    (
        (LEAVE,),
        Answer(text="yes"),
        ignored("answer", "a permission needs pa approve or pa deny, not an answer"),
    ),
    ((), Approve(), ignored("approve", "no request is open")),
    ((LEAVE,), Approve(request="z"), ignored("approve", "request 'z' is not open")),
    ((LEAVE, QUESTION), Approve(), ignored("approve", "several requests are open: name one")),
    ((), SendMessage(text="hi"), MessageReceived(message="command:7", text="hi")),
    ((), Interrupt(), RunParked(why="interrupted", reason="interrupted by a person")),
    ((), StopRun(), RunEnded(verdict="unverified", reason="stopped by a person", stopped=True)),
    ((), RaiseCeiling(budget=2.0), CeilingRaised(budget=2.0)),
    ((OVER,), StopRun(), ignored("stop", "the run is over")),
    ((OVER,), Interrupt(), ignored("interrupt", "the run is over")),
    ((OVER,), RaiseCeiling(budget=2.0), ignored("raise_ceiling", "the run is over")),
    ((OVER,), SendMessage(text="hi"), ignored("message", "the run is over")),
]


@pytest.mark.parametrize(("past", "command", "wanted"), TABLE)
def test_what_a_command_becomes(past: tuple[Fact, ...], command: Command, wanted: Fact) -> None:
    assert fact_of(command, CommandId(7), SUPERVISED.replay(events(*past))) == wanted


def test_a_command_is_followed_once_and_an_old_interrupt_not_at_all() -> None:
    story = Story()

    async def play() -> None:
        handler = CommandHandler(story.recorder)
        await handler.handle_backlog(CommandId(1), Interrupt(generation=1), generation=2)
        await handler.handle_backlog(CommandId(2), RaiseCeiling(budget=1.0), generation=2)
        await handler.handle(CommandId(2), RaiseCeiling(budget=1.0))

    asyncio.run(play())
    wanted = ignored("interrupt", "the segment that it interrupts is over")
    assert story.facts == [wanted, CeilingRaised(budget=1.0)]
    assert [draft.cause for draft in story.drafts] == ["command:1", "command:2"]


def rule(request: Request) -> Decision | str:
    if request.subject == "ls":
        return Decision(request=request.id, allowed=True, by="policy")
    return "it is not known"


def ask(story: Story, request: Request, *commands: Command) -> Decision:
    async def play() -> Decision:
        desk = Desk(story.recorder, rule=rule)
        asking = asyncio.create_task(desk.ask(request))
        await asyncio.sleep(0.01)
        handler = CommandHandler(story.recorder)
        for number, command in enumerate(commands, start=len(story.facts)):
            await handler.handle(CommandId(number), command)
        return await asyncio.wait_for(asking, 1)

    return asyncio.run(play())


def test_a_rule_decides_at_once_and_a_human_is_asked_the_same_thing_once() -> None:
    story = Story(began())
    known = Request(id="1", kind="permission", text="run ls", action="run", subject="ls")
    assert ask(story, known).by == "policy"
    other = Request(id="1", kind="permission", text="run x", action="run", subject="x")
    assert ask(story, other, Approve()).by == "human"
    again = ask(story, other)
    assert (again.by, again.request) == ("human", "1-3")
    referred = [fact for fact in story.facts if isinstance(fact, RequestReferred)]
    assert referred == [RequestReferred(request="1-2", reason="it is not known")]


def test_a_request_that_is_made_again_takes_the_place_of_the_open_one() -> None:
    again = RequestMade(request=QUESTION.request.model_copy(update={"id": "q-2"}))
    state = SUPERVISED.replay(events(QUESTION, again))
    assert [request.id for request in state.dialogue.open_requests()] == ["q-2"]
