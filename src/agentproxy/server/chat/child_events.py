"""What clients are told of the agents that work for a conversation. Pure."""

from collections.abc import Iterator

from agentproxy.conversation.children import adds_tokens
from agentproxy.events.children import ChildCalled, ChildEnded, ChildReturned, ChildStarted
from agentproxy.events.cost import ModelSettled
from agentproxy.events.envelope import Event
from agentproxy.events.team import TeammateAnswered, TeammateAsked, TeammateChanged
from agentproxy.server.chat.wire import MAX_RESULT_CHARACTERS, Message, WireStory, tells


@tells(ChildStarted)
def _started(story: WireStory, fact: ChildStarted, event: Event) -> Iterator[Message]:
    story.children[fact.child] = fact
    if fact.role == "subagent":
        yield story.message_of(
            event, "subagent_start", subagent_id=fact.child, task=fact.task, agent_type=fact.name
        )
    else:
        yield story.message_of(
            event, "teammate_status", name=fact.name, role=fact.duty, status="working"
        )


@tells(TeammateChanged)
def _changed(story: WireStory, fact: TeammateChanged, event: Event) -> Iterator[Message]:
    reason = {"reason": fact.reason} if fact.reason else {}
    name = _name(story, fact.child)
    yield story.message_of(event, "teammate_status", name=name, status=fact.status, **reason)


@tells(TeammateAsked)
def _asked(story: WireStory, fact: TeammateAsked, event: Event) -> Iterator[Message]:
    story.asked[fact.request] = fact.calls
    story.of_teammates |= {fact.request}
    tools = [{"name": call.name, "input": call.arguments, "id": call.id} for call in fact.calls]
    yield story.message_of(
        event,
        "tool_approval_request",
        request_id=fact.request,
        tools=tools,
        teammate=_name(story, fact.child),
    )


@tells(TeammateAnswered)
def _answered(story: WireStory, fact: TeammateAnswered, _event: Event) -> Iterator[Message]:
    story.asked.pop(fact.request, None)
    story.of_teammates -= {fact.request}
    yield from ()


@tells(ChildCalled)
def _called(story: WireStory, fact: ChildCalled, event: Event) -> Iterator[Message]:
    story.child_calls[fact.child, fact.call] = fact.tool
    who = _who(story, fact.child)
    yield story.message_of(
        event, "tool_call", tool=fact.tool, input=fact.arguments, id=fact.call, **who
    )


@tells(ChildReturned)
def _returned(story: WireStory, fact: ChildReturned, event: Event) -> Iterator[Message]:
    tool = story.child_calls.pop((fact.child, fact.call), "")
    who = _who(story, fact.child)
    yield story.message_of(
        event, "tool_result", tool=tool, result=fact.text, id=fact.call, failed=fact.failed, **who
    )


@tells(ChildEnded)
def _ended(story: WireStory, fact: ChildEnded, event: Event) -> Iterator[Message]:
    started = story.children.get(fact.child)
    if started is None or started.role != "subagent":
        return
    usage = {"input_tokens": fact.usage.input, "output_tokens": fact.usage.output}
    error = {"error": fact.error} if fact.error else {}
    yield story.message_of(
        event,
        "subagent_end",
        subagent_id=fact.child,
        summary=fact.summary[:MAX_RESULT_CHARACTERS],
        tool_count=fact.tools,
        elapsed=fact.seconds,
        agent_type=started.name,
        usage=usage,
        **error,
    )


@tells(ModelSettled)
def _settled(story: WireStory, fact: ModelSettled, _event: Event) -> Iterator[Message]:
    if adds_tokens(fact):
        story.used = story.used.plus(fact.usage)
    yield from ()


def _name(story: WireStory, child: str) -> str:
    started = story.children.get(child)
    return started.name if started is not None else ""


def _who(story: WireStory, child: str) -> dict[str, str]:
    started = story.children.get(child)
    if started is not None and started.role == "teammate":
        return {"teammate": started.name}
    return {"subagent_id": child}
