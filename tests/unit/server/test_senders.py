"""Whose address counts where a proxy hands a request on."""

import pytest

from agentproxy.server.senders import networks, sender_of

OURS = networks(("10.0.0.0/8", "127.0.0.1", "2001:db8::/32"))


@pytest.mark.parametrize(
    ("peer", "given", "sender"),
    [
        ("127.0.0.1", ["192.0.2.1"], "192.0.2.1"),
        ("127.0.0.1", ["203.0.113.9, 192.0.2.1"], "192.0.2.1"),  # the left one is the sender's word
        (
            "127.0.0.1",
            ["203.0.113.9", "192.0.2.1 , 10.1.1.1"],
            "192.0.2.1",
        ),  # two of ours, in a row
        ("127.0.0.1", ["192.0.2.1, 10.1.1.1, unknown"], "127.0.0.1"),
        ("127.0.0.1", ["unknown, 10.1.1.1"], "10.1.1.1"),
        ("127.0.0.1", ["192.0.2.1:5678"], "192.0.2.1"),
        ("127.0.0.1", ["[2001:db9::1]:80, 10.1.1.1:99"], "2001:db9::1"),
        ("127.0.0.1", ["[2001:db9::1]"], "2001:db9::1"),
        ("127.0.0.1", ["[::ffff:192.0.2.1]:80"], "192.0.2.1"),
        ("127.0.0.1", ["192.0.2.1:, 192.0.2.2:port"], "127.0.0.1"),
        ("127.0.0.1", ["192.0.2.2, [192.0.2.1"], "127.0.0.1"),
        ("127.0.0.1", ["10.0.0.1, 10.0.0.2"], "10.0.0.1"),
        ("127.0.0.1", [""], "127.0.0.1"),
        ("127.0.0.1", [], "127.0.0.1"),
        ("::ffff:127.0.0.1", ["::ffff:192.0.2.1"], "192.0.2.1"),
        ("2001:db8::1", ["2001:DB9:0::1"], "2001:db9::1"),
        ("192.0.2.7", ["192.0.2.1"], "192.0.2.7"),  # no proxy of ours
        ("", ["192.0.2.1"], ""),
    ],
)
def test_the_first_from_the_right_that_is_no_proxy_of_ours_is_the_sender(
    peer: str, given: list[str], sender: str
) -> None:
    headers = [(b"X-Forwarded-For", value.encode()) for value in given]
    assert sender_of(peer, headers, OURS) == sender
    assert sender_of(peer, headers, ()) == peer
