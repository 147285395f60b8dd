"""Attacks on the sockets of conversations."""

import socket
import struct
import time
import zlib
from collections.abc import Sequence
from contextlib import ExitStack
from urllib.parse import urlsplit

import pytest
from support.answers import Reply
from support.chats import Served, text_of
from support.raw_http import ask_raw, head


# Frames of a client, as bytes: the first byte, the masked length, the mask, the payload.
def frame(first: int, payload: bytes, *, masked: bool = True) -> bytes:
    size = len(payload)
    bit = 0x80 if masked else 0
    if size < 126:
        long = struct.pack("!BB", first, bit | size)
    elif size < 1 << 16:
        long = struct.pack("!BBH", first, bit | 126, size)
    else:
        long = struct.pack("!BBQ", first, bit | 127, size)
    return long + (b"\0\0\0\0" if masked else b"") + payload


def bomb() -> bytes:
    """A message of 200 MiB, packed. Each worker of the tests makes it, so it is made in no time."""
    packer = zlib.compressobj(9, zlib.DEFLATED, -15)

    def packed(text: bytes) -> bytes:
        return packer.compress(text) + packer.flush(zlib.Z_FULL_FLUSH)  # it stands by itself

    start, mebibyte = packed(b'{"type": "message", "content": "'), packed(b"a" * (1 << 20))
    return (start + mebibyte * 200 + packed(b'"}'))[:-4]


FRAMES = [
    ("no mask", frame(0x81, b"{}", masked=False), 1002),
    ("a reserved kind", frame(0x83, b"{}"), 1002),
    ("a continuation of nothing", frame(0x80, b"{}"), 1002),
    ("a long ping", frame(0x89, b"p" * 126), 1002),
    ("no UTF-8", frame(0x81, b"\xff\xfe"), 1007),
    ("a length of an exabyte", struct.pack("!BBQ", 0x81, 0xFF, 1 << 60), 1009),
    ("too long", frame(0x81, b"a" * ((1 << 20) + 1)), 1009),
    ("too long in parts", frame(0x01, b"a" * 800_000) + frame(0x80, b"a" * 800_000), 1009),
    # Nothing is compressed, so that nothing is unpacked.
    ("a bomb", frame(0xC1, bomb()), 1002),
]  # fmt: skip


@pytest.mark.parametrize(
    ("sent", "code"), [row[1:] for row in FRAMES], ids=[row[0].replace(" ", "-") for row in FRAMES]
)
def test_a_bad_frame_closes_its_socket_and_harms_nobody(
    served: Served, sent: bytes, code: int
) -> None:
    conversation = served.new()
    place = urlsplit(served.url)
    key = "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ=="
    lines = ["Upgrade: websocket", "Connection: Upgrade", key, "Sec-WebSocket-Version: 13",
             "Sec-WebSocket-Extensions: permessage-deflate"]  # fmt: skip
    with socket.create_connection((str(place.hostname), place.port or 0), timeout=20) as wire:
        wire.sendall(head(served, f"GET /api/chat/{conversation}/ws HTTP/1.1", *lines))
        reader = wire.makefile("rb")
        assert reader.readline().split()[1] == b"101"
        while reader.readline().strip():
            pass
        wire.sendall(sent)
        first = reader.read(4)
        assert first[0] == 0x88, "it is a frame that closes"
        assert struct.unpack("!H", first[2:4])[0] == code
        reader.close()
    assert served.request("GET", f"/api/conversations/{conversation}")[0] == 200


BAD_HANDSHAKES = [
    ["Upgrade: websocket", "Connection: Upgrade", "Sec-WebSocket-Version: 13"],
    ["Upgrade: websocket", "Connection: Upgrade", "Sec-WebSocket-Version: 1",
     "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ=="],
    ["Upgrade: websocket", "Connection: Upgrade", "Sec-WebSocket-Version: 13",
     "Sec-WebSocket-Key: short"],
    ["Upgrade: h2c", "Connection: Upgrade", "HTTP2-Settings: AAMAAABkAARAAAAAAAIAAAAA"],
]  # fmt: skip


@pytest.mark.parametrize("lines", BAD_HANDSHAKES)
def test_a_bad_handshake_is_refused(served: Served, lines: Sequence[str]) -> None:
    statuses = ask_raw(served, head(served, "GET /api/chat/0123456789ab/ws HTTP/1.1", *lines))
    assert statuses
    assert statuses[0] in (400, 404, 426)


def test_a_flood_of_messages_is_read_slowly_and_others_are_served(served: Served) -> None:
    flooded, other = served.new(), served.new()
    served.script("Among the flood", Reply(text=("answered",)))
    with served.talk(flooded) as flood, served.talk(other) as talk:
        began = time.monotonic()
        for _ in range(260):
            flood.send("cancel")
        assert text_of(talk.ask("Among the flood")) == "answered"
        assert time.monotonic() - began < 10
        for _ in range(250):
            flood.receive()
        assert time.monotonic() - began > 0.8, "the first 200 at once, then 50 a second"


def test_a_conversation_has_a_bound_of_sockets(served: Served) -> None:
    conversation = served.new()
    with ExitStack() as stack:
        first = stack.enter_context(served.talk(conversation))
        first.send("toggle_plan_mode", enabled=True)
        first.until("plan_mode_changed")
        # What happened is told to each that comes: it is one of the clients now.
        for _ in range(99):
            stack.enter_context(served.talk(conversation, "?after=0")).until("plan_mode_changed")
        with served.talk(conversation) as one_more:
            assert "100 clients follow" in one_more.receive()["message"]
    assert served.request("DELETE", f"/api/conversations/{conversation}")[0] == 200
