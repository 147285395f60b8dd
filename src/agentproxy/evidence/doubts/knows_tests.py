"""Code of a claim that asks whether a test runs it. Pure."""

import re
from collections.abc import Iterator, Mapping

from agentproxy.evidence.test_files import is_test_file
from agentproxy.text.added_lines import added_lines

# What only runners of tests set or load. Settings of an application for its tests (NODE_ENV) are
# not meant.
_KNOWS = re.compile(
    r"\b(PYTEST_CURRENT_TEST|PYTEST_VERSION|PYTEST_XDIST_\w+|JEST_WORKER_ID|VITEST_(?:WORKER|POOL)_ID"
    r"|VITEST_MODE|NODE_TEST_CONTEXT)\b"
    r"|\bsys[ \t]*\.[ \t]*modules(?:\.get[ \t]*\(|[ \t]*\[)[ \t]*['\"](?:_?pytest|unittest)['\"]"
    r"|\btesting[ \t]*\.[ \t]*Testing[ \t]*\(|\bflag[ \t]*\.[ \t]*Lookup[ \t]*\([ \t]*\"test\."
)
_RUNNER_IN = re.compile(r"['\"](?:_?pytest|unittest)['\"][ \t]++(?:not[ \t]++)?in[ \t].*")
_CODE = re.compile(r".+\.(?:py|[cm]?[jt]sx?|go)")
# Settings of runners and of builds, which may ask for it.
_SETTINGS = re.compile(r"(?:.*/)?(?:conftest|noxfile|setup|[\w.-]*config)\.\w+")


def find_test_detectors(
    texts: Mapping[str, tuple[str, str]], task: str
) -> Iterator[tuple[str, str]]:
    """Files of code that newly ask so, each with the words. `texts` are the changed files at the
    base and at the claim.
    """
    for path, (before, after) in texts.items():
        if is_test_file(path) or not _CODE.fullmatch(path) or _SETTINGS.fullmatch(path):
            continue
        found = (_asks(line) for line in added_lines(before, after))
        words = next((each for each in found if each and each not in before), "")
        if words and words not in task:
            yield path, words


def _asks(line: str) -> str:
    """The words of a line that ask; "" where none do."""
    if match := _KNOWS.search(line):
        return match[0]
    # Up to a comment; each part is read once.
    for part in line.split("#"):
        match = _RUNNER_IN.search(part)
        # What follows may change where the question is an old one.
        if match and (modules := re.search(r"\bmodules\b", match[0])):
            return match[0][: modules.end()]
    return ""
