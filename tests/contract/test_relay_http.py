"""The relay's own HTTP: many requests on a connection, and none that can be read in two ways."""

import asyncio
import json
import time

import pytest
from support.relay import KEY, Standing, parsed, play, question

from agentproxy.net.request import Bounds

PATH, BODY = question("chat")
CONTENT = json.dumps(BODY).encode()
INNER = b"POST /v1/files HTTP/1.1\r\nContent-Length: 0\r\n\r\n"


def head(place: Standing, *fields: str, line: str = f"POST {PATH} HTTP/1.1") -> bytes:
    lines = [line, "Host: here", f"Authorization: Bearer {place.token}", *fields, "", ""]
    return "\r\n".join(lines).encode("latin-1")


def chunks(*parts: bytes) -> bytes:
    return b"".join(f"{len(part):X}\r\n".encode() + part + b"\r\n" for part in (*parts, b""))


async def read_answer(reader: asyncio.StreamReader) -> tuple[bytes, bytes]:
    top = await reader.readuntil(b"\r\n\r\n")
    length = int(top.lower().partition(b"content-length: ")[2].partition(b"\r\n")[0])
    return top, await reader.readexactly(length)


def test_a_connection_is_kept_for_the_next_question_and_for_one_that_came_early() -> None:
    async def scenario(place: Standing) -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", place.port)
        whole = head(place, f"Content-Length: {len(CONTENT)}") + CONTENT
        for batch in (whole, whole + whole):
            writer.write(batch)
            for _ in range(len(batch) // len(whole)):
                top, content = await asyncio.wait_for(read_answer(reader), 5)
                assert top.startswith(b"HTTP/1.1 200")
                assert b"Hello there." in content
        writer.close()

    server, _ = play(scenario)
    assert len(server.asked) == 3


def test_a_body_in_chunks_is_understood() -> None:
    async def scenario(place: Standing) -> None:
        raw = head(place, "Transfer-Encoding: chunked", "Connection: close")
        assert parsed(await place.say(raw + chunks(CONTENT[:9], CONTENT[9:])))[0] == 200

    server, _ = play(scenario)
    assert server.asked == [BODY]


def test_a_worker_that_waits_for_100_is_told_to_go_on() -> None:
    async def scenario(place: Standing) -> None:
        raw = head(
            place, f"Content-Length: {len(CONTENT)}", "Expect: 100-continue", "Connection: close"
        )
        answer = await place.say(raw + CONTENT)
        assert answer.startswith(b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200")

    play(scenario)


def test_a_worker_of_http_1_0_gets_a_stream_that_ends_with_the_connection() -> None:
    async def scenario(place: Standing) -> None:
        content = json.dumps({**BODY, "stream": True}).encode()
        line = f"POST {PATH} HTTP/1.0"
        answer = await place.say(
            head(place, f"Content-Length: {len(content)}", line=line) + content
        )
        assert b"transfer-encoding" not in answer
        assert answer.endswith(b"data: [DONE]\n\n")

    play(scenario)


SMUGGLED = {
    "both a length and chunks": (
        ("Content-Length: 5", "Transfer-Encoding: chunked"), chunks(CONTENT) + INNER,
    ),
    "two lengths": (("Content-Length: 0", f"Content-Length: {len(CONTENT)}"), CONTENT),
    "a list of lengths": ((f"Content-Length: 0, {len(CONTENT)}",), CONTENT),
    "a length with a sign": ((f"Content-Length: +{len(CONTENT)}",), CONTENT),
    "a length in hex": ((f"Content-Length: {len(CONTENT):#x}",), CONTENT),
    "another coding": (("Transfer-Encoding: gzip, chunked",), chunks(CONTENT)),
    "a coding in disguise": (("Transfer-Encoding: xchunked",), chunks(CONTENT)),
    "two codings": (("Transfer-Encoding: chunked", "Transfer-Encoding: x"), chunks(CONTENT)),
    "a space before the colon": ((f"Content-Length : {len(CONTENT)}",), CONTENT),
    "a folded line": (("X: y", f" Content-Length: {len(CONTENT)}"), CONTENT),
    "a bare line feed": ((f"X: y\nContent-Length: {len(CONTENT)}",), CONTENT),
    "a bare carriage return": ((f"X: y\rContent-Length: {len(CONTENT)}",), CONTENT),
    "a NUL": (("X: y\0z", f"Content-Length: {len(CONTENT)}"), CONTENT),
    "a chunk with an extension": (("Transfer-Encoding: chunked",), b"0;a=b\r\n\r\n" + INNER),
    "a chunk of a negative length": (("Transfer-Encoding: chunked",), b"-1\r\n\r\n" + INNER),
    "a chunk that is longer than it says": (
        ("Transfer-Encoding: chunked",), b"2\r\n{}}\r\n0\r\n\r\n",
    ),
    "a chunk with a bare line feed": (("Transfer-Encoding: chunked",), b"0\n\n" + INNER),
    "a chunk with zeros before its length": (
        ("Transfer-Encoding: chunked",), b"02\r\n{}\r\n0\r\n\r\n",
    ),
    "a chunk with a space after its length": (
        ("Transfer-Encoding: chunked",), b"2 \r\n{}\r\n0\r\n\r\n",
    ),
    "a chunk with a long extension": (
        ("Transfer-Encoding: chunked",), b"2;" + b"a" * 9000 + b"\r\n{}\r\n0\r\n\r\n",
    ),
    "more chunks than any client sends": (
        ("Transfer-Encoding: chunked",), chunks(*[b"x"] * 16_400),
    ),
    "a length that is given twice alike": (
        (f"Content-Length: {len(CONTENT)}", f"Content-Length: {len(CONTENT)}"), CONTENT,
    ),
    "a trailer": (("Transfer-Encoding: chunked",), b"0\r\nAuthorization: x\r\n\r\n"),
    "two hosts": (("Host: there", f"Content-Length: {len(CONTENT)}"), CONTENT),
}  # fmt: skip


@pytest.mark.parametrize("how", list(SMUGGLED))
def test_what_can_be_read_in_two_ways_is_refused_and_the_connection_ends(how: str) -> None:
    fields, rest = SMUGGLED[how]

    async def scenario(place: Standing) -> None:
        answer = await place.say(head(place, *fields) + rest)
        assert answer[9:12] in (b"400", b"431")
        assert answer.count(b"HTTP/1.1") == 1

    server, place = play(scenario)
    assert (server.paths, place.facts) == ([], [])


@pytest.mark.parametrize(
    "line",
    ["", "POST", f"POST {PATH}", f"POST  {PATH} HTTP/1.1", f"POST {PATH} HTTP/2.0", "\x16\x03\x01"],
)
def test_what_is_no_request_is_refused(line: str) -> None:
    async def scenario(place: Standing) -> None:
        assert (await place.say(head(place, line=line))).startswith(b"HTTP/1.1 400")

    play(scenario)


@pytest.mark.parametrize(
    ("fields", "rest", "status"),
    [
        (("Content-Length: 10001",), b"", 413),
        (("Transfer-Encoding: chunked",), chunks(b"x" * 9000, b"x" * 9000), 413),
        (("Content-Length: 999999999999",), b"", 413),
        (("X: " + "y" * 40_000,), b"", 431),
    ],
)
def test_what_is_too_large_is_refused_unread(
    fields: tuple[str, ...], rest: bytes, status: int
) -> None:
    async def scenario(place: Standing) -> None:
        assert parsed(await place.say(head(place, *fields) + rest))[0] == status

    play(scenario, bounds=Bounds(body=10_000))


@pytest.mark.parametrize("cut", ["head", "body", "chunk"])
def test_a_worker_that_dawdles_is_answered_in_time(cut: str) -> None:
    async def scenario(place: Standing) -> None:
        began = time.monotonic()
        raw = {
            "head": head(place)[:-4],
            "body": head(place, "Content-Length: 100") + b"{",
            "chunk": head(place, "Transfer-Encoding: chunked") + b"5\r\n{",
        }[cut]
        assert parsed(await place.say(raw))[0] == 408
        assert time.monotonic() - began < 3

    play(scenario, bounds=Bounds(head_seconds=0.2, body_seconds=0.2))


def test_an_idle_connection_is_closed_and_more_than_so_many_are_refused() -> None:
    async def scenario(place: Standing) -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", place.port)
        await asyncio.sleep(0.05)
        assert parsed(await place.say(b""))[0] == 503
        assert await asyncio.wait_for(reader.read(), 3) == b""
        writer.close()

    play(scenario, bounds=Bounds(connections=1, idle_seconds=0.4))


def test_no_header_of_the_workers_is_passed_on_but_the_few_that_may_be() -> None:
    fields = (
        "Host: evil.example",
        "X-Forwarded-Host: evil.example",
        "OpenAI-Organization: org-evil",
        "X-Api-Key: sk-evil",
        "Api-Key: sk-evil",
        "Cookie: evil=1",
        "Proxy-Authorization: evil",
        "Connection: X-Gone, close",
        "X-Gone: evil",
        "TE: trailers",
        "Accept-Encoding: gzip",
        "OpenAI-Beta: kept",
        f"Content-Length: {len(CONTENT)}",
    )

    async def scenario(place: Standing) -> None:
        raw = head(place, *fields).replace(b"Host: here\r\n", b"")
        assert parsed(await place.say(raw + CONTENT))[0] == 200

    server, _ = play(scenario)
    told = server.heads[0]
    assert "evil" not in json.dumps(told)
    assert told["authorization"] == f"Bearer {KEY}"
    assert told["openai-beta"] == "kept"
    assert told["host"].startswith("127.0.0.1:")
    assert told["accept-encoding"] == "identity"
