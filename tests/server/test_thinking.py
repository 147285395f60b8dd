"""Thinking that a conversation asks its model for, and what its clients are told of it."""

import json
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from support.answers import Body, Reply
from support.chats import Message, Served, calls, kinds, serving, text_of, wait_until
from support.teams import spawn, until_status

from agentproxy.config.chat import load_chat_settings
from agentproxy.config.mistakes import BadSetting

THOUGHT = "Let me see what it is. "
NOTE = {"path": "note.txt", "content": "hello"}


def thoughtful(*asked: tuple[str, dict[str, str]], text: str = "") -> Reply:
    pieces = (text,) if text else ()
    called = tuple((name, json.dumps(more)) for name, more in asked)
    stop = "tools" if asked else "end"
    return Reply(thinking=THOUGHT, text=pieces, calls=called, stop=stop)


def of_kind(messages: list[Message], kind: str) -> list[Message]:
    return [each for each in messages if each["type"] == kind]


def test_thinking_is_asked_for_and_told_piece_by_piece_and_whole(served: Served) -> None:
    conversation = served.new(enable_thinking=True, thinking_effort="xhigh")
    served.script("Think and write", thoughtful(("write_file", NOTE)), thoughtful(text="Done"))
    with served.talk(conversation) as talk:
        came = talk.ask("Think and write")
    assert kinds(came) == [
        "message_received", "turn_started",
        "thinking_delta", "thinking", "tool_call", "tool_result",
        "thinking_delta", "text_delta", "thinking", "done",
    ]  # fmt: skip
    whole = of_kind(came, "thinking")
    assert [(each["content"], each["effort"]) for each in whole] == [(THOUGHT, "max")] * 2
    pieces = of_kind(came, "thinking_delta")
    assert {each["effort"] for each in pieces} == {"max"}
    assert "".join(each["content"] for each in pieces) == THOUGHT * 2
    assert len({each["event_id"] for each in came}) == len(came)
    first, second = served.scripts.asked["Think and write"]
    # The highest budget that fits into an answer of this model.
    assert first["thinking"] == second["thinking"] == {"type": "enabled", "budget_tokens": 10_000}
    thought, call = second["messages"][1]["content"]
    assert thought == {"type": "thinking", "thinking": THOUGHT, "signature": "sig-1"}
    assert call["name"] == "write_file"


def test_nothing_is_asked_for_where_thinking_is_off_but_a_thought_is_told(served: Served) -> None:
    served.script("Do not ask it", thoughtful(text="So"))
    with served.talk(served.new(thinking_effort="max")) as talk:
        came = talk.ask("Do not ask it")
    (body,) = served.scripts.asked["Do not ask it"]
    assert not {"thinking", "output_config"} & body.keys()
    told = of_kind(came, "thinking_delta") + of_kind(came, "thinking")
    assert {each["effort"] for each in told} == {None}
    assert of_kind(came, "thinking")[0]["content"] == THOUGHT


@pytest.mark.parametrize("effort", ["minimal", "low", "medium", "high", "xhigh", "max"])
def test_each_known_word_of_an_effort_is_high_or_max(served: Served, effort: str) -> None:
    conversation = served.new(enable_thinking=True, thinking_effort=effort)
    _, shown = served.request("GET", f"/api/conversations/{conversation}")
    expected = "max" if effort in ("xhigh", "max") else "high"
    assert (shown["enable_thinking"], shown["thinking_effort"]) == (True, expected)


@pytest.mark.parametrize("effort", ["none", "highest", "MAX", "", 3, True, ["max"], {"max": 1}])
def test_an_effort_that_is_unknown_is_refused_with_the_cure(served: Served, effort: object) -> None:
    asked = {"enable_thinking": True, "thinking_effort": effort}
    status, answer = served.request("POST", "/api/chat", asked)
    assert status == 422
    (mistake,) = answer["detail"]
    assert mistake["loc"] == ["body", "thinking_effort"]
    assert answer["field"] == "thinking_effort"
    assert "'minimal', 'low', 'medium', 'high', 'xhigh' or 'max'" in answer["cure"]
    for wrong in ("yes", 1, ["true"]):
        body: dict[str, object] = {"enable_thinking": wrong}
        status, answer = served.request("POST", "/api/chat", body)
        assert (status, answer["detail"][0]["loc"]) == (422, ["body", "enable_thinking"])


def test_a_client_that_comes_back_has_each_thought_once(served: Served) -> None:
    conversation = served.new(enable_thinking=True)
    served.script("Cut me off", thoughtful(("write_file", NOTE), text="I write. "), thoughtful())
    with served.talk(conversation) as talk:
        came = talk.ask("Cut me off")
    lasting = [each for each in came if "+" not in each["event_id"]]
    for place, last in enumerate(lasting):
        seen = {each["event_id"] for each in lasting[: place + 1]}
        with served.talk(conversation, f"?after={last['sequence']}") as talk:
            rest = talk.until("done") if last["type"] != "done" else []
        new = [each for each in rest if each["event_id"] not in seen]
        both = of_kind([*lasting[: place + 1], *new], "thinking")
        assert [(each["content"], each["effort"]) for each in both] == [(THOUGHT, "high")] * 2


def test_a_thought_that_is_interrupted_is_dropped_and_the_conversation_goes_on(
    served: Served,
) -> None:
    conversation = served.new(enable_thinking=True)
    slow = Reply(thinking="word " * 100, text=("late",), fault="slow")
    served.script("Think long", slow, thoughtful(text="Rather so"))
    with served.talk(conversation) as talk:
        talk.say("Think long")
        talk.until("thinking_delta")
        talk.send("interrupt", content="Rather this")
        cut = talk.until("interrupted")
        came = talk.until("done")
    assert not of_kind(cut, "thinking")
    assert text_of(came) == "Rather so"
    assert [each["content"] for each in of_kind(came, "thinking")] == [THOUGHT]
    assert "late" not in text_of(talk.seen)
    second = served.scripts.asked["Think long"][1]
    assert {each["role"] for each in second["messages"]} == {"user"}


def test_an_answer_that_is_cut_in_its_text_has_no_whole_thought(served: Served) -> None:
    conversation = served.new(enable_thinking=True)
    slow = Reply(thinking="Hm. ", text=tuple(f"{n} " for n in range(60)), fault="slow")
    served.script("Cut the text", slow, thoughtful(text="Next"))
    with served.talk(conversation) as talk:
        talk.say("Cut the text")
        talk.until("text_delta")
        talk.send("cancel")
        assert not of_kind(talk.until("done"), "thinking")
        talk.ask("And then")
    kept = served.scripts.asked["Cut the text"][1]["messages"][1]
    assert [each["type"] for each in kept["content"]] == ["text"]


def test_a_conversation_thinks_on_after_a_restart(tmp_path: Path) -> None:
    with serving(tmp_path, MODEL="claude-opus-4-8", THINKING_EFFORT="max") as server:
        conversation = server.new(enable_thinking=True)
        server.script("Before it", thoughtful(text="one"))
        with server.talk(conversation) as talk:
            talk.ask("Before it")
        (body,) = server.scripts.asked["Before it"]
        assert body["thinking"]["type"] == "adaptive"
        assert body["output_config"] == {"effort": "max"}
    with serving(tmp_path, MODEL="claude-opus-4-8", THINKING_EFFORT="low") as server:
        server.script("Before it", thoughtful(text="two"))
        with server.talk(conversation, "?after=0") as talk:
            again = talk.until("done")
            talk.ask("After it")
        (later,) = server.scripts.asked["Before it"]
        assert later["output_config"] == {"effort": "max"}
        told = [(each["content"], each["effort"]) for each in of_kind(again, "thinking")]
        assert told == [(THOUGHT, "max")]
        _, shown = server.request("GET", f"/api/conversations/{conversation}")
        assert (shown["enable_thinking"], shown["thinking_effort"]) == (True, "max")


def test_a_trace_tells_what_was_asked_for(served: Served) -> None:
    for asked, expected in (
        ({"enable_thinking": True, "thinking_effort": "max"}, (True, "max")),
        ({"thinking_effort": "max"}, (False, None)),
    ):
        conversation = served.new(enable_tracing=True, **asked)
        served.script(f"Trace {expected}", thoughtful(text="So"))
        with served.talk(conversation) as talk:
            came = talk.ask(f"Trace {expected}")
        (request,) = of_kind(came, "llm_request")
        assert (request["thinking_enabled"], request["thinking_effort"]) == expected
        assert kinds(came)[-4:] == ["text_delta", "thinking", "llm_response", "done"]


def efforts(asked: list[Body]) -> set[str | None]:
    """What the questions ask for. A Claude of today has it in a field of its own."""
    return {body.get("output_config", {}).get("effort") for body in asked}


def test_helpers_think_as_their_conversation_and_summaries_do_not(tmp_path: Path) -> None:
    variables = {"CONTEXT_WINDOW": "1000", "COMPACT_THRESHOLD": "0.1", "TEMPERATURE": "0.5"}
    task = {"description": "look", "prompt": "Part of it", "agent_type": "explore"}
    with serving(tmp_path, MODEL="claude-sonnet-4-6", **variables) as server:
        big = Reply(text=("big",), usage=(500, 1))
        few = [Reply(text=("ok",), usage=(50, 1)) for _ in range(5)]
        server.script("Have it done", calls(("task", task)), *few, big, Reply(text=("after",)))
        server.script("Part of it", thoughtful(text="seen"))
        server.script("USER: Have it done", Reply(text=("the summary",)))
        with server.talk(server.new(enable_thinking=True, thinking_effort="max")) as talk:
            for number in range(7):
                talk.ask("Have it done" if not number else "more")
        asked = server.scripts.asked
        assert efforts(asked["Have it done"]) == efforts(asked["Part of it"]) == {"max"}
        (summary,) = asked["USER: Have it done"]
        assert "thinking" not in summary
        # The vendor refuses a temperature beside thinking.
        bodies = [*asked["Have it done"], *asked["Part of it"]]
        assert not [body for body in bodies if "temperature" in body]
        assert summary["temperature"] == 0.2


def test_a_teammate_thinks_as_its_lead(tmp_path: Path) -> None:
    with serving(tmp_path, MODEL="claude-sonnet-4-6", TEAMMATE_IDLE_TIMEOUT="1") as server:
        server.script("Get help", spawn("ada", "Ada builds"), Reply(text=("She works.",)))
        server.script("Ada builds", thoughtful(text="built"))
        with server.talk(server.new(enable_teams=True, enable_thinking=True)) as talk:
            talk.ask("Get help")
            until_status(talk, "ada", "shutdown")
        assert efforts(server.scripts.asked["Ada builds"]) == {"high"}
        assert not [each for each in of_kind(talk.seen, "thinking") if each["content"] == THOUGHT]


def test_notes_are_made_without_thinking(tmp_path: Path) -> None:
    own = {"ENABLE_MEMORY": "true", "SESSION_GRACE": "0", "THINKING_ENABLED": "true"}
    with serving(tmp_path, MODEL="claude-sonnet-4-6", **own) as server:
        server.script("Note this", Reply(text=("yes",)))
        server.script("USER: Note this", Reply(text=("- noted\n",)))
        with server.talk(server.new()) as talk:
            talk.ask("Note this")
        wait_until(lambda: "USER: Note this" in server.scripts.asked)
        assert efforts(server.scripts.asked["Note this"]) == {"high"}
        assert efforts(server.scripts.asked["USER: Note this"]) == {None}


def test_the_settings_count_where_a_client_does_not_say(tmp_path: Path) -> None:
    own = {"OPENAGENT_THINKING_ENABLED": "true", "THINKING_ENABLED": "0", "THINKING_EFFORT": "max"}
    with serving(tmp_path, MODEL="claude-opus-5", **own) as server:
        choices: list[tuple[dict[str, object], str | None]] = [
            ({}, "max"),
            ({"thinking_effort": "low"}, "high"),
            ({"enable_thinking": None, "thinking_effort": None}, "max"),
            ({"enable_thinking": False}, None),
        ]
        for number, (asked, expected) in enumerate(choices):
            word = f"Choice {number}"
            server.script(word, Reply(text=("ok",)))
            with server.talk(server.new(**asked)) as talk:
                talk.ask(word)
            assert efforts(server.scripts.asked[word]) == {expected}


@pytest.mark.parametrize(
    ("name", "value", "cure"),
    [
        ("THINKING_ENABLED", "maybe", "true or false"),
        ("THINKING_EFFORT", "none", "minimal, low, medium, high, xhigh or max"),
        ("OPENAGENT_THINKING_EFFORT", "9", "minimal, low, medium, high, xhigh or max"),
    ],
)
def test_a_setting_that_cannot_be_used_is_named(name: str, value: str, cure: str) -> None:
    with pytest.raises(BadSetting) as failed:
        load_chat_settings({name: value}, origins={name: "the environment"})
    assert failed.value.variable == name
    assert cure in failed.value.cure


def test_what_is_said_of_the_agent_in_general_counts_where_the_conversation_does_not_say(
    tmp_path: Path,
) -> None:
    params = json.dumps({"builtin": {"reasoning_effort": "low"}})
    with serving(tmp_path, MODEL="claude-opus-4-8", AGENT_LLM_PARAMS=params) as server:
        for asked, expected, told in (
            ({"enable_thinking": True}, "high", "high"),
            ({"enable_thinking": False}, "low", None),
        ):
            word = f"In general {expected}"
            server.script(word, thoughtful(text="ok"))
            with server.talk(server.new(enable_tracing=True, **asked)) as talk:
                came = talk.ask(word)
            assert efforts(server.scripts.asked[word]) == {expected}
            assert of_kind(came, "llm_request")[0]["thinking_effort"] == expected
            assert of_kind(came, "thinking")[0]["effort"] == told


def test_an_answer_that_is_cut_in_its_thought_is_continued_without_it(served: Served) -> None:
    conversation = served.new(enable_thinking=True)
    cut = Reply(thinking="Too long", stop="length")
    served.script("Think too long", cut, thoughtful(text="In short"), thoughtful(text="Later"))
    with served.talk(conversation) as talk:
        came = talk.ask("Think too long")
        talk.ask("And then")
    assert [each["content"] for each in of_kind(came, "thinking")] == ["Too long", THOUGHT]
    _, second, third = served.scripts.asked["Think too long"]
    # The vendor refuses a message that ends with a thought.
    assert [each["role"] for each in second["messages"]] == ["user", "user"]
    assert [each["role"] for each in third["messages"]] == ["user", "user", "assistant", "user"]


def test_a_conversation_of_an_earlier_version_goes_on_without_thinking(tmp_path: Path) -> None:
    with serving(tmp_path) as server:
        conversation = server.new(enable_tracing=True)
        server.script("Of earlier", Reply(text=("one",)))
        with server.talk(conversation) as talk:
            talk.ask("Of earlier")
    with closing(sqlite3.connect(tmp_path / "home/journal.sqlite3")) as journal, journal:
        for kind, names in (
            ("run_created", ("$.request.thinking", "$.request.thinking_effort")),
            ("prompt_traced", ("$.effort",)),
        ):
            holes = ", ".join(f"'{name}'" for name in names)
            told = f"UPDATE events SET data = json_remove(data, {holes}) WHERE kind = ?"
            assert journal.execute(told, (kind,)).rowcount == 1
        (order,) = journal.execute("SELECT data FROM events WHERE kind = 'run_created'").fetchone()
        assert "thinking" not in order
    with serving(tmp_path, THINKING_ENABLED="true") as server:
        server.script("Of earlier", Reply(text=("two",)))
        with server.talk(conversation, "?after=0") as talk:
            again = talk.until("done")
            talk.ask("And now")
        assert of_kind(again, "llm_request")[0]["thinking_enabled"] is False
        assert "thinking" not in server.scripts.asked["Of earlier"][0]
        _, shown = server.request("GET", f"/api/conversations/{conversation}")
        assert (shown["enable_thinking"], shown["thinking_effort"]) == (False, "high")
