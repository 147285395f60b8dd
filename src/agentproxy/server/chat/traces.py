"""What was traced as clients receive it: `llm_request` and `llm_response`. Pure."""

from collections.abc import Iterator

from agentproxy.events.conversation import (
    AssistantMessage,
    Image,
    Text,
    Thinking,
    ToolCall,
    ToolResult,
    UserMessage,
)
from agentproxy.events.envelope import Event
from agentproxy.events.tracing import AnswerTraced, PromptTraced, TracedTool
from agentproxy.server.chat.wire import Message, WireStory, tells


@tells(PromptTraced)
def _asked(story: WireStory, fact: PromptTraced, event: Event) -> Iterator[Message]:
    whole = story.traced.take_prompt(fact)
    own = not fact.agent and fact.purpose == "work"
    if own:
        # The text that comes next stands behind this event.
        story.answering = event.seq
    yield story.message_of(
        event,
        "llm_request",
        seq=fact.seq,
        agent=fact.agent,
        purpose=fact.purpose,
        model=fact.model,
        system=whole.system,
        messages=[_message(each) for each in whole.messages],
        tools=[_tool(each) for each in whole.tools],
        max_tokens=fact.max_output,
        temperature=fact.parameters.get("temperature"),
        thinking_enabled=fact.effort is not None,
        thinking_effort=fact.effort,
        message_count=len(whole.messages),
        tool_count=len(whole.tools),
    )


@tells(AnswerTraced)
def _answered(story: WireStory, fact: AnswerTraced, event: Event) -> Iterator[Message]:
    asked = story.traced.take_answer(fact)
    answer = fact.message or AssistantMessage(parts=())
    calls = [{"id": each.id, "name": each.name, "input": each.arguments} for each in answer.calls]
    failed = {"error": fact.error} if fact.error else {}
    message = story.message_of(
        event,
        "llm_response",
        seq=fact.seq,
        agent=asked.agent if asked else "",
        content=answer.text,
        tool_calls=calls,
        done=fact.stop == "end",
        usage={"input_tokens": fact.usage.input, "output_tokens": fact.usage.output},
        **failed,
    )
    if story.active and asked is not None and not asked.agent and asked.purpose == "work":
        story.held.append(message)
    else:
        yield message


def _tool(tool: TracedTool) -> Message:
    schema = tool.input_schema
    return {"name": tool.name, "description": tool.description, "input_schema": schema}


def _message(message: UserMessage | AssistantMessage) -> Message:
    return {"role": message.role, "content": [_part(part) for part in message.parts]}


def _part(part: Text | Image | Thinking | ToolCall | ToolResult) -> Message:
    match part:
        case Text(text=text):
            return {"type": "text", "text": text}
        case Thinking(text=text):
            return {"type": "thinking", "thinking": text}
        case ToolCall():
            return {"type": "tool_use", "id": part.id, "name": part.name, "input": part.arguments}
        case ToolResult():
            return {
                "type": "tool_result",
                "tool_use_id": part.call,
                "content": part.text,
                "is_error": part.failed,
            }
        case Image():
            # A reader of a trace needs to know that it was there, not its megabytes.
            return {"type": "image", "media_type": part.media_type, "base64_bytes": len(part.data)}
