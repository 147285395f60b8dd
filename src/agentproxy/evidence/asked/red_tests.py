"""Whether a test that was red before belongs to a task. Pure."""

import re
from collections.abc import Collection

from agentproxy.events.check import TestResult
from agentproxy.evidence.asked.task_text import stem, words_of

MAX_MESSAGE_CHARACTERS = 2_000
FEWEST_WORDS = 3

# Such a task is about whatever is red.
_MENDS = re.compile(
    r"\b(?:fix|mend|repair|bug|broke|break|fail|red\b|green\b|pass(?:es|ing)?\b|crash|error|wrong"
    r"|incorrect|correct|regress|flaky|test|suite|right\b|work(?:s|ing)?\b)",
    re.IGNORECASE,
)
_CAMEL = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")
_SAYS_NOTHING = frozenset(
    {
        *("test", "tests", "spec", "py", "js", "ts", "self", "assert", "true", "false", "none"),
        *("error", "in", "is", "of", "the", "a", "an", "and", "or", "to", "for", "with", "not"),
        *("line", "expected", "actual", "equal", "src", "lib", "it", "on", "at", "as", "be"),
    }
)


def is_beside_task(task: str, red: Collection[TestResult], *, changed: Collection[str]) -> bool:
    """Whether the task is about none of the tests that are red: it is no order to mend something,
    it shares no word with them, and none of them fails in a file that the claim changes.
    """
    if not red or _MENDS.search(task):
        return False
    wanted = {stem(word) for word in _words(task)}
    # A task of so few words may mean anything.
    if len(wanted) < FEWEST_WORDS:
        return False
    return not any(wanted & {stem(word) for word in _words(_about(test))} for test in red) and not {
        test.place.rpartition(":")[0] for test in red
    } & set(changed)


def _about(test: TestResult) -> str:
    return f"{test.name} {test.place} {test.message[:MAX_MESSAGE_CHARACTERS]}"


def _words(text: str) -> set[str]:
    words = {word for word in words_of(_CAMEL.sub(" ", text).lower()) if "_" not in word}
    return {word for word in words - _SAYS_NOTHING if len(word) > 1}
