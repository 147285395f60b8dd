"""Old tests that a claim changes, and that only a judge can excuse by words of the task. Pure."""

from collections.abc import Mapping
from dataclasses import replace

from agentproxy.events.asked import AskedRead
from agentproxy.evidence.comparison import Comparison
from agentproxy.evidence.verdict import judge, judge_check

MAX_ASKED = 5  # files of a claim: with more, a person looks


def excuse(asked: AskedRead, quotes: Mapping[str, str]) -> AskedRead:
    """What the task asks for, with the open files that a judge excuses, each with its quote."""
    excused = {path: quote for path, quote in quotes.items() if path in asked.open}
    if not excused:
        return asked
    said = {path: f"says so, as the judge cites: {quote!r}" for path, quote in excused.items()}
    gone = {path: (*asked.gone.get(path, ()), *asked.open[path]) for path in excused}
    still_open = {path: names for path, names in asked.open.items() if path not in excused}
    return asked.model_copy(
        update={
            "test_files": {**asked.test_files, **said},
            "gone": {**asked.gone, **gone},
            "open": still_open,
        }
    )


def files_to_ask_about(comparison: Comparison) -> tuple[str, ...]:
    """The changed test files that keep the check from being proven, and that a judge may excuse."""
    rules = comparison.rules
    asked = rules.asked
    if asked is None or not 0 < len(asked.open) <= MAX_ASKED or rules.doubts:
        return ()
    if judge(comparison).reason_code not in ("own_tests", "tests_removed"):
        return ()

    def is_unproven_without(*left: str) -> bool:
        quotes = {path: path for path in asked.open if path not in left}
        excused = replace(rules, asked=excuse(asked, quotes))
        verdict = judge_check(comparison.evidence, excused)
        return verdict.reason_code in ("own_tests", "tests_removed")

    if is_unproven_without():
        return ()  # no answer would change it
    return tuple(path for path in asked.open if is_unproven_without(path))
