"""What a traced conversation tells of each question to a model, and of its answer."""

import json
import sqlite3
from pathlib import Path

from support.answers import Reply
from support.chats import KEY, Message, Served, kinds, serving

SECRETS = (KEY, "sk-ant-api03-" + "aB3_" * 20, "AKIAIOSFODNN7EXAMPLE", "hunter2")
HARMLESS = (
    "9c58c8289e685ea909a4e7c27bd1cd8b9ec1f5aa",
    "/srv/data/projects/very/long/path/of/files",
)


def traced(messages: list[Message]) -> list[Message]:
    return [each for each in messages if each["type"].startswith("llm_")]


def _lasting(message: Message) -> Message:
    return {key: value for key, value in message.items() if key not in ("sequence", "event_id")}


def write(path: str, content: str) -> Reply:
    call = ("write_file", json.dumps({"path": path, "content": content}))
    return Reply(text=("I write. ",), calls=(call,), stop="tools", usage=(70, 9))


def test_each_question_and_its_answer_are_told_whole_around_the_text(served: Served) -> None:
    conversation = served.new(enable_tracing=True)
    served.script("Trace me", write("a.txt", "text"), Reply(text=("All ", "done"), usage=(90, 4)))
    with served.talk(conversation) as talk:
        came = talk.ask("Trace me")
    assert kinds(came) == [
        "message_received", "turn_started",
        "llm_request", "text_delta", "llm_response", "tool_call", "tool_result",
        "llm_request", "text_delta", "llm_response", "done",
    ]  # fmt: skip
    first, answer, second, last = traced(came)
    assert [each["seq"] for each in traced(came)] == [1, 1, 2, 2]
    assert first["model"] == "claude-sonnet-4-5-20250929"
    assert first["max_tokens"] == 16384
    assert first["messages"] == [
        {"role": "user", "content": [{"type": "text", "text": "Trace me"}]}
    ]
    asked = served.scripts.asked["Trace me"]
    assert first["system"] == asked[0]["system"][0]["text"]
    assert [each["name"] for each in first["tools"]] == [each["name"] for each in asked[0]["tools"]]
    assert first["tools"][0].keys() == {"name", "description", "input_schema"}
    assert (first["message_count"], first["tool_count"]) == (1, len(asked[0]["tools"]))
    assert answer["content"] == "I write. "
    (call,) = answer["tool_calls"]
    assert (call["name"], call["input"]) == ("write_file", {"path": "a.txt", "content": "text"})
    assert (answer["done"], last["done"]) == (False, True)
    assert answer["usage"] == {"input_tokens": 70, "output_tokens": 9}
    # What is stored is a difference; what is told is whole.
    assert [each["role"] for each in second["messages"]] == ["user", "assistant", "user"]
    assert second["messages"][1]["content"][1]["id"] == call["id"]
    result = second["messages"][2]["content"][0]
    assert (result["tool_use_id"], result["is_error"]) == (call["id"], False)
    assert second["system"] == first["system"]
    assert second["tools"] == first["tools"]


def test_nothing_is_told_or_stored_where_nobody_asked_for_it(served: Served) -> None:
    conversation = served.new()
    served.script("Do not trace me", Reply(text=("Fine",)))
    with served.talk(conversation) as talk:
        assert traced(talk.ask("Do not trace me")) == []


def test_the_numbers_go_on_after_a_restart_and_the_past_is_told_again(tmp_path: Path) -> None:
    with serving(tmp_path) as server:
        conversation = server.new(enable_tracing=True)
        server.script("Before the stop", write("a", "x"), Reply(text=("one",)))
        with server.talk(conversation) as talk:
            before = traced(talk.ask("Before the stop"))
    with serving(tmp_path) as server:
        server.script("Before the stop", Reply(text=("two",)))
        with server.talk(conversation, "?after=0") as talk:
            again = traced(talk.until("done"))
            after = traced(talk.ask("After it"))
    assert [_lasting(each) for each in again] == [_lasting(each) for each in before]
    assert [each["seq"] for each in after] == [3, 3]
    assert [each["role"] for each in after[0]["messages"]] == ["user", "assistant"] * 2 + ["user"]


def test_a_question_that_fails_or_is_cut_off_has_an_answer_that_says_so(served: Served) -> None:
    conversation = served.new(enable_tracing=True)
    slow = Reply(text=tuple(f"{n} " for n in range(100)), fault="slow")
    served.script("Fail and be cut", Reply(status=400), slow)
    with served.talk(conversation) as talk:
        came = talk.ask("Fail and be cut")
        assert kinds(came)[-4:] == ["llm_request", "llm_response", "error", "done"]
        assert came[-3]["error"]
        assert came[-3]["seq"] == 1
        talk.say("Again")
        talk.until("text_delta")
        talk.send("cancel")
        came = talk.until("llm_response")
    assert came[-1]["seq"] == 2
    assert came[-1]["error"] == "the question was interrupted"
    assert came[-1]["done"] is False


def test_no_secret_is_in_any_event_and_what_only_looks_like_one_is(tmp_path: Path) -> None:
    told = f"password: {SECRETS[3]} key {SECRETS[0]} {SECRETS[1]} aws {SECRETS[2]}"
    harmless = " ".join(HARMLESS)
    with serving(tmp_path) as server:
        conversation = server.new(enable_tracing=True, system_prompt=f"You know {told} {harmless}")
        server.script(
            "Keep it",
            Reply(text=(f"I heard {told} ",), calls=write("a", told).calls, stop="tools"),
            Reply(calls=(("read_file", '{"path": "a"}'),), stop="tools"),
            Reply(text=(told[:20], told[20:45], told[45:], f" {harmless}")),
        )
        with server.talk(conversation) as talk:
            talk.ask(f"Keep it: {told} {harmless}")
            with server.talk(conversation, "?after=0") as other:
                seen = json.dumps([*talk.seen, *other.until("done")])
        shown = json.dumps(server.request("GET", f"/api/conversations/{conversation}")[1])
        stored = b"".join(each.read_bytes() for each in (tmp_path / "home").glob("journal*"))
    for text in (seen, shown):
        assert "[REDACTED]" in text
        for word in HARMLESS:
            assert word in text
    for secret in SECRETS:
        assert secret not in seen
        assert secret not in shown
        assert secret.encode() not in stored


def test_what_is_stored_grows_with_the_conversation_and_not_with_its_square(
    tmp_path: Path,
) -> None:
    def stored(turns: int, *, tracing: bool) -> int:
        conversation = server.new(enable_tracing=tracing)
        text = "word " * 400
        word = f"Long {turns} {tracing}"
        server.script(word, *(Reply(text=(text,)) for _ in range(turns)))
        journal = tmp_path / "home" / "journal.sqlite3"
        before = _rows(journal)
        with server.talk(conversation) as talk:
            for _ in range(turns):
                talk.ask(word)
        return _rows(journal) - before

    with serving(tmp_path) as server:
        usual, short, long = (
            stored(20, tracing=False), stored(10, tracing=True), stored(20, tracing=True)
        )  # fmt: skip
    # Twice the turns and a system prompt once: twice the bytes.
    assert long < 2.05 * short
    assert long < 3 * usual + 20_000


def _rows(journal: Path) -> int:
    with sqlite3.connect(f"file:{journal}?mode=ro", uri=True) as reader:
        (total,) = reader.execute("select coalesce(sum(length(data)), 0) from events").fetchone()
    return int(total)


def test_the_summary_of_a_long_conversation_is_traced_too(tmp_path: Path) -> None:
    came: list[Message] = []
    with serving(tmp_path, CONTEXT_WINDOW="1000", COMPACT_THRESHOLD="0.1") as server:
        conversation = server.new(enable_tracing=True)
        server.script("Grow", *(Reply(text=("ok",), usage=(50, 1)) for _ in range(5)),
                      Reply(text=("big",), usage=(500, 1)), Reply(text=("after",)))  # fmt: skip
        server.script("USER: Grow", Reply(text=("the summary",)))
        with server.talk(conversation) as talk:
            for number in range(7):
                came = talk.ask("Grow" if not number else "more")
    purposes = [each["purpose"] for each in came if each["type"] == "llm_request"]
    assert purposes == ["compact", "work"]
    summary = next(each for each in came if each["type"] == "llm_response")
    assert summary["content"] == "the summary"


def test_a_fresh_reader_is_told_within_the_answer(served: Served) -> None:
    conversation = served.new(enable_tracing=True)
    slow = Reply(text=tuple(f"w{n} " for n in range(40)), fault="slow")
    served.script("Trace for two", slow)
    with served.talk(conversation) as one:
        one.say("Trace for two")
        one.until("text_delta")
        with served.talk(conversation, "?after=0") as other:
            came = other.until("done")
    assert "".join(each["content"] for each in came if each["type"] == "text_delta") == "".join(
        slow.text
    )
    assert [each["seq"] for each in traced(came)] == [1, 1]
