"""How a conversation of our agent goes, decided from its facts alone."""

from agentproxy.agent.face import AGENT, AskModel, Continue, RunTool
from agentproxy.agent.run import resume_conversation
from agentproxy.agent.state import AgentLimits, Conversation
from agentproxy.events.agent import AgentTold, ModelAnswered, ToolFinished, ToolStarted, TurnStarted
from agentproxy.events.conversation import (
    AssistantMessage,
    StopReason,
    Text,
    ToolCall,
    ToolResult,
    Usage,
    UserMessage,
)
from agentproxy.events.envelope import Fact

BRIEF = AgentTold(text="Fix it")
LIMITS = AgentLimits(turns=6, tokens=1000)


def answered(
    *calls: str, turn: int = 1, stop: StopReason | None = None, text: str = "", used: int = 0
) -> ModelAnswered:
    made = tuple(ToolCall(id=call, name="bash", arguments={"command": "ls"}) for call in calls)
    parts = (*([Text(text=text)] if text else []), *made)
    return ModelAnswered(
        turn=turn,
        message=AssistantMessage(parts=parts),
        stop=stop or ("tools" if calls else "end"),
        usage=Usage(input=used),
    )


def after(*facts: Fact) -> Conversation:
    return resume_conversation([BRIEF, *facts], Conversation(limits=LIMITS))


def reduce(state: Conversation, fact: Fact) -> Conversation:
    return resume_conversation([fact], state)


def due(state: Conversation) -> list[object]:
    return list(AGENT.due(state).values())


def ended(state: Conversation) -> str | None:
    assert due(state) == []
    return state.ending


def test_the_brief_is_what_the_model_is_asked_first() -> None:
    state = after()
    assert state.messages == [UserMessage(parts=(Text(text="Fix it"),))]
    assert due(state) == [AskModel(1)]


def test_all_tools_of_an_answer_run_side_by_side() -> None:
    state = after(answered("a", "b"))
    assert due(state) == [RunTool(call) for call in state.open.values()]
    reduce(state, ToolStarted(call="a", tool="bash"))
    reduce(state, ToolFinished(call="b", text="second"))
    assert [effect.call.id for effect in due(state) if isinstance(effect, RunTool)] == ["a"]


def test_results_go_back_in_the_order_of_the_calls_whichever_ended_first() -> None:
    state = after(
        answered("a", "b"), ToolFinished(call="b", text="2"), ToolFinished(call="a", text="1")
    )
    last = state.messages[-1]
    assert [part.text for part in last.parts if isinstance(part, ToolResult)] == ["1", "2"]
    assert due(state) == [AskModel(2)]


def test_an_answer_without_a_tool_ends_it() -> None:
    assert ended(after(answered(text="Done."))) == "finished"


def test_an_answer_that_was_cut_off_is_continued_three_times_and_no_more() -> None:
    state = after()
    for turn in (1, 2, 3):
        reduce(state, answered(turn=turn, stop="length", text="and"))
        assert due(state) == [Continue()]
        reduce(state, AgentTold(text="go on", why="continue"))
        assert due(state) == [AskModel(turn + 1, hurry=turn >= 3)]
    reduce(state, answered(turn=4, stop="length", text="and"))
    assert ended(state) == "cut_off"


def test_a_call_in_an_answer_that_was_cut_off_does_not_run() -> None:
    state = after(answered("a", stop="length"))
    assert due(state) == [Continue()]
    assert "cut off at the output limit" in state.messages[-1].model_dump_json()


def test_near_the_last_turn_it_is_told_to_finish_and_then_asked_for_its_last_words() -> None:
    state = after()
    for turn in range(1, 7):
        assert due(state) == [AskModel(turn, hurry=turn > 3)]
        reduce(state, answered(str(turn), turn=turn))
        reduce(state, ToolFinished(call=str(turn), text="ok"))
    assert due(state) == [AskModel(7, final=True)]
    last = answered(turn=7, text="This is done.").model_copy(update={"final": True})
    assert ended(reduce(state, last)) == "turns"
    assert state.last_words == "This is done."


def test_what_is_spent_ends_it_before_another_answer_is_paid() -> None:
    state = after(answered("a", used=1000), ToolFinished(call="a", text="ok"))
    assert ended(state) == "budget"


def test_two_things_said_in_a_row_are_one_message() -> None:
    state = after(answered("a"), ToolFinished(call="a", text="ok"))
    reduce(state, AgentTold(text="Hurry up", why="message"))
    assert [message.role for message in state.messages] == ["user", "assistant", "user"]
    assert len(state.messages[-1].parts) == 2


def test_a_result_for_a_call_that_is_not_open_changes_nothing() -> None:
    state = after(answered(text="Done."))
    before = list(state.messages)
    assert reduce(state, ToolFinished(call="ghost", text="boo")).messages == before


def test_one_more_message_copies_none_of_those_before() -> None:
    state = after(TurnStarted(turn=1), AgentTold(text="Use tabs", why="message", message="m1"))
    known = state.told
    reduce(state, AgentTold(text="And dots", why="message", message="m2"))
    # A copy for each message would take the square of the conversation's length.
    assert state.told is known
    assert known == {"m1", "m2"}


def test_what_is_said_while_the_model_is_asked_follows_its_answer_and_is_answered() -> None:
    state = after(TurnStarted(turn=1), AgentTold(text="Use tabs", why="message", message="m1"))
    assert len(state.messages) == 1
    reduce(state, answered(text="Done."))
    assert [message.role for message in state.messages] == ["user", "assistant", "user"]
    assert due(state) == [AskModel(2)]
    assert state.told == {"m1"}


def test_what_is_said_while_tools_run_follows_their_results() -> None:
    state = after(answered("a"), AgentTold(text="Use tabs", why="message", message="m1"))
    assert [message.role for message in state.messages] == ["user", "assistant"]
    reduce(state, ToolFinished(call="a", text="ok"))
    last = state.messages[-1]
    assert [part.kind for part in last.parts] == ["tool_result", "text"]
