"""How a conversation of our agent goes, decided from its facts alone."""

from agentproxy.agent.reduce import due, reduce, replay
from agentproxy.agent.state import AgentLimits, AskModel, Continue, Conversation, Finish, RunTool
from agentproxy.events.agent import AgentTold, ModelAnswered, ToolFinished, ToolStarted
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
    return replay([BRIEF, *facts])


def test_the_brief_is_what_the_model_is_asked_first() -> None:
    state = after()
    assert state.messages == [UserMessage(parts=(Text(text="Fix it"),))]
    assert due(state, LIMITS) == [AskModel(1)]


def test_all_tools_of_an_answer_run_side_by_side() -> None:
    state = after(answered("a", "b"))
    assert due(state, LIMITS) == [RunTool(call) for call in state.open.values()]
    reduce(state, ToolStarted(call="a", tool="bash"))
    reduce(state, ToolFinished(call="b", text="second"))
    assert [effect.call.id for effect in due(state, LIMITS) if isinstance(effect, RunTool)] == ["a"]


def test_results_go_back_in_the_order_of_the_calls_whichever_ended_first() -> None:
    state = after(
        answered("a", "b"), ToolFinished(call="b", text="2"), ToolFinished(call="a", text="1")
    )
    last = state.messages[-1]
    assert [part.text for part in last.parts if isinstance(part, ToolResult)] == ["1", "2"]
    assert due(state, LIMITS) == [AskModel(2)]


def test_an_answer_without_a_tool_ends_it() -> None:
    assert due(after(answered(text="Done.")), LIMITS) == [Finish("finished")]


def test_an_answer_that_was_cut_off_is_continued_three_times_and_no_more() -> None:
    state = after()
    for turn in (1, 2, 3):
        reduce(state, answered(turn=turn, stop="length", text="and"))
        assert due(state, LIMITS) == [Continue()]
        reduce(state, AgentTold(text="go on", why="continue"))
        assert due(state, LIMITS) == [AskModel(turn + 1, hurry=turn >= 3)]
    reduce(state, answered(turn=4, stop="length", text="and"))
    assert due(state, LIMITS) == [Finish("cut_off")]


def test_a_call_in_an_answer_that_was_cut_off_does_not_run() -> None:
    state = after(answered("a", stop="length"))
    assert due(state, LIMITS) == [Continue()]
    assert "cut off at the output limit" in state.messages[-1].model_dump_json()


def test_near_the_last_turn_it_is_told_to_finish_and_then_asked_for_its_last_words() -> None:
    state = after()
    for turn in range(1, 7):
        assert due(state, LIMITS) == [AskModel(turn, hurry=turn > 3)]
        reduce(state, answered(str(turn), turn=turn))
        reduce(state, ToolFinished(call=str(turn), text="ok"))
    assert due(state, LIMITS) == [AskModel(7, final=True)]
    last = answered(turn=7, text="This is done.").model_copy(update={"final": True})
    assert due(reduce(state, last), LIMITS) == [Finish("turns")]
    assert state.last_words == "This is done."


def test_what_is_spent_ends_it_before_another_answer_is_paid() -> None:
    state = after(answered("a", used=1000), ToolFinished(call="a", text="ok"))
    assert due(state, LIMITS) == [Finish("budget")]


def test_two_things_said_in_a_row_are_one_message() -> None:
    state = after(answered("a"), ToolFinished(call="a", text="ok"))
    reduce(state, AgentTold(text="Hurry up", why="message"))
    assert [message.role for message in state.messages] == ["user", "assistant", "user"]
    assert len(state.messages[-1].parts) == 2


def test_a_result_for_a_call_that_is_not_open_changes_nothing() -> None:
    state = after(answered(text="Done."))
    before = list(state.messages)
    assert reduce(state, ToolFinished(call="ghost", text="boo")).messages == before
