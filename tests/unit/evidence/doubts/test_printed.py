"""Runners that say what nothing waited for: pytest 9.2, node 18 to 24, jest 29."""

import pytest

from agentproxy.evidence.doubts.printed import find_unawaited

PYTEST = (
    "tests/test_a.py::test_f\n  /p/tests/test_a.py:6: RuntimeWarning: coroutine 'fetch' was never "
    "awaited\n    fetch()\n"
)
NODE = (
    '\u2139 Error: Test "late" at test/a.test.js:16:1 generated asynchronous activity after the '
    'test ended. This activity created the error "Error: later"'
)
NODE_18 = (
    '# Warning: Test "late" generated asynchronous activity after the test ended. This activity'
)
JEST = "  \u25cf  Cannot log after tests are done. Did you forget to wait for something?"
FETCH = "the run says that the coroutine fetch was never awaited"
LATE = "the run says that the test 'late' ended before what it started"


@pytest.mark.parametrize(
    ("claim", "base", "found"),
    [
        (PYTEST, "", (FETCH,)),
        (PYTEST * 2, "", (FETCH,)),
        (PYTEST, PYTEST, ()),
        (PYTEST.replace("fetch", "AsyncMockMixin._execute_mock_call"), "", ()),
        (NODE, "", (LATE,)),
        (NODE_18, "", (LATE,)),
        (f"\x1b[33m{NODE}\x1b[0m", NODE, ()),
        (JEST, "", ("the run says that a test ended before what it started",)),
        ("3 passed in 0.1s", "", ()),
    ],
)
def test_what_nothing_waits_for_is_read_where_the_claim_brings_it(
    claim: str, base: str, found: tuple[str, ...]
) -> None:
    assert find_unawaited(claim, base) == found
