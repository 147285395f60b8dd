"""What runners print of what nothing waits for. Pure."""

import re
from collections.abc import Iterable

from agentproxy.text.colours import strip_colours

MAX_NAMED = 3

# A stand-in of unittest.mock that is called and not awaited says this in honest tests, too.
_COROUTINE = re.compile(r"coroutine '((?!AsyncMock)[^'\n]{1,200})' was never awaited")
_ACTIVITY = re.compile(
    r"Test \"([^\"\n]{1,200})\"(?: at \S{1,400}:\d+:\d+)? generated asynchronous activity after"
)
_LOG = re.compile(r"Cannot log after tests are done")


def find_unawaited(claim: str, base: str) -> tuple[str, ...]:
    """What the output of a check says at the claim and does not at the base, in short sentences."""
    after, before = (dict.fromkeys(_said(strip_colours(text))) for text in (claim, base))
    return tuple(each for each in after if each not in before)[:MAX_NAMED]


def _said(output: str) -> Iterable[str]:
    for match in _COROUTINE.finditer(output):
        yield f"the run says that the coroutine {match[1]} was never awaited"
    for match in _ACTIVITY.finditer(output):
        yield f"the run says that the test {match[1]!r} ended before what it started"
    if _LOG.search(output):
        yield "the run says that a test ended before what it started"
