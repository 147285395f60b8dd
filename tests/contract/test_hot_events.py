"""The reader of server-sent events, alone: what it costs, and the first bytes of a stream."""

import time

import pytest

from agentproxy.models.hot_wires.sse import MAX_EVENT_BYTES, EventReader, EventTooLarge


def read(*pieces: bytes) -> list[tuple[bytes, bytes]]:
    reader = EventReader()
    return [event for piece in pieces for event in reader.read(piece)]


def test_a_long_line_in_small_pieces_costs_no_more_than_its_length() -> None:
    pieces = [b"x" * 512] * 8192
    began = time.process_time()
    ((_, data),) = read(b"data: ", *pieces, b"\n\n")
    assert time.process_time() - began < 2, "its square takes more than 20 seconds"
    assert len(data) == 512 * 8192


def test_a_line_that_never_ends_is_too_large_one_day() -> None:
    piece = b"x" * 65_536
    with pytest.raises(EventTooLarge):
        read(*([piece] * (MAX_EVENT_BYTES // len(piece) + 1)))


@pytest.mark.parametrize("size", [1, 2, 5, 1000])
def test_a_mark_of_utf_8_at_the_very_start_is_skipped(size: int) -> None:
    said = b"\xef\xbb\xbfdata: first\n\n\xef\xbb\xbfdata: no field\n\ndata: second\n\n"
    pieces = [said[at : at + size] for at in range(0, len(said), size)]
    assert read(*pieces) == [(b"", b"first"), (b"", b"second")]
