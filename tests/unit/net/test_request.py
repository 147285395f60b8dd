"""What a head may hold: one reading, the same for every reader."""

import pytest

from agentproxy.net.request import BodyBudget, Malformed, check_head

PLAIN = b"POST /v1/messages HTTP/1.1\r\nHost: here:80\r\nX: \xe4 y\r\nContent-Length: 3"


def test_a_plain_head_passes() -> None:
    check_head(PLAIN)
    check_head(b"GET http://a.example/ HTTP/1.0")
    check_head(b"CONNECT [::1]:443 HTTP/1.1\r\nhost: [::1]:443\r\nTransfer-Encoding: Chunked")


@pytest.mark.parametrize(
    ("line", "word"),
    [
        (b"Content-Length: 3", "content-length is given twice"),
        (b"content-length : 3", "content-length is given twice"),
        (b"Host: here:80", "host is given twice"),
        (b"Transfer-Encoding: chunked", "both"),
        (b"Y: a\x00b", "control"),
        (b"Y: a\x7fb", "control"),
        (b"Y: a\nb", "control"),
        (b"Y: a\rb", "control"),
        (b" folded", "folded"),
        (b"\tfolded", "folded"),
    ],
)
def test_a_line_that_two_readers_could_read_differently_is_refused(line: bytes, word: str) -> None:
    with pytest.raises(Malformed, match=word) as refused:
        check_head(PLAIN + b"\r\n" + line)
    assert refused.value.status == 400


@pytest.mark.parametrize(
    "line",
    [
        b"Content-Length: 3, 3",
        b"Content-Length: +3",
        b"Content-Length: \xb3",
        b"Content-Length:",
        b"Transfer-Encoding: gzip",
        b"Transfer-Encoding: chunked, chunked",
        b"Transfer-Encoding:",
        b"Host: a b",
        b"Host: a, b",
        b"Host: user@a",
        b"Host: a/b",
    ],
)
def test_a_length_a_coding_or_a_host_that_is_not_plain_is_refused(line: bytes) -> None:
    with pytest.raises(Malformed):
        check_head(b"POST / HTTP/1.1\r\n" + line)


def test_chunks_are_none_of_http_1_0() -> None:
    with pytest.raises(Malformed, match="coding"):
        check_head(b"POST / HTTP/1.0\r\nTransfer-Encoding: chunked")


@pytest.mark.parametrize(
    "line",
    [b"", b"GET /", b"GET / HTTP/1.2", b"GET / HTTP/11", b"get / HTTP/1.1", b"\r\nGET / HTTP/1.1"],
)
def test_a_request_line_that_is_not_plain_is_refused(line: bytes) -> None:
    with pytest.raises(Malformed):
        check_head(line)


def test_bodies_share_the_bytes_that_may_be_held() -> None:
    budget = BodyBudget(10)
    budget.take(6)
    with pytest.raises(Malformed, match="at once") as refused:
        budget.take(5)
    assert refused.value.status == 503
    budget.give_back(6)
    budget.take(10)
