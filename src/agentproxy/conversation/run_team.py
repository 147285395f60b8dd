"""Follows teammates, carries mail between them and their lead, and has a teammate wait for work."""

import asyncio
from collections.abc import Sequence
from contextlib import suppress

from agentproxy.conversation.base import CHAT
from agentproxy.conversation.children import told_of
from agentproxy.conversation.mail import returned
from agentproxy.conversation.parts import ChatParts, ChildGone, Children, keep_awake
from agentproxy.conversation.state import Chat, Child
from agentproxy.conversation.team import (
    AnswerTeammate,
    DeliverToRun,
    FollowTeammate,
    StopTeammate,
    TellFeatures,
    TellMail,
    WaitForWork,
    WakeForMail,
    claim_text,
    inbox_text,
)
from agentproxy.engine.cancellation import finish_though_cancelled, first_to_end
from agentproxy.engine.context import Context
from agentproxy.events.chat import UserTurnEnded, UserTurnStarted
from agentproxy.events.commands import (
    Approve,
    CancelTurn,
    ChangeFeature,
    Command,
    DeliverMail,
    Deny,
    StopRun,
)
from agentproxy.events.envelope import Event, Fact, RunId
from agentproxy.events.requests import MessageReceived, Request, RequestMade
from agentproxy.events.run import RunEnded
from agentproxy.events.team import (
    LEAD,
    Mail,
    MailDelivered,
    MailRead,
    MailReceived,
    Retired,
    StopTold,
    TeammateAnswered,
    TeammateAsked,
    TeammateChanged,
    TeammateStatus,
    TeammateTold,
)
from agentproxy.tools.team.roster import CLAIM
from agentproxy.tools.team.team_file import write_team_file

IDLE_LIMIT = "no work came"


@CHAT.handles(FollowTeammate, instant=True)
async def follow(effect: FollowTeammate, context: Context[Chat, ChatParts]) -> Sequence[Fact]:
    child, children = context.state.children[effect.child], context.parts.children
    await children.begin(child)
    try:
        await first_to_end(_listen(child, context), keep_awake(RunId(child.run), children))
    except ChildGone as error:
        return [_changed(child, child.seen, status="shutdown", reason=str(error))]
    return []


async def _listen(child: Child, context: Context[Chat, ChatParts]) -> None:
    async for event in context.parts.children.events(RunId(child.run), after=child.seen):
        facts = await _told_of(event, child, context)
        # With the last fact of a teammate nobody follows it any more, and this is cancelled.
        await finish_though_cancelled(_record(facts, child, context))
        if isinstance(event.fact, Retired | RunEnded):
            return


async def _record(facts: Sequence[Fact], child: Child, context: Context[Chat, ChatParts]) -> None:
    if not facts:
        return
    # All at once: each says up to where the teammate's run was seen.
    await context.record(*facts)
    for fact in facts:
        if isinstance(fact, TeammateChanged):
            await _write_file(context)
            if fact.status == "shutdown":
                await context.parts.board.release(child.name, run=child.run)


async def _write_file(context: Context[Chat, ChatParts]) -> None:
    members = tuple(context.state.team.members.values())
    bench = await context.parts.bench()
    await asyncio.to_thread(write_team_file, bench.tree, members)


async def _told_of(event: Event, child: Child, context: Context[Chat, ChatParts]) -> Sequence[Fact]:
    match event.fact:
        case UserTurnStarted():
            return [_changed(child, event.seq, status="working")]
        case UserTurnEnded(error=error):
            changed = _changed(child, event.seq, status="idle", reason=error)
            told = [_news(child, event.seq, f"my turn failed: {error}")] if error else []
            return [*_unanswered(child, context.state), changed, *told]
        case Retired(reason=reason) | RunEnded(reason=reason):
            changed = _changed(child, event.seq, status="shutdown", reason=reason)
            told = [_news(child, event.seq, f"I have ended: {reason}")]
            return [*_unanswered(child, context.state), changed, *told]
        case RequestMade(request=request):
            return await _asked(child, event.seq, request=request, children=context.parts.children)
        case _:
            return told_of(event, child)


def _changed(
    child: Child, seen: int, *, status: TeammateStatus, reason: str = ""
) -> TeammateChanged:
    return TeammateChanged(child=child.run, seen=seen, status=status, reason=reason)


def _news(child: Child, seq: int, text: str) -> MailReceived:
    """Returns what the lead's agent reads of a teammate that did not say it itself."""
    mail = Mail(id=f"{child.run}:{seq}", sender=child.name, to=LEAD, type="status", text=text)
    return MailReceived(mail=mail)


def _unanswered(child: Child, state: Chat) -> list[Fact]:
    """Returns that requests wait no more: the turn that made them is over."""
    asked = state.team.asked.items()
    return [TeammateAnswered(request=key) for key, each in asked if each.child == child.run]


async def _asked(
    child: Child, seen: int, *, request: Request, children: Children
) -> Sequence[Fact]:
    state = await children.state_of(RunId(child.run))
    # It may have been decided, or its turn cut off, since this event.
    if state.asked != request.id or not state.waits_for_approval:
        return []
    asked = TeammateAsked(
        child=child.run,
        seen=seen,
        request=f"{child.run}:{request.id}",
        own_request=request.id,
        calls=tuple(state.unsafe.values()),
    )
    return [asked]


@CHAT.handles(DeliverToRun, instant=True)
async def deliver(effect: DeliverToRun, context: Context[Chat, ChatParts]) -> Sequence[Fact]:
    mail, state = effect.mail, context.state
    delivered = MailDelivered(mail=mail.id)
    if state.child_order is not None:
        run = state.child_order.root
    else:
        member = state.team.active_named(mail.to)
        if member is None:
            return [delivered, *returned(mail, f"'{mail.to}' has ended", state.team.me)]
        run = member.run
    with suppress(ChildGone):
        await context.parts.children.submit(RunId(run), DeliverMail(mail=mail))
    return [delivered]


@CHAT.handles(TellMail, instant=True)
async def tell(effect: TellMail, _context: Context[Chat, ChatParts]) -> Sequence[Fact]:
    ids = tuple(each.id for each in effect.mails)
    return [MailRead(mails=ids, text=inbox_text(effect.mails))]


@CHAT.handles(WakeForMail, instant=True)
async def wake(effect: WakeForMail, _context: Context[Chat, ChatParts]) -> Sequence[Fact]:
    ids = tuple(each.id for each in effect.mails)
    return [MailRead(mails=ids), UserTurnStarted(message=ids[0], text=inbox_text(effect.mails))]


@CHAT.handles(AnswerTeammate, instant=True)
async def answer(effect: AnswerTeammate, context: Context[Chat, ChatParts]) -> Sequence[Fact]:
    asked = effect.asked
    command = (
        Deny(request=asked.own_request, reason=asked.text)
        if asked.allowed is False
        else Approve(request=asked.own_request)
    )
    answered = TeammateAnswered(request=effect.request)
    await _tell_and_record(context, asked.child, commands=[command], told=answered)
    return []


@CHAT.handles(TellFeatures, instant=True)
async def tell_features(effect: TellFeatures, context: Context[Chat, ChatParts]) -> Sequence[Fact]:
    commands = [
        ChangeFeature(feature="approval", enabled=effect.approval),
        ChangeFeature(feature="plan_mode", enabled=effect.plan_mode),
    ]
    told = TeammateTold(child=effect.child, approval=effect.approval, plan_mode=effect.plan_mode)
    await _tell_and_record(context, effect.child, commands=commands, told=told)
    return []


@CHAT.handles(StopTeammate, instant=True)
async def stop(effect: StopTeammate, context: Context[Chat, ChatParts]) -> Sequence[Fact]:
    command = StopRun(reason="teams were switched off") if effect.for_good else CancelTurn()
    told = StopTold(child=effect.child)
    await _tell_and_record(context, effect.child, commands=[command], told=told)
    return []


async def _tell_and_record(
    context: Context[Chat, ChatParts], child: str, *, commands: Sequence[Command], told: Fact
) -> None:
    """Sends commands to a teammate, and records that it was told; both or none, but for a kill."""

    async def tell() -> None:
        with suppress(ChildGone):
            for command in commands:
                await context.parts.children.submit(RunId(child), command)
        await context.record(told)

    # Cancelled in between, the lead would believe that it has yet to tell it, or never would.
    await finish_though_cancelled(tell())


@CHAT.handles(WaitForWork, instant=True)
async def wait_for_work(_effect: WaitForWork, context: Context[Chat, ChatParts]) -> Sequence[Fact]:
    """Looks at the board until there is a task, or ends the teammate after the limit."""
    parts, state = context.parts, context.state
    left = parts.idle_seconds
    while left > 0:
        await asyncio.sleep(min(parts.idle_look, left))
        left -= parts.idle_look
        # Who failed, or whose lead plans, takes nothing on of its own accord.
        if state.failed or state.plan_mode:
            continue
        task = await parts.board.claim(state.team.me, run=state.team.run, had=state.team.claimed)
        if task is not None:
            return [MessageReceived(message=f"{CLAIM}{task.id}", text=claim_text(task))]
    return [Retired(reason=IDLE_LIMIT)]
