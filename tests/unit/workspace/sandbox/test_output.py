"""What is kept of an output: little, from both ends, with everything counted."""

import hashlib

from hypothesis import given, settings
from hypothesis import strategies as st

from agentproxy.workspace.sandbox.output import Output


@settings(derandomize=True, deadline=None, database=None)
@given(st.lists(st.binary(max_size=64)), st.integers(min_value=0, max_value=100))
def test_head_and_tail_are_kept_and_all_is_counted_however_it_is_cut(
    chunks: list[bytes], kept: int
) -> None:
    output, whole = Output(kept), b"".join(chunks)
    for chunk in chunks:
        output.add(chunk)
    assert output.count == len(whole)
    assert output.digest == hashlib.sha256(whole).hexdigest()
    if len(whole) <= kept:
        assert output.text() == whole.decode("utf-8", "replace")
    else:
        head, tail = whole[: kept // 2], whole[len(whole) - (kept - kept // 2) :]
        assert output.text().startswith(head.decode("utf-8", "replace"))
        assert output.text().endswith(tail.decode("utf-8", "replace"))
        assert f"[{len(whole) - kept} bytes left out]" in output.text()


def test_short_output_is_told_as_it_was() -> None:
    output = Output(100)
    output.add("gr\u00fcn".encode()[:3])
    output.add("gr\u00fcn".encode()[3:])
    assert output.text() == "gr\u00fcn"
