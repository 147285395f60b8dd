"""An answer as our readers of the hot wires read it is the answer that pydantic-ai reads.

Both get the same bytes from the same HTTP client, for every stream of a table.
"""

import asyncio

import pytest
from support import anthropic_streams
from support.oracle import Outcome, Vendor, both, client_of, hot, outcome, stream

MODELS = {"anthropic": "claude-sonnet-4-6"}
STREAMS = {"anthropic": anthropic_streams.STREAMS}
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
