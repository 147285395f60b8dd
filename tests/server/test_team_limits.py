"""The limits of a team: names, plan mode, tokens, the user's stop, and failures."""

import json
import time
from collections.abc import Generator
from pathlib import Path

import pytest
from support.answers import Reply
from support.chats import Served, serving, wait_until
from support.teams import bash, call, of, spawn, told, until_status


@pytest.fixture(scope="module")
def quick(tmp_path_factory: pytest.TempPathFactory) -> Generator[Served]:
    """A server whose teammates end soon when there is nothing to do."""
    with serving(tmp_path_factory.mktemp("teams"), TEAMMATE_IDLE_TIMEOUT="1") as served:
        yield served


def test_a_second_teammate_of_a_name_is_asked_about_and_heard_like_the_first(
    quick: Served,
) -> None:
    conversation = quick.new(enable_teams=True, enable_approval=True)
    quick.script(
        "Twice",
        *(spawn("ann", "Ann one"), Reply(text=("ok",))),
        *(spawn("ann", "Ann two"), Reply(text=("ok",)), Reply(text=("read",))),
    )
    for number in ("one", "two"):
        mail = call("send_message", to="lead", content=f"I am {number}")
        quick.script(f"Ann {number}", bash(f"echo x > {number}"), mail, call("idle"))
    with quick.talk(conversation) as talk:
        for word in ("Twice", "Again"):
            before = len(talk.seen)
            talk.say(word)
            for _ in range(2):
                request = talk.until("tool_approval_request")[-1]["request_id"]
                talk.send("tool_approval_response", decision="approve", request_id=request)
            until_status(talk, "ann", "shutdown", after=before)
        talk.ask("What came?")
    workspace = quick.folder / "workspace" / conversation
    assert (workspace / "one").exists()
    assert (workspace / "two").exists()
    last = told(quick.scripts.asked["Twice"][-1])
    assert "I am one" in last
    assert "I am two" in last


def test_the_limit_holds_for_calls_of_one_answer_too(tmp_path: Path) -> None:
    names = ("one", "two", "two", "three")
    calls = [("spawn_teammate", json.dumps({"name": n, "role": "r", "prompt": n})) for n in names]
    with serving(tmp_path, MAX_TEAMMATES="2") as served:
        served.script("At once", Reply(calls=tuple(calls), stop="tools"), Reply(text=("ok",)))
        with served.talk(served.new(enable_teams=True)) as talk:
            came = talk.ask("At once")
    results = [each["result"] for each in of(came, "tool_result") if "teammate" not in each]
    assert [each.startswith("Spawned") for each in results] == [True, True, False, False]


def test_teammates_stop_where_the_tokens_of_the_users_message_are_used_up(tmp_path: Path) -> None:
    with serving(tmp_path, MAX_TOKEN_BUDGET="1500", TEAMMATE_IDLE_TIMEOUT="2") as served:
        served.script("Chatter", spawn("pi", "Be pi"), spawn("po", "Be po"), Reply(text=("ok",)))
        for name, other in (("pi", "po"), ("po", "pi")):
            turn = (call("send_message", to=other, content="your turn"), call("idle"))
            served.script(f"Be {name}", *(turn * 200))
        with served.talk(served.new(enable_teams=True)) as talk:
            talk.ask("Chatter")
            until_status(talk, "pi", "shutdown")
            until_status(talk, "po", "shutdown")
        asked = sum(len(each) for each in served.scripts.asked.values())
    reasons = [each.get("reason") for each in of(talk.seen, "teammate_status")]
    assert "Token budget exceeded" in reasons
    # The last questions of both may have been under way together.
    assert asked * 120 <= 1500 + 2 * 120


def test_while_the_lead_plans_its_teammates_change_nothing(tmp_path: Path) -> None:
    with serving(tmp_path, TEAMMATE_IDLE_LOOK="0.1") as served:
        conversation = served.new(enable_teams=True)
        served.script("Plan with Ann", spawn("ann", "Ann helps"), Reply(text=("ok",)))
        served.script("Ann helps", call("idle"))
        with served.talk(conversation) as talk:
            talk.ask("Plan with Ann")
            until_status(talk, "ann", "idle")
            talk.send("toggle_plan_mode", enabled=True)
            talk.until("plan_mode_changed")
            job = call("task_create", subject="Escape", description="echo x > escaped")
            served.script("Plan with Ann", job, Reply(text=("my plan",)))
            served.script("Ann helps", bash("echo x > escaped"), call("idle"))
            talk.ask("Plan")
            time.sleep(0.5)  # time for several looks at the board
            asked = len(served.scripts.asked["Ann helps"])
            talk.send("plan_approval", decision="approve")
            wait_until((served.folder / "workspace" / conversation / "escaped").exists)
    assert asked == 1


def test_cancel_stops_teammates_between_turns_and_switching_teams_off_ends_them(
    quick: Served,
) -> None:
    conversation = quick.new(enable_teams=True)
    quick.script("Run", spawn("eli", "Eli runs"), Reply(text=("ok",)))
    quick.script("Eli runs", bash("touch began; sleep 1; touch late"), Reply(text=("done",)))
    workspace = quick.folder / "workspace" / conversation
    with quick.talk(conversation) as talk:
        talk.ask("Run")
        wait_until((workspace / "began").exists)
        talk.send("cancel")
        until_status(talk, "eli", "idle")
        talk.send("toggle_teams", enabled=False)
        came = until_status(talk, "eli", "shutdown")
    assert of(came, "teammate_status")[-1]["reason"] == "teams were switched off"
    assert not (workspace / "late").exists()


def test_a_teammate_that_fails_takes_no_more_tasks_and_gives_its_own_back(tmp_path: Path) -> None:
    with serving(tmp_path, TEAMMATE_IDLE_TIMEOUT="1", TEAMMATE_IDLE_LOOK="0.2") as served:
        served.script(
            "Hand out",
            call("task_create", subject="One"),
            call("task_create", subject="Two"),
            spawn("ida", "Ida tries"),
            Reply(text=("ok",)),
            call("task_list"),
            Reply(text=("so",)),
        )
        # It has no answer for the task that it takes.
        served.script("Ida tries", call("idle"))
        with served.talk(served.new(enable_teams=True)) as talk:
            talk.ask("Hand out")
            until_status(talk, "ida", "shutdown")
            came = talk.ask("How does it stand?")
        (listed,) = (each["result"] for each in of(came, "tool_result"))
    assert listed == "[ ] #1: One\n[ ] #2: Two\n(0/2 completed)"
    assert len(served.scripts.asked["Ida tries"]) == 2
