"""Long conversations: what the model is shown, and what is kept."""

import json
from collections.abc import Generator
from pathlib import Path

import pytest
from support.answers import Body, Reply
from support.chats import Served, kinds, serving, text_of


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Generator[Served]:
    """A server whose model takes 1,000 tokens in."""
    with serving(tmp_path_factory.mktemp("small"), CONTEXT_WINDOW="1000") as server:
        yield server


def bash(command: str) -> Reply:
    return Reply(calls=(("bash", json.dumps({"command": command})),), stop="tools")


def results(body: Body) -> list[str]:
    parts = (part for message in body["messages"] for part in message["content"])
    return [json.dumps(part["content"]) for part in parts if part["type"] == "tool_result"]


def test_old_results_are_named_and_what_no_model_has_seen_is_always_shown(served: Served) -> None:
    long = "seq 1 100"
    five = Reply(
        calls=tuple(("bash", json.dumps({"command": long})) for _ in range(5)), stop="tools"
    )
    served.script(
        "Print much", five, bash(long), bash("echo short"), bash(long), Reply(text=("ok",))
    )
    with served.talk(served.new()) as talk:
        talk.ask("Print much")
    asked = served.scripts.asked["Print much"]
    # All five results of one answer are shown once.
    assert all("99" in each for each in results(asked[1]))
    last = results(asked[-1])
    assert [("[Previous: used bash]" in each) for each in last] == [True] * 5 + [False] * 3


def test_older_messages_become_a_summary_and_nothing_stored_is_altered(small: Served) -> None:
    conversation = small.new()
    rounds = [Reply(text=(f"answer {n}",), usage=(100 * n, 5)) for n in range(1, 8)]
    # The eighth question has taken 700 of 1,000 tokens, so a summary comes first.
    small.script("Question 0", *rounds)
    summary = "They talked.\nDECISION: use tabs\n- DEAD END: spaces failed"
    small.script("AGENT: answer 1", Reply(text=(summary,)))
    small.script("They talked.", Reply(text=("after",), usage=(100, 5)))
    with small.talk(conversation) as talk:
        for number in range(7):
            talk.ask(f"Question {number}")
        came = talk.ask("Question 7")
    assert "compact" in kinds(came)
    compact = next(each for each in came if each["type"] == "compact")
    assert compact["message"] == "Compacting context (700 tokens used)"
    # The summary was told the older part, and the next question holds it and the newest messages.
    body = small.scripts.asked["AGENT: answer 1"][0]
    assert body["max_tokens"] == 1024
    (first, *_) = messages = small.scripts.asked["They talked."][0]["messages"]
    assert "[Transcript: .transcripts/" in first["content"][0]["text"]
    assert first["content"][0]["text"].endswith("DECISION: use tabs\nDEAD END: spaces failed")
    assert [each["role"] for each in messages] == ["user", "assistant"] * 5 + ["user"]
    transcripts = list((small.folder / "workspace" / conversation / ".transcripts").iterdir())
    assert len(transcripts[0].read_text().splitlines()) == 15
    _, shown = small.request("GET", f"/api/conversations/{conversation}")
    assert len(shown["messages"]) == 16
    assert text_of(came) == "after"


def test_a_summary_that_fails_drops_the_older_messages_and_says_so(small: Served) -> None:
    conversation = small.new()
    rounds = [Reply(text=(f"reply {n}",), usage=(100 * n, 5)) for n in range(1, 8)]
    small.script("Start 0", *rounds)
    small.script("AGENT: reply 1", Reply(status=400))
    small.script("context was dropped", Reply(text=("still here",), usage=(50, 5)))
    with small.talk(conversation) as talk:
        for number in range(7):
            talk.ask(f"Start {number}")
        came = talk.ask("Start 7")
    assert text_of(came) == "still here"
    assert next(each for each in came if each["type"] == "compact")["error"]


def test_a_question_that_is_too_long_for_the_model_is_followed_by_a_summary(
    served: Served,
) -> None:
    words = "prompt is too long: 210000 tokens > 200000 maximum"
    error = {"type": "error", "error": {"type": "invalid_request_error", "message": words}}
    rounds = [Reply(text=(f"line {n}",)) for n in range(6)]
    served.script("Long 0", *rounds, Reply(status=400, error=error))
    served.script("AGENT: line 1", Reply(text=("In short.",)))
    served.script("In short.", Reply(text=("it fits",)), Reply(text=("it fits",)))
    conversation = served.new()
    with served.talk(conversation) as talk:
        for number in range(6):
            talk.ask(f"Long {number}")
        refused = talk.ask("Long 6")
        told = next(each for each in refused if each["type"] == "error")
        assert words in told["message"]
        assert (
            told["cure"]
            == "say it again: of more than ten messages the older ones become a summary before it"
        )
        came = talk.ask("Again")
        assert text_of(came) == "it fits"
        assert "compact" in kinds(came)
        assert "compact" not in kinds(talk.ask("And more"))


def test_the_agent_may_ask_for_a_summary_with_a_focus(served: Served) -> None:
    conversation = served.new()
    compact = Reply(calls=(("compact", '{"focus": "the API"}'),), stop="tools")
    served.script("Talk 0", *(Reply(text=(f"said {n}",)) for n in range(6)), compact)
    served.script("AGENT: said 0", Reply(text=("A summary",)))
    served.script("A summary", Reply(text=("went on",)))
    with served.talk(conversation) as talk:
        for number in range(6):
            talk.ask(f"Talk {number}")
        came = talk.ask("Talk 6")
    assert (
        next(e for e in came if e["type"] == "compact")["message"] == "Manual compaction triggered"
    )
    assert "__COMPACT" not in json.dumps(came)
    asked = served.scripts.asked["AGENT: said 0"][0]
    assert "Keep everything about: the API" in json.dumps(asked["messages"])
    assert text_of(came) == "went on"


def test_without_a_key_the_turn_says_which_variable_is_missing(tmp_path: Path) -> None:
    with serving(tmp_path, ANTHROPIC_API_KEY="") as server:
        assert server.request("GET", "/health")[1]["model"] is None
        with server.talk(server.new()) as talk:
            came = talk.ask("Hello")
        assert "ANTHROPIC_API_KEY" in came[-2]["message"]
        assert came[-2]["cure"] == "set ANTHROPIC_API_KEY"
