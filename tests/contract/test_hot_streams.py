"""An answer as our readers of the hot wires read it is the answer that pydantic-ai reads.

Both get the same bytes from the same HTTP client, for every stream of a table.
"""

import asyncio
from dataclasses import replace
from itertools import groupby

import pytest
from support import anthropic_streams, chat_streams
from support.oracle import Outcome, Vendor, both, client_of, hot, outcome, stream
from support.wires import ASK

from agentproxy.models.pace import SHORTEST, Pace
from agentproxy.models.port import ModelAnswer, ModelUnavailable

MODELS = {
    "anthropic": "claude-sonnet-4-6",
    "openai chat": "gpt-4o",
    "deepseek": "deepseek/deepseek-reasoner",
}
STREAMS = {
    "anthropic": anthropic_streams.STREAMS,
    "openai chat": chat_streams.STREAMS,
    "deepseek": chat_streams.STREAMS,
}
TABLE = [
    pytest.param(wire, said, id=f"{wire}: {name}")
    for wire, table in STREAMS.items()
    for name, said in table.items()
]


@pytest.mark.parametrize(("wire", "said"), TABLE)
def test_a_stream_means_what_it_means_to_the_library(wire: str, said: bytes) -> None:
    ours, theirs = asyncio.run(both(MODELS[wire], said))
    assert ours == theirs


@pytest.mark.parametrize(("wire", "said"), TABLE)
def test_it_does_not_matter_where_a_stream_is_cut_into_pieces(wire: str, said: bytes) -> None:
    async def story() -> None:
        whole = stream(said)
        bytewise = stream(*(said[at : at + 1] for at in range(len(said))))
        ends = stream(said.replace(b"\n", b"\r\n"))
        ends_bytewise = said.replace(b"\n", b"\r\n")
        pieces = stream(*(ends_bytewise[at : at + 1] for at in range(len(ends_bytewise))))
        old = stream(said.replace(b"\n", b"\r"), b"\r")
        found: list[Outcome] = []
        for answer in (whole, bytewise, ends, pieces, old):
            async with client_of(Vendor([answer])) as client:
                found.append(await outcome(hot(MODELS[wire], client)))
        assert all(each == found[0] for each in found[1:])

    asyncio.run(story())


@pytest.mark.parametrize(("wire", "said"), TABLE)
def test_a_busy_process_shows_the_same_text_in_fewer_pieces(wire: str, said: bytes) -> None:
    async def story() -> None:
        found: list[Outcome] = []
        for pace in (Pace(), Pace(seconds=SHORTEST)):
            async with client_of(Vendor([stream(said)])) as client:
                found.append(await outcome(hot(MODELS[wire], client, pace)))
        idle, busy = found
        assert replace(busy, shown=[]) == replace(idle, shown=[])
        assert texts(busy) == texts(idle)
        assert len(busy.shown) <= len(idle.shown)

    asyncio.run(story())


def texts(found: Outcome) -> list[tuple[str, str]]:
    """What was shown, each run of one kind together."""
    runs = groupby(found.shown, key=lambda each: each.kind)
    return [(kind, "".join(each.text for each in run)) for kind, run in runs]


@pytest.mark.parametrize("wire", list(STREAMS))
def test_a_stream_may_be_cut_into_two_at_any_byte(wire: str) -> None:
    table = STREAMS[wire]
    said = next(iter(table.values())) + b": rest\n\n"

    async def story() -> None:
        async with client_of(Vendor([stream(said)])) as client:
            whole = await outcome(hot(MODELS[wire], client))
        for at in range(len(said)):
            async with client_of(Vendor([stream(said[:at], said[at:])])) as client:
                assert await outcome(hot(MODELS[wire], client)) == whole

    asyncio.run(story())


def answer_of(name: str, said: bytes) -> ModelAnswer:
    async def story() -> ModelAnswer:
        async with client_of(Vendor([stream(said)])) as client:
            return await hot(name, client).answer(ASK, show=lambda _: None)

    return asyncio.run(story())


@pytest.mark.parametrize("place", [[], {}, [0]])
@pytest.mark.parametrize("begins", [True, False])
def test_a_part_at_no_place_is_an_error_of_the_answer(place: object, *, begins: bool) -> None:
    events = anthropic_streams
    part = {"type": "text", "text": ""}
    index = place if begins else 0
    said = events.event("content_block_start", index=index, content_block=part)
    delta = {"type": "text_delta", "text": "Hello"}
    said += events.event("content_block_delta", index=place, delta=delta)
    with pytest.raises(ModelUnavailable, match="place of a part"):
        answer_of("claude-sonnet-4-6", events.begin() + said + events.end())


def test_words_of_refusal_are_the_words_of_a_refused_answer() -> None:
    """The library loses them, and the reason with them."""
    refused = chat_streams.chunk({"refusal": "I will"}) + chat_streams.chunk({"refusal": " not"})
    answer = answer_of("gpt-4o", chat_streams.BEGIN + refused + chat_streams.end("stop"))
    assert (answer.stop, answer.message.text) == ("refused", "I will not")


@pytest.mark.parametrize(
    "calls",
    [
        # Later pieces have an empty id.
        chat_streams.call(0, "c1")
        + chat_streams.chunk(
            {"tool_calls": [{"index": 0, "id": "", "function": {"arguments": '{"a": 1}'}}]}
        ),
        # The name is repeated in each piece.
        chat_streams.call(0, "c1")
        + chat_streams.chunk(
            {"tool_calls": [{"index": 0, "function": {"name": "bash", "arguments": '{"a": 1}'}}]}
        ),
        # No place at all.
        chat_streams.chunk({"tool_calls": [{"id": "c1", "function": {"name": "bash"}}]})
        + chat_streams.chunk({"tool_calls": [{"function": {"arguments": '{"a": 1}'}}]}),
        # The arguments are no text.
        chat_streams.chunk(
            {
                "tool_calls": [
                    {"index": 0, "id": "c1", "function": {"name": "bash", "arguments": {"a": 1}}}
                ]
            }
        ),
    ],
)
def test_calls_of_servers_that_differ_from_openais_are_read_too(calls: bytes) -> None:
    answer = answer_of("ollama/llama3", chat_streams.BEGIN + calls + chat_streams.end("tool_calls"))
    (call,) = answer.message.calls
    assert (call.id, call.name, call.arguments) == ("c1", "bash", {"a": 1})


def test_usage_that_is_told_with_each_chunk_is_not_added_up() -> None:
    """The library adds it up."""
    usage = [chat_streams.used(25, number) for number in (1, 2)]
    said = b"".join(chat_streams.chunk({"content": "a"}, usage=each) for each in usage)
    answer = answer_of("ollama/llama3", chat_streams.BEGIN + said + chat_streams.end())
    assert (answer.usage.input, answer.usage.output) == (25, 15)


@pytest.mark.parametrize("arguments", ['{"a": NaN}', '{"a": 1e999}', '{"a": -Infinity}'])
def test_numbers_that_json_does_not_have_make_a_faulty_call(arguments: str) -> None:
    """They could not be sent back."""
    calls = chat_streams.call(0, "c1", arguments)
    answer = answer_of("gpt-4o", chat_streams.BEGIN + calls + chat_streams.end("tool_calls"))
    (call,) = answer.message.calls
    assert (bool(call.invalid), call.raw_arguments) == (True, arguments)
