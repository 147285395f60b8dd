"""Plan mode: nothing is changed before the user has approved the plan."""

import json

from support.answers import Reply
from support.chats import Served, kinds, text_of


def call(name: str, **arguments: str) -> Reply:
    return Reply(calls=((name, json.dumps(arguments)),), stop="tools")


def test_a_plan_is_handed_over_and_executed_when_approved(served: Served) -> None:
    conversation = served.new(enable_plan_mode=True)
    served.script(
        "Plan the file",
        call("exit_plan_mode", plan="1. write the file"),
        call("write_file", path="planned", content="yes"),
        Reply(text=("Executed",)),
    )
    with served.talk(conversation) as talk:
        came = talk.ask("Plan the file")
        assert next(e for e in came if e["type"] == "plan_ready")["plan"] == "1. write the file"
        assert came[-1]["usage"]["plan_mode"] is True
        talk.send("plan_approval", decision="approve")
        came = talk.until("done")
    assert kinds(came)[:2] == ["plan_approved", "plan_mode_changed"]
    assert (served.folder / "workspace" / conversation / "planned").read_text() == "yes"
    first, second = served.scripts.asked["Plan the file"][:2]
    assert "write_file" not in [tool["name"] for tool in first["tools"]]
    assert "exit_plan_mode" not in [tool["name"] for tool in second["tools"]]
    assert "PLAN MODE" in json.dumps(first["system"])
    assert "Plan approved. Now execute the plan above" in json.dumps(second["messages"][-1])


def test_a_call_that_plan_mode_does_not_offer_does_not_run(served: Served) -> None:
    conversation = served.new(enable_plan_mode=True)
    served.script(
        "Do it anyway", call("write_file", path="sneaky", content="x"), Reply(text=("My plan",))
    )
    with served.talk(conversation) as talk:
        came = talk.ask("Do it anyway")
    result = next(each for each in came if each["type"] == "tool_result")
    assert "plan mode is on" in result["result"]
    assert not (served.folder / "workspace" / conversation / "sneaky").exists()
    # A natural end hands over what was said.
    assert next(e for e in came if e["type"] == "plan_ready")["plan"] == "My plan"


def test_a_rejected_plan_is_revised_with_the_feedback(served: Served) -> None:
    conversation = served.new(enable_plan_mode=True)
    served.script(
        "Plan badly", call("exit_plan_mode", plan="bad"), call("exit_plan_mode", plan="good")
    )
    with served.talk(conversation) as talk:
        talk.ask("Plan badly")
        talk.send("plan_approval", decision="reject", feedback="Shorter")
        came = talk.until("done")
        assert came[0]["feedback"] == "Shorter"
        assert next(e for e in came if e["type"] == "plan_ready")["plan"] == "good"
    told = json.dumps(served.scripts.asked["Plan badly"][1]["messages"][-1])
    assert r"Plan rejected. Feedback:\nShorter" in told


def test_a_decision_where_no_plan_waits_is_said(served: Served) -> None:
    with served.talk(served.new()) as talk:
        talk.send("plan_approval", decision="approve")
        assert "no plan waits" in talk.receive()["message"]


def test_the_agent_and_the_user_may_switch_plan_mode_on(served: Served) -> None:
    conversation = served.new()
    served.script(
        "Think first", call("enter_plan_mode"), call("exit_plan_mode", plan="p"), Reply(text=("x",))
    )
    with served.talk(conversation) as talk:
        came = talk.ask("Think first")
        assert kinds(came).index("plan_mode_changed") < kinds(came).index("plan_ready")
        talk.send("toggle_plan_mode", enabled=False)
        assert talk.receive()["enabled"] is False
        assert text_of(talk.ask("Now talk")) == "x"


def test_calls_beside_the_switch_to_plan_mode_do_not_run(served: Served) -> None:
    conversation = served.new()
    both = Reply(
        calls=(("enter_plan_mode", "{}"), ("write_file", '{"path": "x", "content": "y"}')),
        stop="tools",
    )
    served.script("Plan and write", both, call("exit_plan_mode", plan="p"))
    with served.talk(conversation) as talk:
        talk.ask("Plan and write")
    assert not (served.folder / "workspace" / conversation / "x").exists()


def test_without_plan_mode_no_plan_ends_a_turn(served: Served) -> None:
    conversation = served.new()
    served.script("Work on", call("exit_plan_mode", plan="p"), Reply(text=("worked",)))
    with served.talk(conversation) as talk:
        came = talk.ask("Work on")
    assert "plan_ready" not in kinds(came)
    assert text_of(came) == "worked"
