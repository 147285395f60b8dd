"""Whether the reports of our own reporters count: as their runners say at the end. Pure."""

import re
from collections import Counter
from collections.abc import Sequence

from agentproxy.events.check import ReportDoubt
from agentproxy.evidence.reports.report import Counts
from agentproxy.workspace.sandbox.port import Ended

# vitest counts a test that has to fail apart from those that passed.
_PASSED = re.compile(r"\b(\d{1,9})(?= (?:passed|passing|expected fail)\b)|(?<= pass )(\d{1,9})")
_FAILED = re.compile(r"\b(\d{1,9})(?= (?:failed|failing)\b)|(?<= fail )(\d{1,9})")
# RSpec counts all examples, and among them those that fail or pend.
_EXAMPLES = re.compile(r"(\d{1,9}) examples?, (\d{1,9}) failures?(?:, (\d{1,9}) pending)?")
# minitest counts all runs, and among them those that fail or are skipped.
_RUNS = re.compile(
    r"(\d{1,9}) runs, \d+ assertions, (\d{1,9}) failures, (\d{1,9}) errors, (\d{1,9}) skips"
)
# prove says how many tests ran, and our reporter calls them passed.
_RAN = re.compile(r"Files=\d+, Tests=(\d{1,9}),")
_NONE = (0, 0)


def find_doubt_of_counts(
    ended: Ended, printed: Sequence[str], counts: Sequence[Counts], *, is_cut: bool
) -> ReportDoubt | None:
    """Returns why the reports of one runner do not count; `printed` is what it says at its ends."""
    if not all(each.ended for each in counts):
        return "ended_early"
    if ended.exit_code != 0 and any(each.errors for each in counts):
        return "hides_failures"
    if ended.exit_code == 0 and any(each.missing for each in counts):
        return "missing_files"
    return _differs(printed, counts, is_cut=is_cut) if printed else None


def _differs(
    printed: Sequence[str], counts: Sequence[Counts], *, is_cut: bool
) -> ReportDoubt | None:
    said = Counter(_totals(text) for text in printed)
    reported = Counter((each.passed, each.failed) for each in counts)
    # A runner that finds no file says so, and tells our reporter nothing.
    del said[_NONE], reported[_NONE]
    if said.total() > reported.total():
        return "several_runs"
    # A second run may have said its totals in the part that is cut.
    if said.total() < reported.total() and not is_cut:
        return "of_another_process"
    return None if said <= reported else "other_totals"


def _totals(text: str) -> tuple[int, int]:
    """How many tests passed and failed, as a runner says."""
    if examples := _EXAMPLES.match(text):
        every, failed, pending = (int(count or 0) for count in examples.groups())
        return every - failed - pending, failed
    if runs := _RUNS.match(text):
        every, *failed, skipped = (int(count) for count in runs.groups())
        return every - sum(failed) - skipped, sum(failed)
    if ran := _RAN.match(text):
        return int(ran[1]), 0
    return _sum(_PASSED, text), _sum(_FAILED, text)


def _sum(pattern: re.Pattern[str], text: str) -> int:
    return sum(int(match[0]) for match in pattern.finditer(text))
