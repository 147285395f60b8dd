"""What a run shows reaches every reader in one order, and no reader makes the run wait."""

import asyncio
import tracemalloc
from collections.abc import Awaitable, Sequence
from typing import TypeVar

import pytest

from agentproxy.app.hub import FragmentReader, FragmentStream, Hub, Position, ShownText
from agentproxy.events.envelope import RunId
from agentproxy.journal.redact import MARK, Redactor

T = TypeVar("T")
RUN = RunId("k7f2")


def play(story: Awaitable[T]) -> T:
    async def inside() -> T:
        async with asyncio.timeout(10):
            return await story

    return asyncio.run(inside())


async def everything(reader: FragmentReader) -> list[ShownText]:
    return [fragment async for fragment in reader]


def told(fragments: Sequence[ShownText]) -> list[tuple[str, str]]:
    """What was shown, however it was joined."""
    joined: list[tuple[str, str]] = []
    for each in fragments:
        if joined and joined[-1][0] == each.source:
            joined[-1] = (each.source, joined[-1][1] + each.text)
        else:
            joined.append((each.source, each.text))
    return joined


def test_two_readers_see_the_same_in_the_same_order() -> None:
    async def story() -> None:
        stream = FragmentStream()
        with stream.subscribe() as quick, stream.subscribe() as slow:
            task = asyncio.create_task(everything(quick))
            for number in range(50):
                stream.show("worker", f"{number} ")
                stream.show(f"check {number % 3}", "x")
                await asyncio.sleep(0)
            stream.close()
            first, second = await task, await everything(slow)
            assert told(first) == told(second)
            assert len(told(second)) == 100

    play(story())


def test_a_long_answer_is_kept_for_those_who_come_back_in_less_memory_than_its_text() -> None:
    async def story() -> None:
        words = [f"{number} words, " for number in range(2000)]
        tracemalloc.start()
        try:
            stream = FragmentStream()
            for each in words:
                stream.show("text", each)
            kept, _ = tracemalloc.get_traced_memory()
        finally:
            tracemalloc.stop()
        whole = "".join(words)
        stream.close()
        with stream.subscribe(after=Position(0, 9)) as reader:
            assert "".join(each.text for each in await everything(reader)) == whole[9:]
        assert kept < 0.8 * len(whole)

    play(story())


def test_a_slow_reader_gets_what_it_missed_joined_and_whole() -> None:
    async def story() -> None:
        stream = FragmentStream(kept=10_000)
        with stream.subscribe() as reader:
            for number in range(1000):
                stream.show("worker", f"{number} ")
            stream.show("check", "ok")
            stream.show("worker", "done")
            stream.close()
            found = await everything(reader)
        whole = "".join(f"{number} " for number in range(1000))
        assert [(each.source, each.text) for each in found] == [
            ("worker", whole),
            ("check", "ok"),
            ("worker", "done"),
        ]
        assert [each.dropped for each in found] == [0, 0, 0]

    play(story())


@pytest.mark.parametrize("sign", ["x", "é", "🦀"])
def test_beyond_the_bound_a_marker_says_how_many_bytes_are_missing(sign: str) -> None:
    async def story() -> None:
        stream = FragmentStream(kept=1000)
        with stream.subscribe() as reader:
            for number in range(5000):
                stream.show(f"source {number % 2}", sign)
            stream.close()
            found = await everything(reader)
        size = len(sign.encode())
        kept = sum(len(each.text.encode()) for each in found)
        assert found[0].dropped + kept == 5000 * size
        assert kept <= 1000
        assert sum(each.dropped for each in found[1:]) == 0

    play(story())


def test_a_text_larger_than_the_bound_leaves_its_end() -> None:
    async def story() -> None:
        stream = FragmentStream(kept=8192)
        with stream.subscribe() as reader:
            stream.show("worker", "a" * 100_000 + "the end")
            stream.close()
            (found,) = await everything(reader)
        assert found.text.endswith("the end")
        assert found.dropped + len(found.text) == 100_007

    play(story())


def test_a_fragment_knows_the_last_event_and_how_much_was_shown_since() -> None:
    async def story() -> None:
        stream = FragmentStream()
        with stream.subscribe() as reader:
            stream.recorded(3)
            stream.show("worker", "één")
            stream.show("check", "ab")
            stream.recorded(4)
            stream.show("check", "cd")
            stream.recorded(2)  # an append that was told late
            stream.show("check", "e")
            stream.close()
            found = await everything(reader)
        assert [(each.position, each.text) for each in found] == [
            (Position(3, 0), "één"),
            (Position(3, 5), "ab"),
            (Position(4, 0), "cde"),
        ]

    play(story())


def test_who_comes_back_goes_on_where_it_was() -> None:
    async def story() -> None:
        stream = FragmentStream()
        for seq in (1, 2):
            stream.recorded(seq)
            stream.show("worker", "abcdef")
        stream.close()
        texts: list[str] = []
        for after in (Position(0, 9), Position(1, 4), Position(1, 6), Position(2, 5)):
            with stream.subscribe(after=after) as reader:
                texts.append("|".join([each.text for each in await everything(reader)]))
        assert texts == ["abcdef|abcdef", "ef|abcdef", "abcdef", "f"]
        with stream.subscribe() as reader:
            assert await everything(reader) == []

    play(story())


def test_a_closed_hub_ends_its_readers_and_keeps_nothing_of_the_run() -> None:
    async def story() -> None:
        hub = Hub()

        async def look() -> list[ShownText]:
            with hub.subscribe(RUN) as reader:
                return await everything(reader)

        early = asyncio.create_task(look())
        await asyncio.sleep(0)
        with hub.open(RUN) as stream:
            late = asyncio.create_task(look())
            await asyncio.sleep(0)
            stream.show("worker", "hello")
            assert stream.has_readers
        assert [each.text for each in await early + await late] == ["hello", "hello"]
        stream.show("worker", "too late")
        assert hub.streams == {}
        assert not stream.has_readers

    play(story())


def test_who_waited_for_a_run_that_never_came_leaves_nothing_behind() -> None:
    async def story() -> None:
        hub = Hub()
        with hub.subscribe(RUN), hub.subscribe(RUN):
            assert len(hub.streams) == 1
        assert hub.streams == {}

    play(story())


SECRET = "correct horse=battery"


@pytest.mark.parametrize("at", range(len(SECRET) + 1))
def test_a_known_secret_is_shown_to_nobody_wherever_it_is_split(at: int) -> None:
    async def story() -> None:
        hub = Hub(Redactor([SECRET]))
        with hub.open(RUN) as stream, stream.subscribe() as reader:
            for seq, piece in enumerate((f"the key: {SECRET[:at]}", f"{SECRET[at:]}, ")):
                stream.show("worker", piece)
                stream.show("check", "ok, ")
                stream.recorded(seq + 1)
            stream.close()
            found = await everything(reader)
        worker = "".join(each.text for each in found if each.source == "worker")
        assert worker == f"the key: {MARK}, "
        assert "".join(each.text for each in found if each.source == "check") == "ok, ok, "

    play(story())


def test_what_only_looked_like_a_secret_is_shown_when_something_is_recorded() -> None:
    async def story() -> None:
        stream = FragmentStream()
        with stream.subscribe() as reader:
            stream.show("worker", "That is right")
            assert (await anext(reader)).text == "That is "
            stream.recorded(1)
            assert await anext(reader) == ShownText(Position(0, 8), "worker", "right")

    play(story())
