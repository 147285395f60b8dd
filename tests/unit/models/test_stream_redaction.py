"""Which events of a stream wait, and which pass at once."""

import json

import pytest

from agentproxy.models.key_redaction import KeyRedactor
from agentproxy.models.relay.stream_redaction import MAX_HELD_BYTES, StreamRedactor

KEY = "sk-the-real-key-000"
Event = dict[str, object]
PING: Event = {"type": "ping"}


def redactor() -> StreamRedactor:
    return StreamRedactor(KeyRedactor(KEY, put="TOKEN"))


def said(text: str, *, choice: int = 0) -> Event:
    return {"choices": [{"index": choice, "delta": {"content": text}}]}


def lines(event: Event) -> bytes:
    return f"data: {json.dumps(event)}\n\n".encode()


def add(stream: StreamRedactor, event: Event) -> bytes:
    return stream.add(lines(event), event)


def test_an_event_that_cannot_begin_a_key_passes_at_once_and_unchanged() -> None:
    stream = redactor()
    for text in ("Hello", "", " there", "ask me"):
        raw = b"event: x\ndata:  " + json.dumps(said(text)).encode() + b"\r\n\r\n"
        assert stream.add(raw, said(text)) == raw
    assert stream.add(b": a comment\n\n", None) == b": a comment\n\n"
    assert stream.rest() == b""


def test_an_event_that_may_begin_a_key_waits_for_the_next_text() -> None:
    stream = redactor()
    assert add(stream, said("files")) == b""
    assert stream.add(b": a comment\n\n", None) == b""
    assert add(stream, PING) == b""
    expected = lines(said("files")) + b": a comment\n\n" + lines(PING) + lines(said(" end"))
    assert add(stream, said(" end")) == expected


def test_texts_of_two_choices_are_not_joined() -> None:
    stream = redactor()
    assert add(stream, said(KEY[:6])) == b""
    assert add(stream, said(KEY[6:], choice=1)) == b""
    passed = add(stream, said(KEY[6:]))
    assert passed == (lines(said("TOKEN")) + lines(said(KEY[6:], choice=1)) + lines(said("")))


def test_only_events_from_the_possible_beginning_on_wait() -> None:
    stream = redactor()
    assert add(stream, said("s")) == b""
    assert add(stream, said("s")) == lines(said("s"))
    assert add(stream, said("k")) == b""
    assert stream.rest() == lines(said("s")) + lines(said("k"))


def test_an_event_without_text_ends_the_wait() -> None:
    stream = redactor()
    assert add(stream, said("files")) == b""
    end: Event = {"choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}]}
    assert add(stream, end) == lines(said("files")) + lines(end)


def test_what_waits_is_bounded() -> None:
    stream = redactor()
    long = "s" * (MAX_HELD_BYTES // 2)
    assert add(stream, said("s")) == b""
    assert add(stream, said(long, choice=1)) == b""
    assert len(add(stream, said(long, choice=2))) > MAX_HELD_BYTES


def called(arguments: str, *, call: int = 0) -> Event:
    calls = [{"index": call, "function": {"arguments": arguments}}]
    return {"choices": [{"index": 0, "delta": {"tool_calls": calls}}]}


@pytest.mark.parametrize("following", [called("{"), called("{", call=1)])
def test_a_text_does_not_wait_while_another_of_its_choice_goes_on(following: Event) -> None:
    stream = redactor()
    assert add(stream, said("files")) == b""
    assert add(stream, following) == lines(said("files")) + lines(following)
    assert add(stream, called("}")) == lines(called("}"))


def test_a_key_between_two_texts_is_not_told_whole() -> None:
    stream = redactor()
    passed = add(stream, said(KEY[:6])) + add(stream, called("{}")) + add(stream, said(KEY[6:9]))
    assert passed == lines(said(KEY[:6])) + lines(called("{}"))
    passed = add(stream, called("{}")) + add(stream, said(KEY[9:] + "!"))
    assert passed == lines(said(KEY[6:9])) + lines(called("{}")) + lines(said("TOKEN!"))


class CountingRedactor(KeyRedactor):
    """Counts the characters that it searches."""

    searched = 0

    def clean(self, text: str) -> str:
        self.searched += len(text)
        return super().clean(text)


def test_what_waits_is_not_searched_again_for_each_event() -> None:
    counting = CountingRedactor(KEY, put="TOKEN")
    stream = StreamRedactor(counting)
    add(stream, said("s"))
    total = sum(len(add(stream, said("x" * 10, choice=1))) for _ in range(1000))
    assert total == 0
    assert counting.searched < 1000 * 40
