"""An error and its cure stand in one line with a mark between them."""

import pytest

from agentproxy.text.with_cure import with_cure


@pytest.mark.parametrize(
    ("error", "cure", "line"),
    [
        ("no model answers", "set a key", "no model answers; set a key"),
        ("Invalid key.", "set another", "Invalid key; set another"),
        ("Wait ...\n", "wait", "Wait; wait"),
        ("Invalid key.", "", "Invalid key."),
        ("", "set a key", "set a key"),
        ("", "", ""),
    ],
)
def test_a_vendors_error_and_our_cure_are_two_parts(error: str, cure: str, line: str) -> None:
    assert with_cure(error, cure) == line
