"""Prompts are stored as differences, and put together again."""

import pytest

from agentproxy.events.conversation import AssistantMessage, Message, Text, UserMessage
from agentproxy.events.tracing import AnswerTraced, PromptTraced
from agentproxy.models.port import Prompt, ToolSpec
from agentproxy.models.trace_log import TraceLog


def user(text: str) -> UserMessage:
    return UserMessage(parts=(Text(text=text),))


def agent(text: str) -> AssistantMessage:
    return AssistantMessage(parts=(Text(text=text),))


A, B, C, D = user("a"), agent("b"), user("c"), agent("d")
LOOK = ToolSpec("look", "looks", {"type": "object"})


@pytest.mark.parametrize(
    ("before", "answer", "then", "stored"),
    [
        ([], None, [A], [0]),
        ([A], B, [A, B, C], [2]),
        # An answer that was cut off is not known.
        ([A], None, [A, B, C], [1, 2]),
        # What another process read is equal, and not the same.
        ([A], B, [user("a"), agent("b"), user("c")], [2]),
        # An old result that is named only: this one is stored, and what follows is not.
        ([A, B, C], D, [user("short"), B, C, D, A], [0, 4]),
        # A summary stands in place of what is gone.
        ([A, B, C], D, [user("summary"), D], [0, 1]),
        ([A, B, C], None, [A], []),
    ],
)
def test_only_what_differs_is_stored_and_the_prompt_comes_back_whole(
    before: list[Message], answer: AssistantMessage | None, then: list[Message], stored: list[int]
) -> None:
    writer, reader = TraceLog(), TraceLog()

    def store(prompt: Prompt, agent: str = "") -> PromptTraced:
        fact = writer.next_prompt(prompt, agent=agent, purpose="work", model="m")
        fact = PromptTraced.model_validate_json(fact.model_dump_json())
        writer.take_prompt(fact)
        return fact

    if before:
        reader.take_prompt(store(Prompt("system", before, tools=(LOOK,))))
        told = AnswerTraced(seq=1, message=answer, error="" if answer else "cut off")
        writer.take_answer(told)
        reader.take_answer(told)
    # Another agent of the same run is told apart.
    reader.take_prompt(store(Prompt("other", [D]), agent="explorer"))
    fact = store(Prompt("system", then, tools=(LOOK,)))
    whole = reader.take_prompt(fact)
    assert [each.place for each in fact.changed] == stored
    assert (fact.system, fact.tools is None) == ((None, True) if before else ("system", False))
    assert list(whole.messages) == then
    assert (whole.system, [each.name for each in whole.tools]) == ("system", ["look"])
    assert fact.seq == reader.seq == (3 if before else 2)
