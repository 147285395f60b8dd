"""What is told of a message that was sent: itself, with a mark in place of each secret."""

import pytest

from agentproxy.cli.chat.port import is_told_of

TOLD = [
    ("hello", "hello", True),
    ("hello", "hello!", False),
    ("key=[REDACTED]", "key=abc", True),
    ("key=[REDACTED] and b=[REDACTED]!", "key=abc and b=def!", True),
    ("key=[REDACTED] and b=[REDACTED]!", "key=abc or b=def!", False),
    ("[REDACTED]", "anything", True),
    ("[REDACTED]", "[REDACTED]", True),
    ("ab[REDACTED]bc", "abc", False),
    ("key=[REDACTED]", "another", False),
]


@pytest.mark.parametrize(("told", "sent", "same"), TOLD)
def test_a_message_is_known_without_its_secrets(told: str, sent: str, *, same: bool) -> None:
    assert is_told_of(told, sent) == same
