"""Errors of the system are told without their numbers."""

import errno
import os

import pytest

from agentproxy.text.system_errors import in_words

FULL = os.strerror(errno.ENOSPC)


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (OSError(errno.ENOSPC, FULL, "/data/x"), f"/data/x: {FULL}"),
        (ConnectionRefusedError(errno.ECONNREFUSED, "Connection refused"), "Connection refused"),
        (OSError("the workspace is gone"), "the workspace is gone"),
        (ValueError("no number"), "no number"),
    ],
)
def test_an_error_is_told_without_its_number(error: Exception, said: str) -> None:
    assert in_words(error) == said
